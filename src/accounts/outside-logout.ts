/** Log-offs (identity ID-48): those that a provider tells of end the sessions here; ours may go on to the provider's page. */
import { hash } from 'node:crypto';
import { judgeLogoutToken } from '../identity/logout-token.ts';
import { auditedCommit } from '../ports/commit.ts';
import { OutsideRefused, type OutsideLogout, type OutsideProviders } from '../ports/sign-on.ts';
import { identityEntry } from './audit.ts';
import { commitUnlessChanged, type By } from './changes.ts';
import { findOutsideSession, openTokens, sessionsLoggedOff } from './outside-sessions.ts';
import type { RenewalParts } from './outside-renewal.ts';
import { accessTo, findProvider, type KnownProvider } from './providers.ts';

/**
 * Ends the sessions that a logout token names. A token is taken once; ending what has ended already harms nothing, so the
 * sessions end before the token is remembered.
 *
 * @returns how many sessions ended
 * @throws OutsideRefused `invalid`: the token is none, or was taken before
 */
export async function endLoggedOff(
  { store, clock, sessions }: Pick<RenewalParts, 'store' | 'clock' | 'sessions'>,
  provider: KnownProvider,
  { type, claims }: OutsideLogout,
  by: By,
): Promise<number> {
  const { issuer, key } = provider;
  const judged = judgeLogoutToken(type, claims, provider, clock.now());
  if ('fault' in judged) throw new OutsideRefused('invalid', `logout token: ${judged.fault}`);
  const record = {
    kind: 'replay',
    key: hash('sha256', JSON.stringify(['logout', issuer, judged.tokenId]), 'base64url'),
  };
  const snapshot = store.snapshot();
  if ((await snapshot.record(record.kind, record.key)) !== undefined) throw taken();
  const ended = await sessionsLoggedOff(snapshot, provider, judged);
  for (const { id } of ended) await sessions.end(id, by);
  const row = identityEntry('logout', {
    actor: by.agent,
    requestId: by.requestId,
    detail: { provider: key, sessions: String(ended.length) },
    viewers: provider.organizations,
  });
  const write = { ...record, expect: 'absent', body: {}, expiresAt: judged.rememberUntil } as const;
  if (!(await commitUnlessChanged(store, auditedCommit([row], { records: [write] })))) throw taken();
  return ended.length;
}

const taken = (): OutsideRefused => new OutsideRefused('invalid', 'logout token: taken before');

/**
 * The page of the provider where a log-off here goes on; undefined where there is none, or the provider's record does not ask
 * for it. To be asked before the session ends.
 */
export async function logoutElsewhere(
  {
    store,
    providers,
    seal,
  }: Pick<RenewalParts, 'store' | 'seal'> & {
    readonly providers: Pick<OutsideProviders, 'logoutAddress'>;
  },
  session: string,
  back: string,
): Promise<string | undefined> {
  const snapshot = store.snapshot();
  const outside = await findOutsideSession(snapshot, session);
  const provider = outside && (await findProvider(snapshot, outside.provider));
  if (outside === undefined || provider?.endsSessionThere !== true) return undefined;
  const key = await seal();
  try {
    const idToken = openTokens(outside, key)?.idToken ?? '';
    return idToken === '' ? undefined : await providers.logoutAddress(accessTo(provider, key), idToken, back);
  } catch (error) {
    if (error instanceof OutsideRefused) return undefined;
    throw error;
  }
}
