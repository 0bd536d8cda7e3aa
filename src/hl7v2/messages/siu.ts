/**
 * SIU^S12, S13, S15, S26: a visit is booked, moved, called off or missed (360X PCC-60, PCC-61) ⇄ Appointment. TQ1-7 and
 * TQ1-8 are the slot; SCH-2 is the visit's number for its life, SCH-26 the referral id. The server reads S14, S16 and
 * S17 like S13 and S15.
 */
import { systemOfOid } from '../../fhir/identifier.ts';
import type { Appointment, CodeableConcept, Identifier, Reference } from '../../fhir/types.ts';
import { transactionOf } from '../../referral/transactions.ts';
import type { SegmentValues } from '../build.ts';
import type { Cwe } from '../datatypes.ts';
import { fillerStatusOf, UNIT_SECONDS } from '../mapping/codes.ts';
import type { Placed } from '../mapping/clinician.ts';
import { readConcept, writeConcept } from '../mapping/concept.ts';
import { readEntityIdentifier, writeNumber } from '../mapping/identity.ts';
import { addTo, writeDateTime } from '../mapping/moment.ts';
import { filled, some } from '../mapping/plain.ts';
import type { Message } from '../message.ts';
import { buildAil } from '../segments/ail.ts';
import { buildAip, readAip, type Aip } from '../segments/aip.ts';
import { buildRgs } from '../segments/rgs.ts';
import { buildSch, readSch, type Sch } from '../segments/sch.ts';
import { buildTq1, readTq1 } from '../segments/tq1.ts';
import { NUMBER_PLACES, readFirst, readTime, type Numbers } from './correlation.ts';
import {
  buildPerson,
  fillerNumber,
  placerNumber,
  type BuildingContext,
  type ReferralResources,
} from './building.ts';
import type { Findings } from './findings.ts';
import { buildHeader } from './header.ts';
import type { MessageDefinition } from './message-definition.ts';
import type { MessageFamily } from './message-family.ts';
import { writeNotice } from './notice.ts';
import { isDocumentType, REFERRAL_NOTE } from './order.ts';
import { personIn, placeIn, readParticipants, recipientIn } from './participants.ts';
import type { MessageHeader, ReadingContext, VisitEvent } from './reading.ts';

interface Visit {
  readonly status: Extract<Appointment['status'], 'booked' | 'cancelled' | 'noshow'>;
  /** RGS-2 and AIP-2, segment action code (table 0206). */
  readonly action: 'A' | 'U' | 'D';
}

// prettier-ignore
const VISITS: Readonly<Record<VisitEvent, Visit>> = {
  'send-schedule-visit-information':           { status: 'booked',    action: 'A' },
  'send-rescheduled-visit-information':        { status: 'booked',    action: 'U' },
  'send-appointment-cancellation-information': { status: 'cancelled', action: 'D' },
  'send-no-show-information':                  { status: 'noshow',    action: 'D' },
};

export const isVisitEvent = (event: string): event is VisitEvent => Object.hasOwn(VISITS, event);

interface VisitParts extends Numbers {
  readonly header: MessageHeader;
}

interface VisitResources {
  readonly appointment: Appointment;
  readonly resources: readonly Placed[];
}

// — reading

/** The visit, and the clinicians who see the patient when the message identifies them. */
function readVisit(
  message: Message,
  event: VisitEvent,
  parts: VisitParts,
  context: ReadingContext,
  findings: Findings,
): VisitResources {
  const { header } = parts;
  const { status } = VISITS[event];
  const sch = readFirst(message, 'SCH', readSch);
  const aip = readFirst(message, 'AIP', readAip);
  const facility = header.sendingFacility ?? '';
  const identifier = readEntityIdentifier(sch?.fillerAppointmentId, context.namespaces);
  if (identifier === undefined) findings.add('appointment-id');
  const slot = readSlot(message, sch, aip, context, findings);
  checkSlot(slot, status, findings);
  const people = readParticipants(message, sch, aip, header, context);
  const reason = readEventReason(sch?.eventReason, facility);
  const isCancelled = status === 'cancelled';
  const appointment: Appointment = filled({
    resourceType: 'Appointment' as const,
    contained: people.contained,
    identifier: some([identifier]),
    status,
    cancelationReason: isCancelled ? reason : undefined,
    serviceType: some([readServiceType(sch?.appointmentReason, facility)]),
    reasonCode: isCancelled ? undefined : some([reason]),
    ...slot,
    created: event === 'send-schedule-visit-information' ? header.sentAt : undefined,
    basedOn: some([orderOf(parts, context)]),
    participant: [...people.participants],
  });
  return { appointment, resources: people.placed };
}

