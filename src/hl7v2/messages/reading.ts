/**
 * The reading of a message: its event, its patient and referral, the resources that it makes, and the findings. Reading
 * is pure: the caller hands in ids and looks the referral up.
 */
import type { IssueCode } from '../../fhir/issue.ts';
import type { Appointment, CodeableConcept, Identifier, Patient, Ref } from '../../fhir/types.ts';
import type { State } from '../../referral/state.ts';
import type { Event, Party } from '../../referral/transitions.ts';
import type { Namespaces } from '../mapping/authority.ts';
import type { CodeMaps, Translated } from '../mapping/code-maps.ts';
import type { Placed } from '../mapping/clinician.ts';
import type { Remark } from '../../ports/inbound.ts';

/** The header: known for every message that can be answered. */
export interface MessageHeader {
  /** MSH-9.1 and MSH-9.2, whether or not the server reads the message. */
  readonly message: string;
  /** MSH-10. */
  readonly controlId: string;
  /** MSH-7 as a FHIR dateTime; undefined when it is empty, no time, or too far ahead. */
  readonly sentAt: string | undefined;
  /** MSH-4, MSH-6: an OID, else the namespace; undefined when empty. */
  readonly sendingFacility: string | undefined;
  readonly receivingFacility: string | undefined;
  /** MSH-3. */
  readonly sendingApplication: string | undefined;
  /** MSH-11.1: `P`, `T` or `D`. */
  readonly processingId: string;
  /** MSH-12.1. */
  readonly version: string;
}

/** A person as a message identifies them. */
export interface PatientReading {
  /** PID-3, in order; `system` undefined where the authority could not be made out. */
  readonly identifiers: readonly Identifier[];
  readonly name: { readonly family?: string; readonly given?: readonly string[] };
  readonly birthDate: string | undefined;
  /**
   * The person as the message describes them, without id and custodian; the server stores this when the person is new.
   */
  readonly resource: Patient;
}

/** A note (MDM^T02). */
export interface DocumentReading {
  readonly contentType: string;
  /** Base64, without white space. */
  readonly data: string;
  readonly title: string | undefined;
  /** TXA-12: the sender's own number of the document. */
  readonly identifier: Identifier | undefined;
  readonly type: CodeableConcept | undefined;
  readonly date: string | undefined;
  readonly docStatus: 'final' | 'preliminary' | undefined;
  /** TXA-18: a code of v3 Confidentiality. */
  readonly confidentiality: string | undefined;
  /** Its resources say that it is content of 42 CFR Part 2. */
  readonly isPart2?: boolean;
}

/** The members of every reading. */
interface ReadingBase extends MessageHeader {
  readonly kind: 'reading';
  /** ORC-2, SCH-26 or TXA-14; `system` undefined where the authority could not be made out. */
  readonly referralId: Identifier | undefined;
  /** ORC-3 or SCH-27: the recipient's number of the order. */
  readonly fillerNumber: Identifier | undefined;
  readonly patient: PatientReading | undefined;
  /** The time of the event: ORC-9, else MSH-7. */
  readonly occurredAt: string | undefined;
  /** It came with a statement of 42 CFR 2.32, of any edition: what it tells is content of Part 2. */
  readonly isNoticed?: true;
  /** The result of the link's code maps; undefined when the link has none. */
  readonly codes?: Pick<Translated, 'used' | 'unmapped'>;
  /** Findings in the order of the message. With one of severity `E` the server applies nothing of the message. */
  readonly findings: readonly Remark[];
}

export interface RequestReading extends ReadingBase {
  readonly event: 'send-referral-package';
  /** Patient, Practitioner, PractitionerRole, ServiceRequest and Task; references point to the organizations. */
  readonly resources: readonly Placed[];
}

export type StatusEvent = Exclude<Event, 'send-referral-package' | VisitEvent>;

export interface StatusReading extends ReadingBase {
  readonly event: StatusEvent;
  /** ORC-16: Task.statusReason. */
  readonly reason: CodeableConcept | undefined;
}

export type VisitEvent =
  | 'send-schedule-visit-information'
  | 'send-rescheduled-visit-information'
  | 'send-appointment-cancellation-information'
  | 'send-no-show-information';

export interface VisitReading extends ReadingBase {
  readonly event: VisitEvent;
  /** The visit, without an id; its `identifier` (SCH-2) identifies it. */
  readonly appointment: Appointment;
  /** The clinicians who see the patient (Practitioner, PractitionerRole), when the message identifies them. */
  readonly resources: readonly Placed[];
}

export interface NoteReading extends ReadingBase {
  readonly event: 'note';
  readonly document: DocumentReading | undefined;
  /** The number (TXA-12) of a note that its author takes back, by OBX-11 or TXA-19. */
  readonly withdrawal:
    | { readonly status: 'superseded' | 'entered-in-error'; readonly identifier: Identifier | undefined }
    | undefined;
}

export interface PatientUpdateReading extends ReadingBase {
  readonly event: 'patient-update';
  /** Whether the message merges two patients. */
  readonly merges: boolean;
  /** The identifiers that are merged away (MRG-1). */
  readonly merged: readonly Identifier[];
}

interface SilentReading extends ReadingBase {
  /**
   * `status-ping`: a sign of life (SC/IP). `none`: a status that is none of a referral's, so the server asks a person.
   */
  readonly event: 'status-ping' | 'none';
}

export type MessageReading =
  | RequestReading
  | StatusReading
  | VisitReading
  | NoteReading
  | PatientUpdateReading
  | SilentReading;

/** The members of a reading that only its kind has. */
export type ReadingContent = MessageReading extends infer Each
  ? Each extends MessageReading
    ? Omit<Each, keyof ReadingBase>
    : never
  : never;

/** The reading of a message in which nothing could be read. */
export interface UnreadMessage {
  readonly kind: 'fault';
  readonly issue: Extract<IssueCode, 'message-unreadable' | 'unsupported-message'>;
  readonly header: MessageHeader | undefined;
  readonly findings: readonly Remark[];
}

/** The rules for reading times. */
export interface TimeContext {
  /** The link's zone, for times without an offset. */
  readonly zone: string;
  /** The receipt of the message, milliseconds since 1970; without it no time counts as ahead. */
  readonly receivedAt?: number | undefined;
  /** How far an event may be ahead of the receipt; the server does not believe a time beyond that (rules 7.5). */
  readonly toleranceMs?: number | undefined;
}

/**
 * The context of a reading. All members but `newId`, the clock and `namespaces` are known once the referral is found.
 */
export interface ReadingContext extends TimeContext {
  readonly newId: () => string;
  readonly namespaces: Namespaces;
  /** The organizations that MSH-4 and MSH-6 stand for; without them references use the identifier. */
  readonly sendingOrganization?: Ref | undefined;
  readonly receivingOrganization?: Ref | undefined;
  /** The sender's side in the referral; undefined: the party to which the event belongs. */
  readonly sender?: Party | undefined;
  /** The state of the referral; undefined when the server knows no such referral. */
  readonly state?: State | undefined;
  /** Whether a note of this referral came before (rules 7.4). */
  readonly hasDocument?: boolean;
  /** The maps that translate the codes of the fields. */
  readonly codeMaps?: CodeMaps;
  /** The referral's order and patient, to which new resources refer. */
  readonly request?: Ref | undefined;
  readonly patient?: Ref | undefined;
}
