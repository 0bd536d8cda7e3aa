/** MSH (HL7 v2.5.1, 2.15.9) ⇄ sender, receiver, message type, time and control id. */
import { systemOfOid } from '../../fhir/identifier.ts';
import type { SegmentValues } from '../build.ts';
import type { Hd } from '../datatypes.ts';
import { toFhirString } from '../mapping/plain.ts';
import { isAhead, readDateTime, writeInstant } from '../mapping/moment.ts';
import type { Message } from '../message.ts';
import { buildMsh, readMsh, type Msh } from '../segments/msh.ts';
import type { Findings } from './findings.ts';
import type { MessageIdentity } from './message-family.ts';
import type { TimeContext, MessageHeader } from './reading.ts';

/** The header of a message: MSH as its layout reads it, and what it says. A message is read once, and this is handed on. */
export interface MessageEnvelope {
  readonly msh: Msh;
  readonly header: MessageHeader;
  /** Whether the message claims to follow 360X (MSH-21). */
  readonly claims360X: boolean;
}

/** @param msh where MSH was read before, from the same text */
export function readEnvelope(message: Message, clock: TimeContext, msh = mshOf(message)): MessageEnvelope {
  return { msh, header: headerOf(msh, clock), claims360X: claims360X(msh) };
}

/** MSH is the first segment of every message. */
function mshOf({ segments: [first] }: Message): Msh {
  if (first === undefined) throw new Error('a message has a header');
  return readMsh(first);
}

function headerOf(msh: Msh, clock: TimeContext): MessageHeader {
  const { messageCode = '', triggerEvent = '' } = msh.messageType ?? {};
  const sentAt = readDateTime(msh.dateTimeOfMessage ?? '', clock.zone)?.dateTime;
  return {
    message: triggerEvent === '' ? messageCode : `${messageCode}^${triggerEvent}`,
    controlId: msh.messageControlId ?? '',
    sentAt: sentAt === undefined || isAhead(sentAt, clock) ? undefined : sentAt,
    sendingFacility: readFacility(msh.sendingFacility),
    receivingFacility: readFacility(msh.receivingFacility),
    sendingApplication: readFacility(msh.sendingApplication),
    processingId: msh.processingId?.processingId ?? '',
    version: msh.versionId?.versionId ?? '',
  };
}

/** Adds the findings of MSH; `structures` are those of the message's definition. */
export function checkHeader(
  { msh, claims360X: isOf360X }: MessageEnvelope,
  structures: readonly string[],
  clock: TimeContext,
  findings: Findings,
): void {
  if (msh.messageControlId === undefined) findings.add('control-id');
  const moment = readDateTime(msh.dateTimeOfMessage ?? '', clock.zone);
  if (moment?.dateTime.includes('T') !== true) findings.add('sent-at');
  else if (isAhead(moment.dateTime, clock)) findings.add('sent-ahead');
  else if (moment.assumed) findings.add('zone', 'MSH-7');
  const structure = msh.messageType?.messageStructure;
  if (structure !== undefined && !structures.includes(structure)) findings.add('structure');
  if (!isOf360X) findings.add('profile');
}

const PROFILE = '360X';

const claims360X = ({ messageProfileIdentifier: profiles }: Msh): boolean =>
  profiles.some(({ entityIdentifier }) => entityIdentifier?.includes(PROFILE));

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

export function buildHeader(
  { name, structures, family }: MessageIdentity,
  envelope: Envelope,
): SegmentValues {
  const [messageCode, triggerEvent] = name.split('^');
  return buildMsh({
    sendingApplication: writeFacility(envelope.sendingApplication),
    sendingFacility: writeFacility(envelope.sendingFacility),
    receivingApplication: writeFacility(envelope.receivingApplication),
    receivingFacility: writeFacility(envelope.receivingFacility),
    dateTimeOfMessage: writeInstant(envelope.now, envelope.zone),
    messageType: { messageCode, triggerEvent, messageStructure: structures[0] },
    messageControlId: envelope.controlId,
    processingId: { processingId: envelope.processingId ?? 'P' },
    versionId: { versionId: '2.5.1' },
    acceptAcknowledgmentType: envelope.acceptAcknowledgment,
    applicationAcknowledgmentType: envelope.applicationAcknowledgment,
    messageProfileIdentifier: family.isProfiled ? [{ entityIdentifier: PROFILE }] : [],
  });
}