interface Slot {
  readonly start?: string;
  readonly end?: string;
  readonly minutesDuration?: number;
}

/** The slot: TQ1, else the fields of older senders: SCH-11, and the beginning of AIP with its duration. */
function readSlot(
  message: Message,
  sch: Sch | undefined,
  aip: Aip | undefined,
  context: ReadingContext,
  findings: Findings,
): Slot {
  const tq1 = readFirst(message, 'TQ1', readTq1);
  const old = sch?.appointmentTimingQuantity[0];
  const time = (at: string, dtm: string | undefined) => readTime(dtm, at, context, findings);
  const start =
    time('TQ1-7', tq1?.startDateTime) ??
    time('SCH-11.4', old?.startDateTime) ??
    time('AIP-6', aip?.startDateTime);
  const minutesDuration = minutesOf(aip);
  const end =
    time('TQ1-8', tq1?.endDateTime) ??
    time('SCH-11.5', old?.endDateTime) ??
    (start === undefined || minutesDuration === undefined ? undefined : addTo(start, minutesDuration, 'min'));
  // "Either start and end are specified, or neither" (Appointment app-2); a day alone is no slot.
  const isSlot = isInstant(start) && isInstant(end);
  if (isSlot && Date.parse(end) < Date.parse(start)) findings.add('slot-backwards');
  return isSlot ? filled({ start, end, minutesDuration }) : {};
}

const isInstant = (dateTime: string | undefined): dateTime is string => dateTime?.includes('T') ?? false;

function minutesOf(aip: Aip | undefined): number | undefined {
  const { duration, durationUnits } = aip ?? {};
  const seconds = UNIT_SECONDS.get(durationUnits?.identifier?.toLowerCase() ?? 'min');
  const minutes = (Number(duration) * (seconds ?? Number.NaN)) / 60;
  return Number.isInteger(minutes) && minutes > 0 && minutes < 2 ** 31 ? minutes : undefined;
}

function checkSlot({ start }: Slot, status: Visit['status'], findings: Findings): void {
  if (start !== undefined) return;
  findings.add(status === 'booked' ? 'slot' : 'slot-of-the-past');
}

/** SCH-6: the kind of the referral again, or the reason of the visit. */
const readEventReason = (cwe: Cwe | undefined, facility: string): CodeableConcept | undefined =>
  cwe === undefined || isDocumentType(cwe) ? undefined : readConcept(cwe, facility);

const readServiceType = readEventReason;

const orderOf = ({ referralId }: Numbers, { request }: ReadingContext): Reference | undefined => {
  if (request !== undefined) return { reference: request };
  return referralId && { type: 'ServiceRequest', identifier: referralId };
};

const SIU: MessageFamily = {
  findings: 'SIU',
  isProfiled: true,
  numbers: [NUMBER_PLACES.SCH],
  makesReferral: false,
  required: ['PID-5', 'SCH-6', 'SCH-16', 'SCH-20', 'RGS-1'],
  taken: 'SIU',
};

/** A message about a visit, read as the message of 360X with the trigger event `means`. */
const visit = (trigger: string, means: 'S12' | 'S13' | 'S15' | 'S26'): MessageDefinition => ({
  name: `SIU^${trigger}`,
  structures: ['SIU_S12', ...(trigger === 'S12' ? [] : [`SIU_${trigger}`])],
  family: SIU,
  ...(trigger === means && { formatCode: `urn:ihe:pcc:360x:hl7:SIU:${trigger}:2017` }),
  means: () => ({
    message: `SIU^${means}`,
    read: (told, ...source) => {
      const event = told as VisitEvent; // the rows of SIU have no others
      const [message, parts, context, findings] = source;
      return { event, ...readVisit(message, event, parts, context, findings) };
    },
  }),
});

