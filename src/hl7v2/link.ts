/**
 * A link: one peer of the HL7 v2 rail, and who may speak on it (rules 7.1). It is recognised by its port together with a
 * certificate or an address; what it says of itself (MSH-4) must be on its list.
 */
import type { Ref } from '../fhir/types.ts';
import type { Charset } from './charset.ts';
import type { Namespaces } from './mapping/authority.ts';

/** An organization by the facility that messages name it by. */
export interface Facility {
  /** MSH-4 or MSH-6: an OID (HD.2 with HD.3 `ISO`), else the namespace (HD.1). */
  readonly facility: string;
  readonly organization: Ref;
}

export interface Link {
  readonly name: string;
  /** Permitted MSH-4: the organizations that the peer speaks for. */
  readonly senders: readonly Facility[];
  /** Permitted MSH-6: the organizations here that it may address. */
  readonly receivers: readonly Facility[];
  /** Who is meant when MSH-6 is empty; without it such a message is a work item. */
  readonly defaultReceiver: Ref | undefined;
  /** Assigning authorities (OIDs) whose patient identifiers may match a known Patient (rules 7.6). */
  readonly authorities: readonly string[];
  /** IANA name or offset for times without a zone; a reading says where it was used. */
  readonly zone: string;
  /** `asAsked`: by MSH-15/16 (both empty: original mode). `always`: an acknowledgment whatever they say. */
  readonly acknowledge: 'asAsked' | 'always';
  /** What MSA-1 says of a message that became a work item: it is ours now (AA), or the engine shall stop (AE). */
  readonly workItemAcknowledged: 'AA' | 'AE';
  /** Where a note (MDM^T02) carries the referral ID. */
  readonly noteReferralField: 'ORC-2' | 'TXA-14';
  /** How a decline is sent (360X open point A2). */
  readonly declineOrderControl: 'UA' | 'OC';
  /** Written counts as sent: no acknowledgment is waited for (NE/NE links). */
  readonly unacknowledged: boolean;
  /** MSH-11 that is taken: production, unless test or debugging is meant to come here. What we send bears the first. */
  readonly processingIds: readonly ProcessingId[];
  /** MSH-12 that is taken. */
  readonly versions: readonly string[];
  /** Messages that are acknowledged and not stored: an event (`ADT^A04`), or a type, for its events that are not read here. */
  readonly ignore: readonly string[];
  /** What names stand for that messages give instead of an OID (HD.1: `R1^EPIC`): name → system. */
  readonly namespaces: Namespaces;
  /** The character set of messages without MSH-18. */
  readonly charset: Charset;
  /** Which ConceptMap translates the codes of a field (`OBR-31`): field → canonical. */
  readonly codeMaps: Readonly<Record<string, string>>;
}

/** HL7 table 0103: debugging, production, training. */
type ProcessingId = 'D' | 'P' | 'T';

/** HL7 table 0104, from where segments have been what they are read as. */
const VERSIONS: readonly string[] = [
  '2.3',
  '2.3.1',
  '2.4',
  '2.5',
  '2.5.1',
  '2.6',
  '2.7',
  '2.7.1',
  '2.8',
  '2.8.1',
  '2.8.2',
  '2.9',
  '2.9.1',
];

/** What a link is unless its settings say otherwise. */
export const LINK_DEFAULTS = {
  defaultReceiver: undefined,
  authorities: [],
  zone: 'Z',
  acknowledge: 'asAsked',
  workItemAcknowledged: 'AA',
  noteReferralField: 'ORC-2',
  declineOrderControl: 'UA',
  unacknowledged: false,
  processingIds: ['P'],
  versions: VERSIONS,
  ignore: ['ADT'],
  namespaces: {},
  charset: 'UNICODE UTF-8',
  codeMaps: {},
} as const satisfies Partial<Link>;
