/**
 * What patients deny, as the store keeps it: beside reach, and changed by the commit that changes it. A denial takes from an
 * organization's sight what its referrals would reach.
 */
import type { Ref } from '../fhir/types.ts';
import type { Restriction } from '../policies/restriction.ts';
import type { Sight } from './query.ts';

export interface Denial {
  /** Patient/id: it restricts what is about this patient, and what is reached through that alone. */
  readonly patient: Ref;
  /** Restricts what this organization keeps; undefined: what anybody keeps. */
  readonly keeper?: Ref;
  readonly restriction: Restriction;
  /** The party of each actor that a Consent names, by its reference, as it was found. */
  readonly actors: Readonly<Record<string, Ref>>;
  /** What the parties were found by (references, `kind system|value` of records): when one changes, they are found again. */
  readonly foundBy: readonly string[];
}

/** Replaces what a Consent denies; without a denial it denies nothing. */
export interface DenialWrite {
  /** Consent/id. */
  readonly source: Ref;
  readonly denial: Denial | undefined;
}

/** What a snapshot says of denials beside sight; as of now, whatever its `seq`. */
export interface DenialReading<Version> {
  /**
   * The newest version that the sight's organization received of what a denial withholds from it: by an accepted delivery or
   * an audited request. Undefined where nothing is withheld, or nothing was received.
   */
  received(ref: Ref, sight: Sight): Promise<Version | undefined>;
  /** Whether a denial in force withholds something about this patient that a referral of the organization reaches. */
  isDenied(patient: Ref, organization: Ref): Promise<boolean>;
  /** The Consents that deny something to parties that were found by one of these ({@link Denial.foundBy}). */
  denialsFoundBy(names: readonly string[]): Promise<readonly Ref[]>;
}