export const SIU_MESSAGES: readonly MessageDefinition[] = [
  visit('S12', 'S12'),
  visit('S13', 'S13'),
  visit('S14', 'S13'),
  visit('S15', 'S15'),
  visit('S16', 'S15'),
  visit('S17', 'S15'),
  visit('S26', 'S26'),
];

// — building

/** The visit as the segments of a message. */
export function buildVisit(
  event: VisitEvent,
  appointment: Appointment,
  referral: ReferralResources,
  context: BuildingContext,
): readonly SegmentValues[] {
  const { message } = transactionOf(event, 'accepted');
  const definition = SIU_MESSAGES.find(({ name }) => name === message);
  if (definition === undefined) throw new Error(`${message} is no message about a visit`);
  const { status, action } = VISITS[event];
  const place = placeIn(appointment, referral);
  const segments: readonly (SegmentValues | undefined)[] = [
    buildHeader(definition, context),
    buildSchedule(status, appointment, referral, context),
    buildTq1({
      setId: '1',
      startDateTime: writeDateTime(appointment.start),
      endDateTime: writeDateTime(appointment.end),
    }),
    ...writeNotice(context),
    buildPerson(referral, context, context.recipientNumber !== 'never'),
    buildRgs({ setId: '1', segmentActionCode: action }),
    buildAttender(action, appointment, referral, context),
    place && buildAil({ setId: '1', segmentActionCode: action, locationResourceId: [place] }),
  ];
  return segments.filter((segment) => segment !== undefined);
}

function buildSchedule(
  status: Visit['status'],
  appointment: Appointment,
  referral: ReferralResources,
  context: BuildingContext,
): SegmentValues {
  const filler = fillerNumber(referral, context);
  const placer = placerNumber(referral, context);
  const attender = personIn('ATND', appointment, referral, context);
  const contact = personIn('CALLBCK', appointment, referral, context) ?? attender ?? recipientIn(referral);
  const enterer = personIn('ENT', appointment, referral, context) ?? contact;
  const reason = appointment.cancelationReason ?? appointment.reasonCode?.[0];
  return buildSch({
    fillerAppointmentId: writeNumber(numberOf(appointment, context), context.namespaces),
    eventReason: writeConcept(reason) ?? REFERRAL_NOTE,
    appointmentReason: writeConcept(appointment.serviceType?.[0]) ?? REFERRAL_NOTE,
    fillerContactPerson: contact && [contact],
    enteredByPerson: enterer && [enterer],
    fillerStatusCode: { identifier: fillerStatusOf(status), nameOfCodingSystem: 'HL70278' },
    placerOrderNumber: placer && [placer],
    fillerOrderNumber: filler && [filler],
  });
}

/** The recipient's number of the visit; without one its id here, which is as stable. */
function numberOf(
  { identifier = [], id }: Appointment,
  { sendingFacility = '' }: BuildingContext,
): Identifier | undefined {
  if (identifier[0] !== undefined || id === undefined) return identifier[0];
  return filled({ system: systemOfOid(sendingFacility), value: id });
}

function buildAttender(
  action: Visit['action'],
  appointment: Appointment,
  referral: ReferralResources,
  context: BuildingContext,
): SegmentValues | undefined {
  const person = personIn('ATND', appointment, referral, context);
  if (person === undefined) return undefined;
  const minutes = appointment.minutesDuration;
  return buildAip({
    setId: '1',
    segmentActionCode: action,
    personnelResourceId: [person],
    startDateTime: writeDateTime(appointment.start),
    duration: minutes?.toString(),
    durationUnits: minutes === undefined ? undefined : { identifier: 'min', nameOfCodingSystem: 'ISO+' },
  });
}
