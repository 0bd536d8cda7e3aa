/** MSH (HL7 v2.5.1, 2.15.9) ⇄ sender, receiver, message type, time and control id. */
import { systemOfOid } from '../../fhir/identifier.ts';
import type { SegmentValues } from '../build.ts';
import type { Hd } from '../datatypes.ts';
import { toFhirString } from '../mapping/plain.ts';
import { isAhead, readDateTime, writeInstant } from '../mapping/moment.ts';
import { firstSegment, type Message } from '../message.ts';
import { buildMsh, readMsh } from '../segments/msh.ts';
import type { Findings } from './findings.ts';
import type { TimeContext, MessageHeader, MessageName } from './reading.ts';

/** The header of any message. */
export function readHeader(message: Message, clock: TimeContext): MessageHeader {
  const segment = firstSegment(message, 'MSH');
  const msh = segment && readMsh(segment);
  const { messageCode = '', triggerEvent = '' } = msh?.messageType ?? {};
  const sentAt = readDateTime(msh?.dateTimeOfMessage ?? '', clock.zone)?.dateTime;
  return {
    message: triggerEvent === '' ? messageCode : `${messageCode}^${triggerEvent}`,
    controlId: msh?.messageControlId ?? '',
    sentAt: sentAt === undefined || isAhead(sentAt, clock) ? undefined : sentAt,
    sendingFacility: readFacility(msh?.sendingFacility),
    receivingFacility: readFacility(msh?.receivingFacility),
    sendingApplication: readFacility(msh?.sendingApplication),
    processingId: msh?.processingId?.processingId ?? '',
    version: msh?.versionId?.versionId ?? '',
  };
}

/** The message structure of MSH-9.3 by event; SIU has one for all. */
// prettier-ignore
const STRUCTURES: Readonly<Record<MessageName, readonly string[]>> = {
  'OMG^O19': ['OMG_O19'],
  'ORM^O01': ['ORM_O01'],
  'REF^I12': ['REF_I12'],
  'OSU^O51': ['OSU_O51'],
  'SIU^S12': ['SIU_S12'],
  'SIU^S13': ['SIU_S12', 'SIU_S13'],
  'SIU^S14': ['SIU_S12', 'SIU_S14'],
  'SIU^S15': ['SIU_S12', 'SIU_S15'],
  'SIU^S16': ['SIU_S12', 'SIU_S16'],
  'SIU^S17': ['SIU_S12', 'SIU_S17'],
  'SIU^S26': ['SIU_S12', 'SIU_S26'],
  'MDM^T02': ['MDM_T02'],
  'ADT^A08': ['ADT_A01', 'ADT_A08'],
  'ADT^A31': ['ADT_A05', 'ADT_A31'],
  'ADT^A40': ['ADT_A39', 'ADT_A40'],
};

/** MSH-9.1 of the messages that the server reads. */
export const MESSAGE_TYPES: ReadonlySet<string> = new Set(
  Object.keys(STRUCTURES).map((name) => name.slice(0, 3)),
);

/** The message's name when the server reads such messages. */
export const messageNamed = (name: string): MessageName | undefined =>
  Object.hasOwn(STRUCTURES, name) ? (name as MessageName) : undefined; // a key of the table

/** Adds the findings about MSH. */
export function checkHeader(
  message: Message,
  name: MessageName,
  clock: TimeContext,
  findings: Findings,
): void {
  const segment = firstSegment(message, 'MSH');
  if (segment === undefined) return;
  const msh = readMsh(segment);
  if (msh.messageControlId === undefined) findings.add('control-id');
  const moment = readDateTime(msh.dateTimeOfMessage ?? '', clock.zone);
  if (moment?.dateTime.includes('T') !== true) findings.add('sent-at');
  else if (isAhead(moment.dateTime, clock)) findings.add('sent-ahead');
  else if (moment.assumed) findings.add('zone', 'MSH-7');
  const structure = msh.messageType?.messageStructure;
  if (structure !== undefined && !STRUCTURES[name].includes(structure)) findings.add('structure');
  if (!claims360X(message)) findings.add('profile');
}

const PROFILE = '360X';

/** Whether a message says of itself that it follows 360X (MSH-21). */
export function claims360X(message: Message): boolean {
  const segment = firstSegment(message, 'MSH');
  const profiles = segment === undefined ? [] : readMsh(segment).messageProfileIdentifier;
  return profiles.some(({ entityIdentifier }) => entityIdentifier?.includes(PROFILE));
}

/** A facility as links list it: the OID when there is one, else the name. */
export function readFacility(hd: Hd | undefined): string | undefined {
  const { namespaceId, universalId } = hd ?? {};
  const oid = universalId !== undefined && systemOfOid(universalId) !== undefined;
  return toFhirString(oid ? universalId : (namespaceId ?? universalId));
}

/** An OID as `^<OID>^ISO`, a name as it is. */
const writeFacility = (name: string | undefined): Hd | undefined => {
  if (name === undefined) return undefined;
  return systemOfOid(name) === undefined
    ? { namespaceId: name }
    : { universalId: name, universalIdType: 'ISO' };
};

/** The sender's choices for the header of a message. */
export interface Envelope {
  /** MSH-10, at most twenty characters. */
  readonly controlId: string;
  /** MSH-7, milliseconds since 1970. */
  readonly now: number;
  /** The zone in which MSH-7 is written. */
  readonly zone: string;
  /** MSH-4 and MSH-6: an OID, else a name. */
  readonly sendingFacility: string | undefined;
  readonly receivingFacility: string | undefined;
  readonly sendingApplication?: string | undefined;
  readonly receivingApplication?: string | undefined;
  /** MSH-11; default: `P`. */
  readonly processingId?: 'P' | 'T' | 'D' | undefined;
  /** MSH-15 and MSH-16; when both are empty, the message asks for one acknowledgment in original mode. */
  readonly acceptAcknowledgment?: 'AL' | 'NE' | 'ER' | 'SU' | undefined;
  readonly applicationAcknowledgment?: 'AL' | 'NE' | 'ER' | 'SU' | undefined;
}

export function buildHeader(name: MessageName, envelope: Envelope): SegmentValues {
  const [messageCode, triggerEvent] = name.split('^');
  const isReferral = messageCode === 'OMG' || messageCode === 'OSU' || messageCode === 'SIU';
  return buildMsh({
    sendingApplication: writeFacility(envelope.sendingApplication),
    sendingFacility: writeFacility(envelope.sendingFacility),
    receivingApplication: writeFacility(envelope.receivingApplication),
    receivingFacility: writeFacility(envelope.receivingFacility),
    dateTimeOfMessage: writeInstant(envelope.now, envelope.zone),
    messageType: { messageCode, triggerEvent, messageStructure: STRUCTURES[name][0] },
    messageControlId: envelope.controlId,
    processingId: { processingId: envelope.processingId ?? 'P' },
    versionId: { versionId: '2.5.1' },
    acceptAcknowledgmentType: envelope.acceptAcknowledgment,
    applicationAcknowledgmentType: envelope.applicationAcknowledgment,
    messageProfileIdentifier: isReferral ? [{ entityIdentifier: PROFILE }] : [],
  });
}
