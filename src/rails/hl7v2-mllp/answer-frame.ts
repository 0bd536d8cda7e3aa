/**
 * The answer to one frame. The server decides each message of it, and acknowledges it when its fate is on disk; MSH is
 * read once, here, and handed on.
 */
import {
  acknowledgmentAsked,
  buildAck,
  COMMIT_CODES,
  isAcknowledgment,
  isAsked,
  recoverHeader,
  type AckError,
  type AcknowledgmentAsked,
  type AcknowledgmentCode,
  type RecoveredHeader,
} from '../../hl7v2/ack.ts';
import { buildBatchAnswer, isBatchAnswer, type Batch } from '../../hl7v2/batch.ts';
import { encodeBytes } from '../../hl7v2/charset.ts';
import { readLocation } from '../../hl7v2/fault.ts';
import type { Link } from '../../hl7v2/link.ts';
import { encodeMessage } from '../../hl7v2/message.ts';
import type { Frame } from '../../hl7v2/mllp.ts';
import type { Acknowledgment, Receive, TakeApart } from '../../hl7v2/received.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Remark } from '../../ports/inbound.ts';
import type { LinkCounters } from './link-status.ts';

export interface AnsweringParts {
  readonly receive: Receive;
  readonly takeApart: TakeApart;
  readonly counters: LinkCounters;
  readonly clock: Clock;
  /** A unique MSH-10 for our own messages. */
  readonly newControlId: () => string;
}

/** The peer that is answered. */
export interface AnsweredPeer {
  /** The links that it may be, at least one. */
  readonly links: readonly [Link, ...Link[]];
  readonly address: string | undefined;
  /** Aborts when its connection ends. */
  readonly signal: AbortSignal;
}

/** The messages to send back, without MLLP framing: none for what asks for no answer. */
export async function answerFrame(
  peer: AnsweredPeer,
  found: Frame,
  parts: AnsweringParts,
): Promise<readonly Uint8Array[]> {
  switch (found.kind) {
    case 'garbage':
      parts.counters.faulted(peer.links[0].name);
      return [];
    case 'message':
      return answerMessages(peer, found.bytes, parts);
    default:
      return refuseFrame(peer, found, parts);
  }
}

/** Decides and acknowledges each message of a batch by itself, one after the other; the answer is a batch again. */
async function answerMessages(
  peer: AnsweredPeer,
  bytes: Uint8Array,
  parts: AnsweringParts,
): Promise<readonly Uint8Array[]> {
  const batch = await parts.takeApart(peer.links[0].name, bytes);
  if (batch === undefined) return answerOne(peer, bytes, parts);
  if ('refused' in batch) return refuseUnopened(peer, bytes, batch.refused, parts);
  const answers: Uint8Array[][] = [];
  for (const { messages } of batch.groups) {
    const told: Uint8Array[] = [];
    for (const message of messages) told.push(...(await answerOne(peer, message, parts)));
    answers.push(told);
  }
  if (isAnswer(batch)) return [];
  const isSilent = batch.file === undefined && batch.groups.every(({ header }) => header === undefined);
  if (isSilent && answers.flat().length === 0) return [];
  const { newControlId, clock } = parts;
  return [buildBatchAnswer(batch, { groups: answers, at: clock.now(), newControlId })];
}

/** Whether a batch is itself an answer. Two engines that answer each other's answers would never end. */
function isAnswer(batch: Batch): boolean {
  const messages = batch.groups.flatMap((group) => group.messages);
  return messages.length === 0 ? isBatchAnswer(batch) : messages.every((one) => isAcknowledgment(one));
}

async function answerOne(
  { links, address, signal }: AnsweredPeer,
  bytes: Uint8Array,
  parts: AnsweringParts,
): Promise<readonly Uint8Array[]> {
  const header = recoverHeader(bytes);
  const link = linkOf(links, header);
  const decided = await parts.receive({ link, bytes, header, address, signal });
  parts.counters.decided(link.name, decided.fate, parts.clock.now(), kindOf(header));
  return isAcknowledgment(bytes, header) ? [] : buildReplies(link, { bytes, header }, decided, parts);
}

/**
 * Answers a frame that the server could not read. Only a message whose first segment is MSH says how to answer; in a batch
 * the first MSH is that of one message, which nobody has read.
 */
