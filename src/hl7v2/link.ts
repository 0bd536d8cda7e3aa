/**
 * A link: one peer of the HL7 v2 rail, and the facilities that may speak on it (rules 7.1). The server recognises the
 * peer by the port together with a certificate or an address; MSH-4 must be on the link's list.
 */
import type { Ref } from '../fhir/types.ts';
import type { Charset } from './charset.ts';
import type { Namespaces } from './mapping/authority.ts';

/** An organization and the facility by which messages name it. */
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
  /** The recipient when MSH-6 is empty; without it the server makes a work item of such a message. */
  readonly defaultReceiver: Ref | undefined;
  /** Assigning authorities (OIDs) whose patient identifiers may match a known Patient (rules 7.6). */
  readonly authorities: readonly string[];
  /** IANA name or offset for times without a zone; the reading of a message says where it was used. */
  readonly zone: string;
  /**
   * `asAsked`: acknowledge as MSH-15 and MSH-16 ask (both empty: original mode). `always`: acknowledge whatever they
   * say.
   */
  readonly acknowledge: 'asAsked' | 'always';
  /** MSA-1 for a message that became a work item: AA because it is ours now, or AE so that the engine stops. */
  readonly workItemAcknowledged: 'AA' | 'AE';
  /** The field in which a note (MDM^T02) carries the referral ID. */
  readonly noteReferralField: 'ORC-2' | 'TXA-14';
  /** ORC-1 of a decline that the server sends (360X open point A2). */
  readonly declineOrderControl: 'UA' | 'OC';
  /** Whether a written message counts as sent: the server waits for no acknowledgment (NE/NE links). */
  readonly unacknowledged: boolean;
  /**
   * The MSH-11 that the link takes: production, unless test or debugging messages are meant to come here. The server
   * sends the first one.
   */
  readonly processingIds: readonly ProcessingId[];
  /** The MSH-12 that the link takes. */
  readonly versions: readonly string[];
  /**
   * Messages that the server acknowledges and does not store: an event (`ADT^A04`), or a type, for those of its events
   * that the server does not read.
   */
  readonly ignore: readonly string[];
  /** The systems for the names that messages give instead of an OID (HD.1: `R1^EPIC`): name → system. */
  readonly namespaces: Namespaces;
  /** The character set of messages without MSH-18. */
  readonly charset: Charset;
  /** The ConceptMap that translates the codes of a field (`OBR-31`): field → canonical. */
  readonly codeMaps: Readonly<Record<string, string>>;
}

/** HL7 table 0103: debugging, production, training. */
type ProcessingId = 'D' | 'P' | 'T';

/** HL7 table 0104, from the version on in which the segments are what the server reads. */
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

/** The defaults of a link's settings. */
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
