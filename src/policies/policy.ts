/** What a policy is: a rule about telling somebody something, with its legal basis, that sees one disclosure and votes. */
import type { Coding, Ref, Resource } from '../fhir/types.ts';
import type { Basis } from './basis.ts';
import type { PartyKind } from './party-kind.ts';
import type { Purpose } from './purpose.ts';

/** Telling an organization something that another one keeps. Asked where `to` is not `from`. */
export interface Disclosure {
  readonly what: { readonly type: string; readonly ref: Ref };
  readonly from: Ref;
  readonly to: Ref;
  /** What the two are in the eyes of the law (compliance D1). */
  readonly discloserKinds: ReadonlySet<PartyKind>;
  readonly recipientKinds: ReadonlySet<PartyKind>;
  /** The two are one legal entity (compliance D2). */
  readonly sameEntity: boolean;
  /** Whom it is about; undefined for what is about no patient. */
  readonly patient: Ref | undefined;
  /** The Consents about the patient that count: those of `from`, and the patient's own. */
  readonly consents: readonly Resource[];
  /**
   * The organizations that the actors named in those Consents stand for, by their reference as written. An actor that
   * is no Organization and is missing here may stand for any.
   */
  readonly consentActors?: ReadonlyMap<string, Ref>;
  /** Executed Contracts that name both organizations. */
  readonly agreements: readonly Resource[];
  /** The receiver is a party of the referral that this belongs to. */
  readonly parties: boolean;
  /** The basis that the referral claims (compliance D3); undefined: none, or there is no referral. */
  readonly claimed: Basis | undefined;
  /** What for (compliance D4). */
  readonly purpose: Purpose;
  /** Milliseconds since 1970, UTC. */
  readonly now: number;
}

export type Vote = 'permit' | 'deny' | 'abstain';

export interface Policy {
  /** Goes into the audit event of what it decided. */
  readonly name: string;
  /** The law or the specification that it follows, with its paragraph. */
  readonly basis: string;
  /** The basis on which it permits (compliance 4); absent where what it permits is about no patient. */
  readonly ground?: Basis;
  readonly vote: (disclosure: Disclosure) => Vote;
  /** What must be done to a text before it is shown; absent: nothing. */
  readonly obliges?: (showing: Showing) => readonly Obligation[];
}

/** A stored text that an organization is about to be shown, in an answer or by a delivery, and that it does not keep. */
export interface Showing {
  readonly what: { readonly type: string; readonly ref: Ref };
  /** Who keeps it; undefined in the reply to a write, which shows what its writer sent. */
  readonly from: Ref | undefined;
  readonly to: Ref;
  readonly purpose: Purpose;
  readonly content: Resource;
}

/** A security label to be added to what is shown (`meta.security`); the stored text stays as it is. */
export interface Obligation {
  readonly kind: 'label';
  readonly label: Coding;
}
