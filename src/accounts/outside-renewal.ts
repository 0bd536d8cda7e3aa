/**
 * Asks providers again (identity ID-46): a person or a role that is taken away there is gone here within ten minutes. A provider
 * that cannot be asked is believed for an hour after its last answer.
 */
import { judgeOutsideSession, readGrants } from '../identity/external.ts';
import type { Seal } from '../identity/seal.ts';
import { sessionEnd } from '../identity/session.ts';
import { SERVER_AGENT } from '../ports/audit.ts';
import type { Clock } from '../ports/clock.ts';
import { auditedCommit } from '../ports/commit.ts';
import { OutsideRefused, type OutsideLogin, type OutsideProviders } from '../ports/sign-on.ts';
import type { Store } from '../ports/store.ts';
import { identityEntry } from './audit.ts';
import { commitUnlessChanged, type By } from './changes.ts';
import { grantMemberships } from './outside-grants.ts';
import {
  listOutsideSessions,
  openTokens,
  outsideSessionWrite,
  type KnownOutsideSession,
} from './outside-sessions.ts';
import { accessTo, findProvider, type KnownProvider } from './providers.ts';
import type { Sessions } from './sessions.ts';

export interface RenewalParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly sessions: Pick<Sessions, 'end' | 'get'>;
  readonly providers: Pick<OutsideProviders, 'refresh'>;
  readonly seal: () => Promise<Seal | undefined>;
}

/** Sessions that are asked about at once. */
const AT_ONCE = 4;

const BY: By = { agent: SERVER_AGENT, requestId: 'job-outside-sessions' };

/** One look at every session from outside. */
export async function renewOutsideSessions(parts: RenewalParts, signal: AbortSignal): Promise<void> {
  const due = (await listOutsideSessions(parts.store.snapshot())).filter(
    (session) => judgeOutsideSession(session, parts.clock.now()) !== 'lasts',
  );
  const next = due.values();
  // One that does not answer is not asked about everybody: the others have their turn.
  const silent = new Set<string>();
  const work = async (): Promise<void> => {
    for (const session of next) {
      if (signal.aborted) return;
      const isOver = judgeOutsideSession(session, parts.clock.now()) === 'ends';
      if (silent.has(session.provider) && !isOver) continue;
      if ((await renew(parts, session)) === 'silent') silent.add(session.provider);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function renew(parts: RenewalParts, session: KnownOutsideSession): Promise<'silent' | 'answered'> {
  const verdict = judgeOutsideSession(session, parts.clock.now());
  const provider = await findProvider(parts.store.snapshot(), session.provider);
  if (verdict === 'ends' || provider?.status !== 'active') {
    await parts.sessions.end(session.id, BY);
    return 'answered';
  }
  const seal = await parts.seal();
  const refreshToken = openTokens(session, seal)?.refreshToken;
  try {
    if (refreshToken === undefined) throw new OutsideRefused('unreachable', 'its tokens do not open');
    const login = await parts.providers.refresh(accessTo(provider, seal), refreshToken, session.subject);
    await keep(parts, { session, provider, login, seal });
  } catch (error) {
    if (!(error instanceof OutsideRefused)) throw error;
    if (error.refusal === 'unreachable') return 'silent';
    await parts.sessions.end(session.id, BY);
  }
  return 'answered';
}

interface Renewed {
  readonly session: KnownOutsideSession;
  readonly provider: KnownProvider;
  readonly login: OutsideLogin;
  readonly seal: Seal | undefined;
}

/** The roles as they are now, and the next refresh token. Nobody without a role stays in. */
async function keep(parts: RenewalParts, { session, provider, login, seal }: Renewed): Promise<void> {
  const { id, version, account } = session;
  const snapshot = parts.store.snapshot();
  const now = parts.clock.now();
  const found = await parts.sessions.get(id);
  if (found === undefined) return;
  const grants = readGrants(provider, login.claims);
  const granted = await grantMemberships(snapshot, provider, { account, grants, by: BY, now });
  const { idToken, refreshToken, accessToken } = login.tokens;
  const before = openTokens(session, seal);
  const tokens = {
    idToken,
    refreshToken: refreshToken ?? before?.refreshToken,
    ...(before?.launch !== undefined && { launch: before.launch, accessToken }),
  };
  const { provider: key, issuer, subject, there, startedAt } = session;
  const kept = { account, provider: key, issuer, subject, there, startedAt, askedAt: now };
  const record = outsideSessionWrite(id, kept, tokens, {
    seal,
    expect: version,
    expiresAt: sessionEnd(found.session),
  });
  const row = identityEntry('session-changed', {
    actor: BY.agent,
    requestId: BY.requestId,
    account,
    session: id,
    detail: { provider: key, state: 'confirmed' },
  });
  const commit = auditedCommit([row, ...granted.audit], { records: [record, ...granted.records] });
  await commitUnlessChanged(parts.store, commit);
  if (provider.rules.length > 0 && grants.kind === 'refused') await parts.sessions.end(id, BY);
}
