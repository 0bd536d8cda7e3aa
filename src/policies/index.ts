/** Every policy there is, one line each, and their common answer: any deny wins, and no permit means no. */
import { directory } from './directory.ts';
import { patientConsent } from './patient-consent.ts';
import type { Disclosure, Policy } from './policy.ts';
import { treatment } from './treatment.ts';

export { restrictionOf } from './patient-consent.ts';
export { REFERRAL_PURPOSE } from './treatment.ts';
export type { Disclosure, Policy, Purpose, Vote } from './policy.ts';

export const POLICIES: readonly Policy[] = [patientConsent, treatment, directory];

interface Decision {
  readonly permitted: boolean;
  /** The policy that decided; `none` when none permitted. */
  readonly policy: string;
  readonly basis: string;
}

const SILENCE: Decision = { permitted: false, policy: 'none', basis: 'no policy permits it' };

/** Whether something may be told. Asked when a change is addressed, and again when it is delivered, with that `now`. */
export function decide(disclosure: Disclosure, policies: readonly Policy[] = POLICIES): Decision {
  const votes = policies.map((policy) => ({ policy, vote: policy.vote(disclosure) }));
  const deciding = votes.find(({ vote }) => vote === 'deny') ?? votes.find(({ vote }) => vote === 'permit');
  if (deciding === undefined) return SILENCE;
  const { policy, vote } = deciding;
  return { permitted: vote === 'permit', policy: policy.name, basis: policy.basis };
}
