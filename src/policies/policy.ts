/** What a policy is: a rule about telling somebody something, with its law, that sees one disclosure and votes. */
import type { Coding, Ref, Resource } from '../fhir/types.ts';
import type { IssueCode } from '../fhir/issue.ts';
import type { PairStanding } from '../agreements/pair.ts';
import type { Basis } from './basis.ts';
import type { ClaimEvidence, LackingPiece } from './claim.ts';
import type { Permit } from './consent/permit.ts';
import type { DeniedBy, InformationBlockingException } from './exception.ts';
import type { ContentFacts } from './facts.ts';
import type { Need } from './need.ts';
import type { PartyKind } from './party-kind.ts';
import type { Purpose } from './purpose.ts';

/** Telling an organization something that another one keeps. Asked where `to` is not `from`. */
export interface Disclosure {
  readonly what: {
    readonly type: string;
    readonly ref: Ref;
    /** When its first version was made, in milliseconds since 1970, where a Consent asks; undefined: not known. */
    readonly created?: number;
  };
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
  /** It holds protected health information; false for a message that is known to hold none (baa-messaging BA10, MS20). */
  readonly phi: boolean;
  /** What stands between the two, where an agreement has to (baa-messaging BA4); undefined: none is asked for. */
  readonly agreement: (PairStanding & { readonly qualified?: boolean }) | undefined;
  /** An administrator says that the two take part in one organized health care arrangement (45 CFR 160.103). */
  readonly sameArrangement: boolean;
  /** The receiver is a party of the referral that this belongs to. */
  readonly parties: boolean;
  /** The two share a referral to which this belongs (baa-messaging 4). */
  readonly shared: boolean;
  /** What the content is, by its labels (compliance D5). */
  readonly facts: ContentFacts;
  /** The organizations whose words it holds, of content of Part 2, as far as they are known. */
  readonly sources: ReadonlySet<Ref>;
  /** What Consents about the patient permit. */
  readonly permits: readonly Permit[];
  /** The basis that the discloser's referral claims (compliance D3); undefined: none, or there is no referral. */
  readonly claimed: Basis | undefined;
  /** What the claim rests on. */
  readonly evidence: ClaimEvidence;
  /** The referral is for a service that has to do with health, as a prevention programme or help with social needs. */
  readonly healthRelated: boolean;
  /** The setting: a community organization is told with the patient's authorization alone (compliance B03). */
  readonly communityNeedsAuthorization: boolean;
  /** What for (compliance D4). */
  readonly purpose: Purpose;
  /** Milliseconds since 1970, UTC. */
  readonly now: number;
}

export type Vote = 'permit' | 'deny' | 'abstain';

/** A denial in the words of a refusal. */
export interface Refusing {
  readonly code: IssueCode;
  /** Whose wish it is, where the code does not say it. */
  readonly by?: DeniedBy;
  /** The exception, where it is not the one of the code (compliance I5). */
  readonly exception?: InformationBlockingException;
  /** What would let it be told, once it is on record. */
  readonly needs?: readonly Need[];
  /** What the claim lacks. */
  readonly lacks?: readonly LackingPiece[];
  /** The Consents and other resources that decided. */
  readonly deciding?: readonly Ref[];
  /** What stands between the two instead of an agreement in force. */
  readonly agreement?: PairStanding;
}

export interface Policy {
  /** Goes into the audit event of what it decided. */
  readonly name: string;
  /** The law or the specification that it follows, with its paragraph. */
  readonly law: string;
  /** The basis on which it permits (compliance 4); absent where what it permits is about no patient. */
  readonly basis?: Basis;
  readonly vote: (disclosure: Disclosure) => Vote;
  /** Whom it stops, in a few words; absent: nobody, it only permits. */
  readonly stops?: string;
  /** Why it denies, and what would let it be told; absent: the organization's own wish. */
  readonly refuses?: (disclosure: Disclosure) => Refusing;
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
