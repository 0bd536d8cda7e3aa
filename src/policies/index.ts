/** Every policy there is, one line each, and their common answer: any deny wins, and no permit means no. */
import type { Ref } from '../fhir/types.ts';
import type { Basis } from './basis.ts';
import { directory } from './directory.ts';
import type { InformationBlockingException } from './exception.ts';
import type { Need } from './need.ts';
import { own } from './own.ts';
import { patientConsent } from './patient-consent.ts';
import type { Disclosure, Obligation, Policy, Showing } from './policy.ts';
import { treatment } from './treatment.ts';

export { restrictionOf } from './patient-consent.ts';
export { REFERRAL_PURPOSE } from './treatment.ts';
export type { Disclosure, Obligation, Policy, Showing, Vote } from './policy.ts';

export const POLICIES: readonly Policy[] = [patientConsent, own, treatment, directory];

interface Decision {
  readonly permitted: boolean;
  /** The policy that decided; `none` when none permitted. */
  readonly policy: string;
  readonly basis: string;
  /** The one basis on which it is told (compliance B34); undefined where it is not, or is about no patient. */
  readonly ground?: Basis;
  /** What would let it be told, once it is on record; empty where it is told, and where nothing would. */
  readonly needs?: readonly Need[];
  /** Under which exception of 45 CFR 171 it is kept back (compliance I1). */
  readonly exception?: InformationBlockingException;
  /** The Consents, Contracts and other resources that decided. */
  readonly deciding?: readonly Ref[];
  /** Which statement of 42 CFR 2.32(a) goes with it. */
  readonly notice?: 1 | 2;
}

const SILENCE: Decision = { permitted: false, policy: 'none', basis: 'no policy permits it' };

/** Whether something may be told. Asked just before it is delivered, with that `now`. */
export function decide(disclosure: Disclosure, policies: readonly Policy[] = POLICIES): Decision {
  const votes = policies.map((policy) => ({ policy, vote: policy.vote(disclosure) }));
  const deciding = votes.find(({ vote }) => vote === 'deny') ?? votes.find(({ vote }) => vote === 'permit');
  if (deciding === undefined) return SILENCE;
  const { policy, vote } = deciding;
  const permitted = vote === 'permit';
  const { name, basis, ground } = policy;
  return { permitted, policy: name, basis, ...(permitted && ground !== undefined && { ground }) };
}

/** What all policies together oblige the server to do to a text; undefined where none of them ever obliges it to anything. */
export function obligationsBy(
  policies: readonly Policy[],
): ((showing: Showing) => readonly Obligation[]) | undefined {
  const obliging = policies.flatMap(({ obliges }) => obliges ?? []);
  return obliging.length === 0 ? undefined : (showing) => obliging.flatMap((obliges) => obliges(showing));
}
