/**
 * One connection of a peer, from its first byte to its last. The server decides its messages one after the other, and
 * acknowledges each, in order, when its fate is on disk. A connection may live for months.
 */
import { isIPv6, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
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
import { buildBatchAnswer, isBatchAnswer } from '../../hl7v2/batch.ts';
import { encodeBytes } from '../../hl7v2/charset.ts';
import { readLocation } from '../../hl7v2/fault.ts';
import type { Link } from '../../hl7v2/link.ts';
import { encodeMessage } from '../../hl7v2/message.ts';
import { createDeframer, frame, type Frame } from '../../hl7v2/mllp.ts';
import type { Acknowledgment, Receive, TakeApart } from '../../hl7v2/received.ts';
import type { Remark } from '../../ports/inbound.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LinkCounters } from './link-status.ts';
import type { ConfiguredLink } from './settings.ts';
import type { Share } from './shares.ts';

export interface ConnectionSettings {
  /** Bytes of one message. */
  readonly messageBytesMax: number;
  /** Time within which a message that has begun must be complete. */
  readonly messageTimeoutMs: number;
  /** Time without any byte after which the server closes a connection; 0 for never. */
  readonly idleTimeoutMs: number;
  /** Bytes of answers that a peer may leave unread before the server cuts it off. */
  readonly unreadBytesMax: number;
}

export interface ConnectionParts {
  readonly receive: Receive;
  readonly takeApart: TakeApart;
  readonly counters: LinkCounters;
  readonly clock: Clock;
  /** A unique MSH-10 for our own messages. */
  readonly newControlId: () => string;
  readonly settings: ConnectionSettings;
  readonly log: (
    level: 'info' | 'warn',
    says: string,
    about: Readonly<Record<string, string | number>>,
  ) => void;
}

/** The links that this peer may be: by certificate when the link names one, else by address. */
export function recognise(socket: Socket, links: readonly ConfiguredLink[]): readonly Link[] {
  const address = socket.remoteAddress ?? '';
  const plain = address.replace(/^::ffff:/, '');
  const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.fingerprint256 : undefined;
  return links
    .filter(({ certificates, addresses }) =>
      certificates.length > 0
        ? shown !== undefined && certificates.includes(shown)
        : addresses.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4'),
    )
    .map(({ link }) => link);
}

/** A connection that is being served. */
export interface ServedConnection {
  /** Reads nothing more, answers the messages received, then closes. */
  drain(): Promise<void>;
}

/** Serves a recognised connection until it closes. */
export function serveConnection(
  socket: Socket,
  links: readonly Link[],
  parts: ConnectionParts,
  share: Share,
): ServedConnection {
  const { settings, counters: board, log } = parts;
  const [first] = links;
  if (first === undefined) throw new Error('a connection that is served is recognised');
  const ended = new AbortController();
  const deframer = createDeframer({ bytesMax: settings.messageBytesMax });
  let work: Promise<void> = Promise.resolve();
  let waiting = 0;
  let waitingBytes = 0;
  let timer: NodeJS.Timeout | undefined;

  board.connected(first.name, 1);
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
  socket.setTimeout(settings.idleTimeoutMs);
  // A peer that waits for its answer is not idle.
  socket.on('timeout', () => {
    if (waiting > 0) socket.setTimeout(settings.idleTimeoutMs);
    else socket.destroy();
  });

  socket.on('data', read);
  // A peer that has ended its side still reads: the server answers it before the connection ends.
  socket.on('end', () => void work.then(() => socket.end()));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    clearTimeout(timer);
    ended.abort();
    share.leave();
    board.connected(first.name, -1);
    const { bytesInside } = deframer.pending;
    if (bytesInside > 0)
      log('warn', 'a peer left in the middle of a message', { link: first.name, bytes: bytesInside });
  });

  return {
    async drain() {
      socket.off('data', read).pause();
      await work;
      // The server reads and acknowledges nothing that comes now; the peer sends it again, elsewhere or later.
      socket.end().resume();
      const lingering = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => clearTimeout(lingering));
    },
  };

  function read(chunk: Buffer): void {
    const frames = deframer.push(chunk);
    for (const found of frames) enqueue(found);
    watchHalfMessage(frames.length > 0);
    holdShare();
  }

  /**
   * Decides messages in order, one at a time. While a peer sends faster than that, the server stops reading from it.
   */
  function enqueue(found: Frame): void {
    const bytes = found.kind === 'message' ? found.bytes.length : 0;
    waiting += 1;
    waitingBytes += bytes;
    if (waiting >= WAITING_MAX) socket.pause();
    work = work
      .then(() => answer(found))
      .then(
        () => dequeue(bytes),
        (error: unknown) => {
          log('warn', 'a connection was ended', { link: first?.name ?? '', reason: String(error) });
          socket.destroy();
        },
      );
  }

  /** Bounds the memory of a peer before its messages say who it is: past its share, the connection ends. */
  function holdShare(): void {
    if (share.hold(deframer.pending.bytesInside + waitingBytes)) return;
    board.faulted(first?.name ?? '');
    log('warn', 'a peer held more than its share, and was cut off', { link: first?.name ?? '' });
    socket.destroy();
  }

  function dequeue(bytes: number): void {
    waiting -= 1;
    waitingBytes -= bytes;
    share.hold(deframer.pending.bytesInside + waitingBytes);
    if (waiting < WAITING_MAX) socket.resume();
  }

  /** Ends the connection when half a message is older than a message may take, however often a byte of it comes. */
  function watchHalfMessage(another: boolean): void {
    if (timer !== undefined && !another && deframer.pending.bytesInside > 0) return;
    clearTimeout(timer);
    timer = deframer.pending.bytesInside === 0 ? undefined : setTimeout(giveUp, settings.messageTimeoutMs);
  }

  /** While the server does not read from the peer, a half message is not the peer's fault. */
  function giveUp(): void {
    if (waiting >= WAITING_MAX) timer = setTimeout(giveUp, settings.messageTimeoutMs);
    else socket.destroy();
  }

  async function answer(found: Frame): Promise<void> {
    if (found.kind === 'garbage') {
      board.faulted(first?.name ?? '');
      return;
    }
    const replies = found.kind === 'message' ? await answerMessages(found.bytes) : refuseFrame(found);
    if (socket.destroyed) return;
    for (const reply of replies) socket.write(frame(reply));
    if (socket.writableLength > settings.unreadBytesMax) socket.destroy();
  }

  /** Decides and acknowledges each message of a batch by itself, one after the other; the answer is a batch again. */
  async function answerMessages(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    const batch = await parts.takeApart(first?.name ?? '', bytes);
    if (batch === undefined) return answerOne(bytes);
    if ('refused' in batch) return refuseUnopened(bytes, batch.refused);
    const answers: Uint8Array[][] = [];
    for (const { messages } of batch.groups) {
      const told: Uint8Array[] = [];
      for (const message of messages) told.push(...(await answerOne(message)));
      answers.push(told);
    }
    const messages = batch.groups.flatMap((group) => group.messages);
    // Two engines that answer each other's answers would never end.
    const isAnswer =
      messages.length === 0 ? isBatchAnswer(batch) : messages.every((one) => isAcknowledgment(one));
    if (isAnswer) return [];
    const isSilent = batch.file === undefined && batch.groups.every(({ header }) => header === undefined);
    if (isSilent && answers.flat().length === 0) return [];
    const { newControlId, clock } = parts;
    return [buildBatchAnswer(batch, { groups: answers, at: clock.now(), newControlId })];
  }

  async function answerOne(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    const arrived = { bytes, header: recoverHeader(bytes) };
    const link = linkOf(links, arrived);
    const decided = await decide(link, arrived);
    return isAcknowledgment(bytes, arrived.header) ? [] : buildReplies(link, arrived, decided, parts);
  }

  async function decide(link: Link, { bytes, header }: Arrived): Promise<Acknowledgment> {
    const address = socket.remoteAddress;
    const decided = await parts.receive({ link, bytes, header, address, signal: ended.signal });
    board.decided(link.name, decided.fate, parts.clock.now(), kindOf(header));
    return decided;
  }

  /**
   * Answers a frame that the server could not read. Only a message whose first segment is MSH says how to answer; in a
   * batch the first MSH is that of one message, which nobody has read.
   */
  function refuseUnopened(bytes: Uint8Array, refused: Acknowledgment): readonly Uint8Array[] {
    const head = firstSegmentOf(bytes);
    const arrived = { bytes: head, header: recoverHeader(head) };
    const link = linkOf(links, arrived);
    board.decided(link.name, refused.fate, parts.clock.now(), kindOf(arrived.header));
    return isAcknowledgment(bytes, arrived.header) ? [] : buildReplies(link, arrived, refused, parts);
  }

  function refuseFrame({ kind, head }: Extract<Frame, { readonly head: Uint8Array }>): readonly Uint8Array[] {
    const arrived = { bytes: head, header: recoverHeader(head) };
    const link = linkOf(links, arrived);
    board.faulted(link.name);
    if (isAcknowledgment(head, arrived.header)) return [];
    const refused: Acknowledgment = { fate: 'not-kept', code: 'AR', remarks: [FRAME_REMARKS[kind]] };
    return buildReplies(link, arrived, refused, parts);
  }
}

const KEEP_ALIVE_MS = 60_000;
/** Time for a peer to close its side after the server closed its own. */
const LINGER_MS = 1000;
/** Messages of one connection that are read ahead of the one being decided. */
const WAITING_MAX = 16;

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
function linkOf(links: readonly Link[], { header }: Arrived): Link {
  const facility = header.msh?.sendingFacility;
  const named = facility?.universalId ?? facility?.namespaceId;
  const [first] = links;
  if (first === undefined) throw new Error('a connection that is served is recognised');
  return links.find(({ senders }) => senders.some((sender) => sender.facility === named)) ?? first;
}

/**
 * The acknowledgments that the message asks for. Original mode has one, of the application. Enhanced mode has two: the
 * message is in safe storage, and its fate. The server knows both at the same time, and sends them in this order.
 */
function buildReplies(
  link: Link,
  { bytes: received, header }: Arrived,
  { code, remarks }: Acknowledgment,
  parts: ConnectionParts,
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
