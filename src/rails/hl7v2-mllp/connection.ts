/**
 * One connection of a peer, from its first byte to its last. The server answers its frames in order, one at a time. A
 * connection may live for months.
 */
import type { Socket } from 'node:net';
import type { Link } from '../../hl7v2/link.ts';
import { createDeframer, frame, type Frame } from '../../hl7v2/mllp.ts';
import { answerFrame, type AnsweredPeer, type AnsweringParts } from './answer-frame.ts';
import { createFrameQueue, type FrameQueue } from './frame-queue.ts';
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

export interface ConnectionParts extends AnsweringParts {
  readonly settings: ConnectionSettings;
  readonly log: (
    level: 'info' | 'warn',
    says: string,
    about: Readonly<Record<string, string | number>>,
  ) => void;
}

/** A connection that is being served. */
export interface ServedConnection {
  /** Reads nothing more, answers the messages received, then closes. */
  drain(): Promise<void>;
}

/** What the functions of a connection work with. */
interface Connection {
  readonly socket: Socket;
  /** The name of the peer's first link, for logs and counts. */
  readonly name: string;
  readonly peer: AnsweredPeer;
  readonly parts: ConnectionParts;
  readonly share: Share;
  readonly deframer: ReturnType<typeof createDeframer>;
  /** Ends a half message that takes too long. */
  halfMessage: NodeJS.Timeout | undefined;
}

/** Serves a recognised connection until it closes. */
export function serveConnection(
  socket: Socket,
  links: readonly Link[],
  parts: ConnectionParts,
  share: Share,
): ServedConnection {
  const [first, ...others] = links;
  if (first === undefined) throw new Error('a connection that is served is recognised');
  const ended = new AbortController();
  const connection: Connection = {
    socket,
    name: first.name,
    peer: { links: [first, ...others], address: socket.remoteAddress, signal: ended.signal },
    parts,
    share,
    deframer: createDeframer({ bytesMax: parts.settings.messageBytesMax }),
    halfMessage: undefined,
  };
  const queue = createFrameQueue({
    answer: (found) => answer(connection, found),
    failed: (error) => endWith(connection, error),
    left: () => leaveQueue(connection, queue),
  });
  const read = (chunk: Buffer): void => readChunk(connection, queue, chunk);

  parts.counters.connected(first.name, 1);
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
  socket.setTimeout(parts.settings.idleTimeoutMs);
  socket.on('timeout', () => endIdle(connection, queue));
  socket.on('data', read);
  // A peer that has ended its side still reads: the server answers it before the connection ends.
  socket.on('end', () => void queue.answered().then(() => socket.end()));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    ended.abort();
    close(connection);
  });
  return { drain: () => drain(connection, queue, read) };
}

const KEEP_ALIVE_MS = 60_000;
/** Time for a peer to close its side after the server closed its own. */
const LINGER_MS = 1000;
/** Messages of one connection that are read ahead of the one being decided. */
const WAITING_MAX = 16;

/** While a peer sends faster than its messages are decided, the server stops reading from it. */
function readChunk(connection: Connection, queue: FrameQueue, chunk: Buffer): void {
  const frames = connection.deframer.push(chunk);
  for (const found of frames) queue.add(found);
  if (queue.waiting.frames >= WAITING_MAX) connection.socket.pause();
  watchHalfMessage(connection, queue, frames.length > 0);
  holdShare(connection, queue);
}

async function answer({ socket, peer, parts }: Connection, found: Frame): Promise<void> {
  const replies = await answerFrame(peer, found, parts);
  if (socket.destroyed) return;
  for (const reply of replies) socket.write(frame(reply));
  if (socket.writableLength > parts.settings.unreadBytesMax) socket.destroy();
}

function endWith({ socket, name, parts }: Connection, error: unknown): void {
  parts.log('warn', 'a connection was ended', { link: name, reason: String(error) });
  socket.destroy();
}

function leaveQueue({ socket, share, deframer }: Connection, { waiting }: FrameQueue): void {
  share.hold(deframer.pending.bytesInside + waiting.bytes);
  if (waiting.frames < WAITING_MAX) socket.resume();
}

/** Bounds the memory of a peer before its messages say who it is: past its share, the connection ends. */
function holdShare({ socket, name, parts, share, deframer }: Connection, { waiting }: FrameQueue): void {
  if (share.hold(deframer.pending.bytesInside + waiting.bytes)) return;
  parts.counters.faulted(name);
  parts.log('warn', 'a peer held more than its share, and was cut off', { link: name });
  socket.destroy();
}

/** Ends the connection when half a message is older than a message may take, however often a byte of it comes. */
function watchHalfMessage(connection: Connection, queue: FrameQueue, another: boolean): void {
  const { halfMessage, deframer, parts } = connection;
  const isHalf = deframer.pending.bytesInside > 0;
  if (halfMessage !== undefined && !another && isHalf) return;
  clearTimeout(halfMessage);
  connection.halfMessage = isHalf
    ? setTimeout(() => giveUp(connection, queue), parts.settings.messageTimeoutMs)
    : undefined;
}

/** While the server does not read from the peer, a half message is not the peer's fault. */
function giveUp(connection: Connection, queue: FrameQueue): void {
  const { messageTimeoutMs } = connection.parts.settings;
  if (queue.waiting.frames >= WAITING_MAX)
    connection.halfMessage = setTimeout(() => giveUp(connection, queue), messageTimeoutMs);
  else connection.socket.destroy();
}

/** A peer that waits for its answer is not idle. */
function endIdle({ socket, parts }: Connection, { waiting }: FrameQueue): void {
  if (waiting.frames > 0) socket.setTimeout(parts.settings.idleTimeoutMs);
  else socket.destroy();
}

function close({ name, parts, share, deframer, halfMessage }: Connection): void {
  clearTimeout(halfMessage);
  share.leave();
  parts.counters.connected(name, -1);
  const { bytesInside } = deframer.pending;
  if (bytesInside > 0)
    parts.log('warn', 'a peer left in the middle of a message', { link: name, bytes: bytesInside });
}

async function drain(
  { socket }: Connection,
  queue: FrameQueue,
  read: (chunk: Buffer) => void,
): Promise<void> {
  socket.off('data', read).pause();
  await queue.answered();
  // The server reads and acknowledges nothing that comes now; the peer sends it again, elsewhere or later.
  socket.end().resume();
  const lingering = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(lingering));
}
