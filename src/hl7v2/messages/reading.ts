/**
 * What a message means: the event it tells of, whom and which referral it is about, and the resources it makes; with what
 * had to be said about it. Pure: ids are handed in, and whoever reads looks the referral up.
 */
import type { IssueCode } from '../../fhir/issue.ts';
import type { Appointment, CodeableConcept, Identifier, Patient, Ref } from '../../fhir/types.ts';
import type { State } from '../../referral/state.ts';
import type { Event, Party } from '../../referral/transitions.ts';
import type { Namespaces } from '../mapping/authority.ts';
import type { CodeMaps, Translated } from '../mapping/code-maps.ts';
import type { Placed } from '../mapping/clinician.ts';
import type { Remark } from '../received.ts';

/** MSH-9.1 and MSH-9.2 of what is read. */
export type MessageName =
  | 'OMG^O19'
  | 'ORM^O01'
  | 'REF^I12'
  | 'OSU^O51'
  | `SIU^S${12 | 13 | 14 | 15 | 16 | 17 | 26}`
  | 'MDM^T02'
  | `ADT^A${'08' | '31' | '40'}`;

/** Of MSH: what is known of every message that can be answered. */
export interface Header {
  /** MSH-9.1 and MSH-9.2, whether read here or not. */
  readonly message: string;
  /** MSH-10. */
  readonly controlId: string;
  /** MSH-7 as a FHIR dateTime; undefined when it is empty, no time, or not to be believed. */
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
  /** Without id and custodian: what the message says, as it would be stored if the person is new. */
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
}

/** What every reading has. */
export interface About extends Header {
  readonly kind: 'reading';
  /** ORC-2, SCH-26 or TXA-14; `system` undefined where the authority could not be made out. */
  readonly referralId: Identifier | undefined;
  /** ORC-3, SCH-27: the recipient's number of the order. */
  readonly fillerNumber: Identifier | undefined;
  readonly patient: PatientReading | undefined;
  /** ORC-9, else MSH-7: when it happened. */
  readonly occurredAt: string | undefined;
  /** What the link's maps made of its codes; undefined when it has none. */
  readonly codes?: Pick<Translated, 'used' | 'unmapped'>;
  /** In the order of the message. With one of severity `E` nothing of the message is applied. */
  readonly findings: readonly Remark[];
}

export interface RequestReading extends About {
  readonly event: 'send-referral-package';
  /** Patient, Practitioner, PractitionerRole, ServiceRequest and Task; the organizations are referred to. */
  readonly resources: readonly Placed[];
}

export type StatusEvent = Exclude<Event, 'send-referral-package' | VisitEvent>;

export interface StatusReading extends About {
  readonly event: StatusEvent;
  /** ORC-16: Task.statusReason. */
  readonly reason: CodeableConcept | undefined;
}

export type VisitEvent =
  | 'send-schedule-visit-information'
  | 'send-rescheduled-visit-information'
  | 'send-appointment-cancellation-information'
  | 'send-no-show-information';

export interface VisitReading extends About {
  readonly event: VisitEvent;
  /** Without id; its `identifier` (SCH-2) says which visit it is. */
  readonly appointment: Appointment;
  /** Who is seen (Practitioner, PractitionerRole), where the message identifies them. */
  readonly resources: readonly Placed[];
}

export interface NoteReading extends About {
  readonly event: 'note';
  readonly document: DocumentReading | undefined;
  /** Its author takes back the note of this number (TXA-12): OBX-11 or TXA-19 says so. */
  readonly withdrawal:
    | { readonly status: 'superseded' | 'entered-in-error'; readonly identifier: Identifier | undefined }
    | undefined;
}

export interface PatientUpdateReading extends About {
  readonly event: 'patient-update';
  /** ADT^A40: the identifier that is merged away (MRG-1). */
  readonly merged: readonly Identifier[];
}

interface SilentReading extends About {
  /** `status-ping`: a sign of life (SC/IP). `none`: a status that is none of a referral's; a person is asked. */
  readonly event: 'status-ping' | 'none';
}

export type Reading =
  | RequestReading
  | StatusReading
  | VisitReading
  | NoteReading
  | PatientUpdateReading
  | SilentReading;

/** A message that says nothing we could read. */
export interface Fault {
  readonly kind: 'fault';
  readonly issue: Extract<IssueCode, 'message-unreadable' | 'unsupported-message'>;
  readonly header: Header | undefined;
  readonly findings: readonly Remark[];
}

/** How times are read. */
export interface Clock {
  /** The link's: for times without an offset. */
  readonly zone: string;
  /** When the message was received, milliseconds since 1970; without it no time is ahead. */
  readonly receivedAt?: number | undefined;
  /** How far what happened may be ahead of that; beyond it the time is not believed (rules 7.5). */
  readonly toleranceMs?: number | undefined;
}

/** What the reader is told. All but `newId`, the clock and `namespaces` is known once the referral is found. */
export interface ReadingContext extends Clock {
  readonly newId: () => string;
  readonly namespaces: Namespaces;
  /** The organizations that MSH-4 and MSH-6 stand for; without them they are referred to by identifier. */
  readonly sendingOrganization?: Ref | undefined;
  readonly receivingOrganization?: Ref | undefined;
  /** Which party of the referral sent it; undefined: the one that its event belongs to. */
  readonly sender?: Party | undefined;
  /** The state the referral is in; undefined: no such referral is known. */
  readonly state?: State | undefined;
  /** A note of this referral came before it (rules 7.4). */
  readonly hasDocument?: boolean;
  /** What translates the codes of its fields. */
  readonly codeMaps?: CodeMaps;
  /** The referral's order and patient, for what refers to them. */
  readonly request?: Ref | undefined;
  readonly patient?: Ref | undefined;
}
