/**
 * Delivers one move of a referral to the other party, as the HL7 v2 messages of 360X, in order; the receiver
 * acknowledges each.
 */
import { createHash } from 'node:crypto';
import { fileHashesOf } from '../../delivery/file-hashes.ts';
import { buildMessage } from '../../hl7v2/build.ts';
import { encodeBytes } from '../../hl7v2/charset.ts';
import type { Link } from '../../hl7v2/link.ts';
import { filesInMessage } from '../../hl7v2/files-in-message.ts';
import { encodeMessage, type Message } from '../../hl7v2/message.ts';
import { hasNotice } from '../../hl7v2/messages/notice.ts';
import { commitViewOf } from '../../operations/referral-messages/commit-view.ts';
import { controlIdOf, prepareMessages } from '../../operations/referral-messages/prepare-messages.ts';
import {
  NoticeMissing,
  receiptOfFailure,
  type Left,
  type NoticeOfEntry,
  type Receipt,
} from '../../ports/rail.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ClaimedEntry, Snapshot } from '../../ports/store.ts';
import { parsePlace } from '../../resources/outgoing-address.ts';
import { evidenceOfMessages, type SentMessage } from './acknowledged.ts';
import type { Acknowledged, OutgoingMessage, Peers } from './peer.ts';

interface MllpDeliverParts {
  readonly noticeOf?: NoticeOfEntry | undefined;
  readonly peers: Peers;
  readonly links: readonly Link[];
  readonly clock: Clock;
}

export async function deliverMessages(
  { peers, links, clock, noticeOf }: MllpDeliverParts,
  entry: ClaimedEntry,
  asOf: Snapshot,
  now: Snapshot,
  signal: AbortSignal,
): Promise<Receipt> {
  const present = commitViewOf(now);
  const endpoint = await present.resource(entry.receiver);
  const { address } = (endpoint ?? {}) as { readonly address?: string }; // an Endpoint
  if (address === undefined || parsePlace({ purpose: 'hl7v2-mllp', address }) === undefined) {
    return { outcome: 'refused', why: 'the Endpoint has no address of the form mllp://host:port' };
  }
  const source = { links, asOf: commitViewOf(asOf), now: present, noticeOf };
  const prepared = await prepareMessages(entry, source);
  if (prepared.kind === 'lacks') return { outcome: 'refused', why: prepared.lacks.join('; ') };
  const { messages, link, notice, receiver } = prepared;
  const waits = link?.unacknowledged !== true;
  let receipt: Receipt = { outcome: 'accepted', says: 'written; this link is not acknowledged' };
  const written: SentMessage[] = [];
  const left: LeftMessage[] = [];
  const built = messages.map((one) => buildMessage(one));
  if (notice.length > 0 && !built.every(hasNotice)) throw new NoticeMissing('hl7v2-mllp');
  for (const [index, message] of built.entries()) {
    const bytes = encodeBytes(encodeMessage(message), message.syntax.charset);
    const controlId = controlIdOf(entry, index);
    const sent = await send(peers, { address, organization: receiver, bytes, controlId, waits }, signal);
    written.push({ controlId, answer: sent.answer, at: new Date(clock.now()).toISOString() });
    receipt = sent.receipt ?? receipt;
    const isAnswered = sent.answer !== undefined;
    if (isAnswered || receipt.outcome === 'accepted') left.push({ bytes, message });
    if (receipt.outcome === 'refused' && isAnswered)
      return { ...receipt, ...(await leftOf(left)), evidence: evidenceOfMessages(written) };
    if (receipt.outcome !== 'accepted') return { ...receipt, ...(await leftOf(left)) };
  }
  return { ...receipt, ...(await leftOf(left)), evidence: evidenceOfMessages(written) };
}

/** What the receiver has of it: the messages that it answered, or that were written where none is answered. */
async function leftOf(left: readonly LeftMessage[]): Promise<Left> {
  if (left.length === 0) return {};
  const sha256 = createHash('sha256');
  for (const { bytes } of left) sha256.update(bytes);
  const files = left.flatMap(({ message }) => filesInMessage(message));
  const size = left.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return { bytesHash: sha256.digest('hex'), bytes: size, ...(await fileHashesOf(files)) };
}

interface LeftMessage {
  readonly bytes: Uint8Array;
  readonly message: Message;
}

/** One message: its answer and receipt, neither where it was written and the server waits for no acknowledgment. */
async function send(
  peers: Peers,
  message: OutgoingMessage,
  signal: AbortSignal,
): Promise<{ readonly answer?: Acknowledged | undefined; readonly receipt?: Receipt }> {
  try {
    const answer = await peers.send(message, signal);
    return answer === undefined ? {} : { answer, receipt: receiptOf(answer) };
  } catch (error) {
    return { receipt: receiptOfFailure(error) };
  }
}

/**
 * The outcome by MSA-1 (table 0008). An error is the receiver's word on the message, and sending it again changes
 * nothing; a reject says that the receiver could not take it now.
 */
const OUTCOMES: Readonly<Record<string, Exclude<Receipt['outcome'], 'withheld'>>> = {
  AA: 'accepted',
  CA: 'accepted',
  AE: 'refused',
  CE: 'refused',
  AR: 'retry',
  CR: 'retry',
};

function receiptOf({ code, says }: Acknowledged): Receipt {
  const outcome = OUTCOMES[code] ?? 'retry';
  // MSA-3 is the receiver's text, which may name the patient, so the receipt says only that there was one.
  const why = `the receiver answered ${code || 'without a code'}${says === undefined ? '' : ', with a text'}`;
  return outcome === 'accepted' ? { outcome, says: why } : { outcome, why };
}
