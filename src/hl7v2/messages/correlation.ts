/**
 * The patient and the referral that a message is about: the numbers, the patient and the time, in the fields where each
 * kind of message has them.
 */
import { systemOfOid } from '../../fhir/identifier.ts';
import { formatInstant } from '../../fhir/datetime.ts';
import type { Identifier } from '../../fhir/types.ts';
import type { Ei } from '../datatypes.ts';
import { readEntityIdentifier } from '../mapping/identity.ts';
import { isAhead, readDateTime } from '../mapping/moment.ts';
import { readPatient } from '../mapping/patient.ts';
import { filled } from '../mapping/plain.ts';
import { firstSegment, segmentsNamed, type Message, type Segment } from '../message.ts';
import { readObr } from '../segments/obr.ts';
import { readOrc, type Orc } from '../segments/orc.ts';
import { readPid, type Pid } from '../segments/pid.ts';
import { readRf1 } from '../segments/rf1.ts';
import { readSch } from '../segments/sch.ts';
import { readTxa } from '../segments/txa.ts';
import type { Findings } from './findings.ts';
import type { MessageEnvelope } from './header.ts';
import type { MessageFamily, NumberPlace } from './message-family.ts';
import type { TimeContext, MessageHeader, PatientReading, ReadingContext } from './reading.ts';

const ORC: NumberPlace = {
  placer: 'ORC-2',
  read: (message) => {
    const orc = orcOf(message);
    return { placer: orc?.placerOrderNumber, filler: orc?.fillerOrderNumber };
  },
};

const OBR: NumberPlace = {
  placer: 'OBR-2',
  read: (message) => {
    const obr = readFirst(message, 'OBR', readObr);
    return { placer: obr?.placerOrderNumber, filler: obr?.fillerOrderNumber };
  },
};

const SCH: NumberPlace = {
  placer: 'SCH-26',
  read: (message) => {
    const sch = readFirst(message, 'SCH', readSch);
    return { placer: sch?.placerOrderNumber[0], filler: sch?.fillerOrderNumber[0] };
  },
};

const TXA: NumberPlace = {
  placer: 'TXA-14',
  read: (message) => {
    const txa = readFirst(message, 'TXA', readTxa);
    return { placer: txa?.placerOrderNumber[0], filler: txa?.fillerOrderNumber };
  },
};

const RF1: NumberPlace = {
  placer: 'RF1-6',
  read: (message) => {
    const rf1 = readFirst(message, 'RF1', readRf1);
    return { placer: rf1?.originatingReferralIdentifier, filler: rf1?.externalReferralIdentifier[0] };
  },
};

export const NUMBER_PLACES = { ORC, OBR, SCH, TXA, RF1 } as const;

export interface Numbers {
  readonly referralId: Identifier | undefined;
  readonly fillerNumber: Identifier | undefined;
}

/** The referral id and the recipient's own number of the order. */
export function readNumbers(
  message: Message,
  { numbers: places, ...family }: Pick<MessageFamily, 'numbers' | 'makesReferral' | 'isProfiled'>,
  { namespaces }: Pick<ReadingContext, 'namespaces'>,
  { header, claims360X }: Pick<MessageEnvelope, 'header' | 'claims360X'>,
  findings: Findings,
): Numbers {
  const found = places.map((place) => ({ at: place.placer, ...place.read(message) }));
  const filler = found.map((each) => each.filler).find(hasValue);
  const fillerNumber = readEntityIdentifier(filler, namespaces, 'FILL');
  const best = found.find(({ placer }) => hasValue(placer));
  if (best === undefined) {
    findings.add('referral-id', places[0]?.placer);
    return { referralId: undefined, fillerNumber };
  }
  const read = readEntityIdentifier(best.placer, namespaces, 'PLAC');
  const referralId = read && withAuthority(read, family, header, claims360X);
  if (read?.system === undefined) findings.add('referral-authority', `${best.at}.3`);
  if (best.placer?.namespaceId !== undefined) findings.add('referral-namespace', `${best.at}.2`);
  for (const { at, placer } of found)
    if (hasValue(placer) && placer?.entityIdentifier !== best.placer?.entityIdentifier)
      findings.add('order-numbers-differ', at);
  return { referralId, fillerNumber };
}

const hasValue = (number: Ei | undefined): boolean => number?.entityIdentifier !== undefined;

/**
 * The authority of a bare order number. An engine that speaks no 360X numbers its orders itself, so the authority is
 * the sending facility. This holds for a message that makes a referral; in an answer to one, nobody knows whose number
 * it is.
 */