function refuseUnopened(
  { links }: AnsweredPeer,
  bytes: Uint8Array,
  refused: Acknowledgment,
  parts: AnsweringParts,
): readonly Uint8Array[] {
  const head = firstSegmentOf(bytes);
  const header = recoverHeader(head);
  const link = linkOf(links, header);
  parts.counters.decided(link.name, refused.fate, parts.clock.now(), kindOf(header));
  return isAcknowledgment(bytes, header) ? [] : buildReplies(link, { bytes: head, header }, refused, parts);
}

function refuseFrame(
  { links }: AnsweredPeer,
  { kind, head }: Extract<Frame, { readonly head: Uint8Array }>,
  parts: AnsweringParts,
): readonly Uint8Array[] {
  const header = recoverHeader(head);
  const link = linkOf(links, header);
  parts.counters.faulted(link.name);
  if (isAcknowledgment(head, header)) return [];
  const refused: Acknowledgment = { fate: 'not-kept', code: 'AR', remarks: [FRAME_REMARKS[kind]] };
  return buildReplies(link, { bytes: head, header }, refused, parts);
}

const FRAME_REMARKS: Readonly<Record<'oversize' | 'restarted', Remark>> = {
  oversize: {
    location: '',
    code: '104',
    severity: 'E',
    issue: 'body-too-large',
    says: 'the message is too long',
  },
  restarted: {
    location: '',
    code: '100',
    severity: 'E',
    issue: 'message-unreadable',
    says: 'another message began in the middle of this one; send both again',
  },
};

/** A message, or the beginning of one, with the part of its header that could be read. */
interface Arrived {
  readonly bytes: Uint8Array;
  readonly header: RecoveredHeader;
}

/** The bytes before the first line end, at most {@link SEGMENT_BYTES}, without leading line breaks. */
function firstSegmentOf(bytes: Uint8Array): Uint8Array {
  const head = bytes.subarray(0, SEGMENT_BYTES);
  const isBreak = (byte: number): boolean => byte === 0x0d || byte === 0x0a;
  const start = Math.max(
    head.findIndex((byte) => !isBreak(byte)),
    0,
  );
  const length = head.subarray(start).findIndex(isBreak);
  return head.subarray(start, length < 0 ? head.length : start + length);
}

const SEGMENT_BYTES = 16_384;

/** MSH-9.1 and MSH-9.2, as far as the header has them. */
function kindOf({ msh }: RecoveredHeader): string {
  const { messageCode = '', triggerEvent } = msh?.messageType ?? {};
  return triggerEvent === undefined ? messageCode : `${messageCode}^${triggerEvent}`;
}

/**
 * The link of a message: of those that the peer may be, the one whose list has the message's MSH-4; else the first,
 * which then refuses it.
 */
function linkOf(links: AnsweredPeer['links'], { msh }: RecoveredHeader): Link {
  const facility = msh?.sendingFacility;
  const named = facility?.universalId ?? facility?.namespaceId;
  return links.find(({ senders }) => senders.some((sender) => sender.facility === named)) ?? links[0];
}

/**
 * The acknowledgments that the message asks for. Original mode has one, of the application. Enhanced mode has two: the
 * message is in safe storage, and its fate. The server knows both at the same time, and sends them in this order.
 */
function buildReplies(
  link: Link,
  { bytes: received, header }: Arrived,
  { code, remarks }: Acknowledgment,
  parts: AnsweringParts,
) {
  const { msh } = header;
  const errors = remarks.map(errorOf);
  return codesAsked(link, acknowledgmentAsked(msh ?? NOTHING_ASKED), code).map((told) => {
    const controlId = parts.newControlId();
    const message = buildAck({ received, header, code: told, controlId, at: parts.clock.now(), errors });
    return encodeBytes(encodeMessage(message), message.syntax.charset);
  });
}

function codesAsked(
  { acknowledge }: Link,
  { mode, accept, application }: AcknowledgmentAsked,
  code: Acknowledgment['code'],
): readonly AcknowledgmentCode[] {
  const outcome = code === 'AA' ? 'success' : 'error';
  const codes: AcknowledgmentCode[] = [];
  if (isAsked(accept, outcome)) codes.push(COMMIT_CODES[code]);
  if (isAsked(application, outcome)) codes.push(code);
  if (codes.length > 0 || acknowledge === 'asAsked') return codes;
  return [mode === 'enhanced' ? COMMIT_CODES[code] : code];
}

/** A header that cannot be read asks for nothing: original mode. */
const NOTHING_ASKED = { acceptAcknowledgmentType: undefined, applicationAcknowledgmentType: undefined };

const errorOf = ({ location, code, severity, issue, says }: Remark): AckError => ({
  location: readLocation(location),
  code,
  severity,
  userCode: issue,
  says,
});
