/**
 * What patients deny and permit, as the store keeps it: beside reach, and changed by the commit that changes it. A denial
 * takes from an organization's sight what its referrals would reach; so does a guard (policies/guards), unless a permit
 * covers.
 */
import type { Ref } from '../fhir/types.ts';
import type { ConsentAbout } from '../policies/consent/elements.ts';
import type { Permit } from '../policies/consent/permit.ts';
import type { PartyKind } from '../policies/party-kind.ts';
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

/** What a Consent permits of guarded content. */
export interface PermitGrant extends Pick<Denial, 'actors' | 'foundBy'> {
  readonly permit: Permit;
  /** What was known of those whom the Consent names when it was read. */
  readonly about: ConsentAbout;
}

/** Replaces what a Consent denies and permits; what is missing it does not. */
export interface DenialWrite {
  /** Consent/id. */
  readonly source: Ref;
  readonly denial: Denial | undefined;
  readonly grant?: PermitGrant | undefined;
}

/** What a party is in the eyes of the law (compliance D1): an organization, or a unit of one that is a program (P1). */
export interface KindWrite {
  readonly party: Ref;
  /** Undefined: a provider and nothing else, as nearly all are. */
  readonly kinds: readonly PartyKind[] | undefined;
}

/** What a snapshot says of denials beside sight; as of now, whatever its `seq`. */
export interface DenialReading<Version> {
  /**
   * The newest version that the sight's organization received of what a denial withholds from it: by an accepted delivery or
   * an audited request. Undefined where nothing is withheld, or nothing was received.
   */
  received(ref: Ref, sight: Sight): Promise<Version | undefined>;
  /**
   * Whether a denial in force withholds something about this patient that a referral of the organization reaches. What a
   * quiet guard withholds does not count.
   */
  isDenied(patient: Ref, organization: Ref): Promise<boolean>;
  /** The Consents that deny or permit something by parties that were found by one of these ({@link Denial.foundBy}). */
  denialsFoundBy(names: readonly string[]): Promise<readonly Ref[]>;
  /** What the Consents about a patient permit of guarded content, in force or not. */
  permitsOf(patient: Ref): Promise<readonly Permit[]>;
  /** Whether any party is something else than a provider. */
  hasKinds(): Promise<boolean>;
  /** The kinds of a party that is something else than a provider. */
  kindsOf(party: Ref): Promise<readonly PartyKind[] | undefined>;
}
