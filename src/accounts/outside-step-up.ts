/** Step-up at a provider (identity ID-47, RFC 9470): its answer must prove a login just now, with a second factor, of the same person. */
import { refuseStepUp } from '../identity/external-proof.ts';
import { STEP_UP_MS } from '../identity/step-up.ts';
import { auditedCommit } from '../ports/commit.ts';
import type { OutsideLogin } from '../ports/sign-on.ts';
import type { Store } from '../ports/store.ts';
import type { Clock } from '../ports/clock.ts';
import { identityEntry } from './audit.ts';
import type { By } from './changes.ts';
import { findOutsideSession } from './outside-sessions.ts';
import type { KnownProvider } from './providers.ts';
import type { Sessions } from './sessions.ts';

interface StepUpParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly sessions: Pick<Sessions, 'stepUp'>;
}

interface OutsideStepUp {
  readonly provider: KnownProvider;
  readonly login: OutsideLogin;
  /** The public id of the session. */
  readonly session: string;
  readonly by: By;
}

/** @returns the new value of the session's cookie; undefined where the answer does not prove it, which is on record */
export async function stepUpOutside(
  { store, clock, sessions }: StepUpParts,
  { provider, login, session, by }: OutsideStepUp,
): Promise<string | undefined> {
  const outside = await findOutsideSession(store.snapshot(), session);
  const isTheirs =
    outside?.provider === provider.key &&
    outside.issuer === login.issuer &&
    outside.subject === login.subject;
  const why = isTheirs
    ? refuseStepUp(provider.proof, login.proof, clock.now(), STEP_UP_MS)
    : 'another-person';
  if (why === undefined) return (await sessions.stepUp(session, ['mfa'], by))?.cookie;
  const row = identityEntry('step-up', {
    actor: by.agent,
    requestId: by.requestId,
    account: outside?.account,
    session,
    issue: 'sign-on-refused',
    detail: { provider: provider.key, why },
    viewers: provider.organizations,
  });
  await store.commit(auditedCommit([row]));
  return undefined;
}