function withAuthority(
  read: Identifier,
  { makesReferral, isProfiled }: Pick<MessageFamily, 'makesReferral' | 'isProfiled'>,
  { sendingFacility }: MessageHeader,
  isOf360X: boolean,
): Identifier {
  const isOwn = makesReferral && !(isProfiled && isOf360X);
  if (read.system !== undefined || !isOwn || sendingFacility === undefined) return read;
  const system = systemOfOid(sendingFacility);
  return system === undefined ? read : { ...read, system };
}

/** The first ORC, which is the referral's. */
export const orcOf = (message: Message): Orc | undefined => readFirst(message, 'ORC', readOrc);

/** The first segment of a name, as its layout reads it. */
export function readFirst<Type>(
  message: Message,
  name: string,
  read: (segment: Segment) => Type,
): Type | undefined {
  const segment = firstSegment(message, name);
  return segment && read(segment);
}

/** The person; undefined when there is no PID. */
export function readPerson(
  message: Message,
  context: Pick<ReadingContext, 'namespaces'>,
  header: MessageHeader,
  findings: Findings,
): PatientReading | undefined {
  const pid = readFirst(message, 'PID', readPid);
  if (pid === undefined) {
    findings.add('patient');
    return undefined;
  }
  const isAnother = segmentsNamed(message, 'PID').some((segment) => !isSameNumbers(readPid(segment), pid));
  if (isAnother) findings.add('another-patient');
  const resource = readPatient(pid, context.namespaces, header.sendingFacility ?? '');
  const { identifier: identifiers = [], name: [name] = [], birthDate } = resource;
  checkPerson(pid, resource.gender, birthDate, identifiers, findings);
  const { family, given } = name ?? {};
  return { identifiers, name: filled({ family, given }), birthDate, resource };
}

/**
 * Whether two PIDs are about the same person. Some senders repeat the PID; one with other numbers is about somebody
 * else.
 */
const isSameNumbers = (one: Pid, other: Pid): boolean =>
  one.patientIdentifierList[0]?.idNumber === other.patientIdentifierList[0]?.idNumber;

function checkPerson(
  pid: Pid,
  gender: string | undefined,
  birthDate: string | undefined,
  identifiers: readonly Identifier[],
  findings: Findings,
): void {
  if (identifiers.length === 0) findings.add('patient');
  for (const [index, { system }] of identifiers.entries()) {
    if (system === undefined) findings.add('patient-authority', `PID-3[${index + 1}].4`);
  }
  const isMisnamed = pid.patientIdentifierList.some(({ identifierTypeCode }) => identifierTypeCode === 'MRN');
  if (isMisnamed) findings.add('patient-identifier-type');
  if (pid.administrativeSex !== undefined && gender === undefined) findings.add('code-unknown', 'PID-8');
  if (pid.dateTimeOfBirth !== undefined && birthDate === undefined) findings.add('time', 'PID-7');
}

/** A time of the message as a dateTime; adds a finding when something is wrong with it. */
export function readTime(
  dtm: string | undefined,
  at: string,
  { zone }: TimeContext,
  findings: Findings,
): string | undefined {
  if (dtm === undefined) return undefined;
  const moment = readDateTime(dtm, zone);
  if (moment === undefined) findings.add('time', at);
  else if (moment.assumed) findings.add('zone', at);
  return moment?.dateTime;
}

/**
 * The time of an event before the message was received. Undefined, with a finding, when the message claims a later one.
 */
export function readPast(
  dtm: string | undefined,
  at: string,
  clock: TimeContext,
  findings: Findings,
): string | undefined {
  const dateTime = readTime(dtm, at, clock, findings);
  if (dateTime === undefined || !isAhead(dateTime, clock)) return dateTime;
  findings.add('ahead', at);
  return undefined;
}

/** The time when an order was written: its own, else that of its message, else the receipt. */
export const readAuthoredOn = (
  dtm: string | undefined,
  at: string,
  { sentAt }: MessageHeader,
  clock: TimeContext,
  findings: Findings,
): string | undefined =>
  readPast(dtm, at, clock, findings) ??
  sentAt ??
  (clock.receivedAt === undefined ? undefined : formatInstant(clock.receivedAt));

/** Adds a finding when a message has more orders than the one that is read. */
export function checkOneOrder(message: Message, findings: Findings): void {
  if (segmentsNamed(message, 'ORC').length > 1) findings.add('another-order', 'ORC[2]');
}
