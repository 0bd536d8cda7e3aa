/**
 * An HL7 v2 message as it came in: who sent it to whom, as far as the link vouches for it (rules 7.1), and the key under
 * which the server knows it again (rules 7.3).
 */
import type { Ref } from '../../fhir/types.ts';
import { batchIn, type Batch } from '../../hl7v2/batch.ts';
import type { Facility, Link } from '../../hl7v2/link.ts';
import type { Message } from '../../hl7v2/message.ts';
import type { MessageEnvelope } from '../../hl7v2/messages/header.ts';
import { readMessage } from '../../hl7v2/messages/read-message.ts';
import type {
  UnreadMessage,
  MessageHeader,
  MessageReading,
  ReadingContext,
} from '../../hl7v2/messages/reading.ts';
import type { Opened, Wrapped } from '../../hl7v2/messages/opened-message.ts';
import type { ReceivedMessage } from '../../hl7v2/received.ts';
import type { Remark } from '../../ports/inbound.ts';
import { LARGE, ownBytes, shareBytes } from '../../operations/heavy.ts';
import type { OperationContext } from '../../operations/context.ts';
import { remark } from '../fate.ts';
import type { InboundMessage, MessageKey } from '../inbound-message.ts';
import type { Carried } from './carried.ts';
import { fingerprintOf } from './fingerprint.ts';
import { openFrame, unwrapFrame, wrapFrame } from './message-bytes.ts';

export interface Incoming extends InboundMessage {
  readonly link: Link;
  readonly bytes: Uint8Array;
  /** How far times in the message may be ahead of its receipt, in milliseconds. */
  readonly toleranceMs: number;
  /** The message. Undefined when the bytes are no message, or when it is large and another thread reads it. */
  readonly message: Message | undefined;
  /** The envelope of {@link message}, read once. */
  readonly envelope: MessageEnvelope | undefined;
  readonly header: MessageHeader | undefined;
  /** The reason why the server does not even read it. */
  readonly barred: Remark | undefined;
  /** Of a large message, the digest that another thread made. */
  readonly fingerprint?: string | undefined;
  /** The mail that it came in; undefined for a message by itself. */
  readonly carried?: Carried | undefined;
}

/**
 * What the envelope of a message says. Never throws: what is no message is barred.
 *
 * @param opened of a large message, what was read elsewhere
 */
export function openIncoming(
  { link, bytes, address, header: recovered }: ReceivedMessage,
  receivedAt: number,
  toleranceMs: number,
  opened: Opened = openFrame(bytes, { zone: link.zone, receivedAt, toleranceMs }, link.charset, recovered),
): Incoming {
  const arrived = { link, bytes, address, receivedAt, toleranceMs };
  const nobody = { sender: undefined, receiver: onlyReceiver(link) };
  const { message, envelope, header, barred: unread } = opened;
  if (header === undefined)
    return { ...arrived, ...nobody, message, envelope, header, sentAt: undefined, barred: unread };
  const sender = organizationOf(link.senders, header.sendingFacility);
  const named = organizationOf(link.receivers, header.receivingFacility);
  const silent = header.receivingFacility === undefined;
  const receiver = named ?? (silent ? link.defaultReceiver : undefined);
  const barred =
    sender === undefined
      ? remark('not-your-move', 'E', 'MSH-4', `${shown(header.sendingFacility)} does not speak on this link`)
      : receiver === undefined && !silent
        ? remark(
            'not-your-move',
            'E',
            'MSH-6',
            `${shown(header.receivingFacility)} is not addressed on this link`,
          )
        : undefined;
  return {
    ...arrived,
    message,
    envelope,
    header,
    sentAt: header.sentAt,
    sender,
    receiver: barred === undefined ? receiver : (receiver ?? onlyReceiver(link)),
    barred,
  };
}

/** A message that a person corrected, in the mail that brought the first: sender, receiver and documents are the mail's. */
export const inItsMail = (
  corrected: Incoming,
  { sender, receiver, keeper, carried }: Incoming,
): Incoming => ({
  ...corrected,
  sender,
  receiver,
  keeper,
  barred: corrected.header === undefined ? corrected.barred : undefined,
  carried: carried && {
    ...carried,
    content: undefined,
    remarks: [],
    isFlagged: false,
    verdict: undefined,
  },
});

