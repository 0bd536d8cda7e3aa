/** The bytes of a message, opened: what its envelope says, or why it is none. */
import { createHash } from 'node:crypto';
import type { RecoveredHeader } from '../../hl7v2/ack.ts';
import { openBatch } from '../../hl7v2/batch.ts';
import type { Charset } from '../../hl7v2/charset.ts';
import { Hl7Fault } from '../../hl7v2/fault.ts';
import { decodeMessage, parseMessage, type Message } from '../../hl7v2/message.ts';
import { readEnvelope } from '../../hl7v2/messages/header.ts';
import type { TimeContext } from '../../hl7v2/messages/reading.ts';
import type { Opened, Wrapped } from '../../hl7v2/messages/opened-message.ts';
import type { Remark } from '../../ports/inbound.ts';
import { remark } from '../fate.ts';

/**
 * Opens the bytes of a message. Never throws: what is no message is barred.
 *
 * @param recovered MSH, where the rail has read it; it counts where it was read in the message's character set
 */
export function openFrame(
  bytes: Uint8Array,
  clock: TimeContext,
  charset: Charset | undefined,
  recovered?: RecoveredHeader,
): Opened {
  try {
    const message = parseFrame(bytes, charset);
    const msh = recovered?.charset === message.syntax.charset ? recovered.msh : undefined;
    const envelope = readEnvelope(message, clock, msh);
    return { message, envelope, header: envelope.header, barred: undefined };
  } catch (error) {
    const barred = remarkOfFault(faultOfBatch(bytes) ?? error);
    return { message: undefined, envelope: undefined, header: undefined, barred };
  }
}

/** @param charset what the link agreed on for messages that say none. @throws Hl7Fault */
export function parseFrame(bytes: Uint8Array, charset: Charset | undefined): Message {
  const decoded = decodeMessage(bytes, charset);
  return parseMessage(decoded.text, decoded.charset);
}

export const wrapFrame = (bytes: Uint8Array): { readonly data: string; readonly hash: string } => ({
  data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  hash: createHash('sha1').update(bytes).digest('base64'),
});

/** As {@link wrapFrame}, for a large message: its text is never copied from one thread to another. */
export function wrapLarge(bytes: Uint8Array): Wrapped {
  const { data, hash } = wrapFrame(bytes);
  const shared = new SharedArrayBuffer(data.length);
  Buffer.from(shared).write(data, 'latin1');
  return { data: new Uint8Array(shared), hash };
}

/** The bytes of a message, out of the stored text of the Binary that keeps it. */
export function unwrapFrame(text: string): Uint8Array {
  const { data } = JSON.parse(text) as { readonly data?: unknown }; // validated when stored
  return Buffer.from(typeof data === 'string' ? data : '', 'base64');
}

/**
 * What kept a batch from being taken apart: its counts, that it is too large, or a line of no message. Of bytes that begin
 * with no batch header, code 100 says no more than that they are no batch: the fault is that of one message.
 */
function faultOfBatch(bytes: Uint8Array): Hl7Fault | undefined {
  try {
    openBatch(bytes);
    return undefined;
  } catch (error) {
    const isOfBatch = error instanceof Hl7Fault && (error.code !== '100' || beginsAsBatch(bytes));
    return isOfBatch ? error : undefined;
  }
}

function remarkOfFault(error: unknown): Remark {
  if (!(error instanceof Hl7Fault))
    return remark('message-unreadable', 'E', '', 'the bytes could not be read as a message');
  const { segment, segmentIndex, field, code, says } = error;
  const at = segmentIndex > 1 ? `${segment}[${segmentIndex}]` : segment;
  const location = field === undefined ? at : `${at}-${field}`;
  return { ...remark('message-unreadable', 'E', location, says), code };
}

const beginsAsBatch = (bytes: Uint8Array): boolean =>
  /^(?:\xef\xbb\xbf)?\s*[BF]HS[^A-Za-z0-9\s]/.test(
    Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('latin1'),
  );

const HEAD_BYTES = 256;
