/** What proving and enrolling of factors work with, and what both say. */
import type { Ref } from '../fhir/types.ts';
import type { Amr } from '../identity/assurance.ts';
import type { RandomBytes, Seal } from '../identity/seal.ts';
import type { Clock } from '../ports/clock.ts';
import type { Snapshot, Store } from '../ports/store.ts';
import { membershipsInForce } from './accounts.ts';
import type { createChallenges } from './challenges.ts';
import type { By } from './changes.ts';
import type { createDevices } from './devices.ts';
import { BUSY, type createHashing } from './hashing.ts';
import type { PasskeySite } from './passkeys.ts';
import type { Guess, GuessRefused, Throttling } from './throttling.ts';

export interface FactorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Undefined: the key of the store is missing; one-time passwords do not work then, passwords and passkeys do. */
  readonly seal: () => Promise<Seal | undefined>;
  readonly hashing: ReturnType<typeof createHashing>;
  readonly throttling: Throttling;
  readonly devices: ReturnType<typeof createDevices>;
  readonly challenges: ReturnType<typeof createChallenges>;
  /** Whether the SHA-1 of a password, in hexadecimal, was found in a breach. */
  readonly isBreached: (sha1: string) => Promise<boolean>;
  readonly passwordLengthMin: number;
  readonly site: PasskeySite;
}

/** Who tries, and from where. */
export interface FactorAttempt {
  /** The value of the device's cookie. */
  readonly device: string | undefined;
  readonly address: string | undefined;
  readonly requestId: string;
  /** The public id of the session within which it happens. */
  readonly session?: string | undefined;
}

export interface FactorRefusal {
  readonly ok: false;
  readonly code: FactorRefusalCode;
  /** Seconds. */
  readonly retryAfter?: number;
  /** A sentence for the person. */
  readonly says?: string;
}

type FactorRefusalCode =
  | 'login-wrong'
  | 'code-wrong'
  | 'codes-wrong'
  | 'passkey-wrong'
  | 'password-refused'
  | 'too-many-attempts'
  | 'factor-closed'
  | 'last-factor'
  | 'factor-unknown'
  | 'changed-meanwhile'
  | 'unavailable'
  | 'busy';

export interface ProvenFactor {
  readonly ok: true;
  /** The id of the account. */
  readonly account: string;
  readonly ways: readonly Amr[];
  /** The password is changed before anything else. */
  readonly mustChange?: 'compromised' | 'breached';
  /** Recovery codes that are left, where one was used. */
  readonly codesLeft?: number;
}

/** A refusal of a factor; `retryAfter` in seconds. */
export const refusal = (
  code: FactorRefusalCode,
  more: Pick<FactorRefusal, 'retryAfter' | 'says'> = {},
): FactorRefusal => ({ ok: false, code, ...more });

/** What a person is told about a guess that did not count. */
export function refusedGuess({ code, retryAfter }: GuessRefused, wrong: FactorRefusalCode): FactorRefusal {
  if (code === 'busy') return refusal('busy', { retryAfter: BUSY.retryAfter });
  if (code === 'closed') return refusal('factor-closed');
  return code === 'wait'
    ? refusal('too-many-attempts', retryAfter === undefined ? {} : { retryAfter })
    : refusal(wrong);
}

/** The agent of what a person does before, or while, it is known who it is. */
export const byAttempt = (
  account: string | undefined,
  { address, requestId, session }: FactorAttempt,
): By => ({
  agent: {
    organization: '',
    client: 'closeloop',
    subject: account ?? '',
    ...(address !== undefined && { address }),
    ...(session !== undefined && { session }),
  },
  requestId,
});

/** A guess at a factor of an account, as the throttle counts it. */
export async function guessAt(
  { store, devices, clock }: FactorParts,
  factor: string,
  account: string,
  attempt: FactorAttempt,
): Promise<Guess> {
  const device = await devices.known(attempt.device, account);
  return {
    factor,
    subject: account,
    account,
    device: device?.key,
    address: attempt.address,
    by: byAttempt(account, attempt),
    viewers: await organizationsAround(store.snapshot(), account, clock.now()),
  };
}

/** The organizations that the account is a member of: they see what becomes of its factors. */
export const organizationsAround = async (
  snapshot: Pick<Snapshot, 'record' | 'records'>,
  account: string,
  now: number,
): Promise<readonly Ref[]> =>
  (await membershipsInForce(snapshot, account, now)).map(({ organization }) => organization);