/** As {@link openIncoming}; a large message is opened off the main thread. */
export async function openArrived(
  { heavy }: OperationContext,
  received: ReceivedMessage,
  receivedAt: number,
  toleranceMs: number,
): Promise<Incoming> {
  const { link } = received;
  if (received.bytes.length < LARGE)
    return openIncoming({ ...received, bytes: ownBytes(received.bytes) }, receivedAt, toleranceMs);
  const bytes = shareBytes(received.bytes);
  const clock = { zone: link.zone, receivedAt, toleranceMs };
  const { fingerprint, ...opened } = await heavy(link.name, 'openFrame', bytes, clock, link.charset);
  const incoming = openIncoming({ ...received, bytes }, receivedAt, toleranceMs, {
    ...opened,
    message: undefined,
    envelope: undefined,
  });
  return { ...incoming, fingerprint };
}

/** A kept message, by the stored text of its Binary; a large one is unwrapped and opened off the main thread. */
export async function openArchived(
  { heavy }: OperationContext,
  text: string,
  link: Link,
  receivedAt: number,
  toleranceMs: number,
): Promise<Incoming> {
  const received = { link, address: undefined, signal: NEVER };
  if (text.length < LARGE)
    return openIncoming({ ...received, bytes: unwrapFrame(text) }, receivedAt, toleranceMs);
  const clock = { zone: link.zone, receivedAt, toleranceMs };
  const { bytes, fingerprint, ...opened } = await heavy(link.name, 'openKept', text, clock, link.charset);
  const incoming = openIncoming({ ...received, bytes }, receivedAt, toleranceMs, {
    ...opened,
    message: undefined,
    envelope: undefined,
  });
  return { ...incoming, fingerprint };
}

const NEVER = new AbortController().signal;

/** A frame taken apart; a large one off the main thread. */
export async function takeApart(
  { heavy }: OperationContext,
  link: string,
  bytes: Uint8Array,
): Promise<Batch | undefined> {
  return bytes.length < LARGE ? batchIn(bytes) : heavy(link, 'takeApart', shareBytes(bytes));
}

/** What a message means; of a large one, read off the main thread. */
export async function readIncoming(
  { heavy }: OperationContext,
  { link, bytes, message, envelope }: Incoming,
  { newId, ...context }: ReadingContext,
): Promise<MessageReading | UnreadMessage> {
  if (message !== undefined) return readMessage(message, { newId, ...context }, envelope);
  return heavy(link.name, 'readFrame', bytes, context, link.charset);
}

/** A message as it is kept; a large one is wrapped off the main thread. */
export async function wrapIncoming({ heavy }: OperationContext, { link, bytes }: Incoming): Promise<Wrapped> {
  return bytes.length < LARGE ? wrapFrame(bytes) : heavy(link.name, 'wrapFrame', bytes);
}

/** Who is asked about what names nobody: the default, or the only organization that the link reaches. */
export function onlyReceiver({ defaultReceiver, receivers }: Link): Ref | undefined {
  const organizations = new Set(receivers.map(({ organization }) => organization));
  const [only] = organizations;
  return defaultReceiver ?? (organizations.size === 1 ? only : undefined);
}

/** What came for a facility: whoever mends the link's list needs it. */
const shown = (facility: string | undefined): string =>
  facility === undefined ? 'a sender without a facility' : `facility "${facility.slice(0, SHOWN_MAX)}"`;

const SHOWN_MAX = 100;

const organizationOf = (facilities: readonly Facility[], name: string | undefined): Ref | undefined =>
  facilities.find(({ facility }) => facility === name)?.organization;

export function messageKeyOf({
  link,
  header,
  bytes,
  fingerprint = fingerprintOf(bytes),
}: Incoming): MessageKey {
  const { sendingApplication = '', sendingFacility = '', controlId = '' } = header ?? {};
  const scope = ['hl7v2', link.name, sendingApplication, sendingFacility].map(encodeURIComponent).join(':');
  return { scope, id: controlId === '' ? `content:${fingerprint}` : `id:${controlId}`, fingerprint };
}
