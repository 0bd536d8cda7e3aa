/**
 * The sending side: one connection per peer, with one message in flight; the peer answers each by the acknowledgment
 * that names its control id (MSA-2). A peer that is down, slow or answers nonsense holds up nobody else.
 */
import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Ref } from '../../fhir/types.ts';
import { recoverHeader } from '../../hl7v2/ack.ts';
import { decodeMessage, firstSegment, parseMessage } from '../../hl7v2/message.ts';
import { createDeframer, frame } from '../../hl7v2/mllp.ts';
import { readMsa } from '../../hl7v2/segments/msa.ts';
import { ConnectionFailed, type Destination } from '../../ports/outgoing.ts';

/** A peer's answer to one message. */
export interface Acknowledged {
  /** MSA-1. */
  readonly code: string;
  /** MSA-3, when it has a text. */
  readonly says: string | undefined;
  /** SHA-256 of the acknowledgment, in hex. */
  readonly hash: string;
}

export interface PeerSettings {
  /** Makes a guarded connection. @throws ConnectionFailed */
  readonly connect: (destination: Destination, signal: AbortSignal) => Promise<Socket>;
  /** Bytes of one acknowledgment. */
  readonly replyBytesMax: number;
}

export interface Peers {
  /**
   * Sends one message and waits for its acknowledgment, or without `waits` until the message is written.
   *
   * @throws ConnectionFailed when the connection cannot be made, breaks, or `signal` aborts first: the message may have
   * arrived
   */
  send(message: OutgoingMessage, signal: AbortSignal): Promise<Acknowledged | undefined>;
  close(): void;
}

export interface OutgoingMessage {
  /** `mllp://host:port` or `mllps://host:port`. */
  readonly address: string;
  /** The organization that runs the engine. */
  readonly organization: Ref | undefined;
  readonly bytes: Uint8Array;
  /** MSH-10. */
  readonly controlId: string;
  readonly waits: boolean;
}

export function createPeers(settings: PeerSettings): Peers {
  const lines = new Map<string, Line>();
  return {
    send({ address, organization, ...message }, signal) {
      // The guard may allow a place to one organization and not to another, so each has its own connection.
      const key = `${organization ?? ''} ${address}`;
      let line = lines.get(key);
      if (line === undefined) {
        line = createLine({ purpose: 'hl7v2-mllp', address, organization }, settings);
        lines.set(key, line);
      }
      return line.send(message, signal);
    },
    close() {
      for (const line of lines.values()) line.close();
      lines.clear();
    },
  };
}

type Message = Omit<OutgoingMessage, 'address' | 'organization'>;

interface Line {
  send(message: Message, signal: AbortSignal): Promise<Acknowledged | undefined>;
  close(): void;
}

/** One peer: its connection, if any, and the callers that wait for their turn on it. */
function createLine(destination: Destination, settings: PeerSettings): Line {
  let socket: Socket | undefined;
  let connectedAt = 0;
  let turn: Promise<unknown> = Promise.resolve();

  return {
    send(message, signal) {
      const sent = turn.then(() => sendAlone(message, signal));
      turn = sent.catch(() => undefined);
      return sent;
    },
    close: () => void socket?.destroy(),
  };

  async function sendAlone(
    { bytes, controlId, waits }: Message,
    signal: AbortSignal,
  ): Promise<Acknowledged | undefined> {
    if (signal.aborted) throw new ConnectionFailed('timeout');
    const used = await connection(signal);
    // A connection whose answer nobody waited for is not used again, so that a late answer meets no other message.
    const abort = (): void => void used.destroy();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const answer = waits ? acknowledgmentOf(used, controlId, settings) : undefined;
      // The code below awaits its rejection; until then, while the message is written, it must not count as unhandled.
      answer?.catch(() => undefined);
      await write(used, frame(bytes));
      return await answer;
    } catch {
      throw new ConnectionFailed(signal.aborted ? 'timeout' : 'unreachable');
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** The open connection; after a while a new one, for which the guard judges the address again. */
  async function connection(signal: AbortSignal): Promise<Socket> {
    const isFresh = performance.now() - connectedAt < POOLED_MS;
    if (socket?.writable === true && !socket.destroyed && isFresh) return socket;
    socket?.destroy();
    const made = await settings.connect(destination, signal);
    made.on('error', () => made.destroy());
    // The connection is read even while nobody waits, so that a close by the peer is seen.
    socket = made.setKeepAlive(true, KEEP_ALIVE_MS).setNoDelay(true).resume();
    connectedAt = performance.now();
    return socket;
  }
}

/** The time for which a connection is used again; afterwards the guard resolves and judges the name anew. */
const POOLED_MS = 60_000;

const KEEP_ALIVE_MS = 60_000;

function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** The acknowledgment that names this control id; late ones, of messages given up, are skipped. */
function acknowledgmentOf(socket: Socket, controlId: string, settings: PeerSettings): Promise<Acknowledged> {
  const deframer = createDeframer({ bytesMax: settings.replyBytesMax });
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      for (const found of deframer.push(chunk)) {
        const answer = found.kind === 'message' ? readAcknowledgment(found.bytes, controlId) : undefined;
        if (answer !== undefined) settle(() => resolve(answer));
      }
    };
    const closed = (): void =>
      settle(() => reject(new Error('the peer closed the connection without an acknowledgment')));
    const settle = (then: () => void): void => {
      socket.off('data', read).off('close', closed);
      then();
    };
    socket.on('data', read).once('close', closed);
  });
}

function readAcknowledgment(bytes: Uint8Array, controlId: string): Acknowledged | undefined {
  if (recoverHeader(bytes).msh === undefined) return undefined;
  try {
    const msa = firstSegment(parseMessage(decodeMessage(bytes).text), 'MSA');
    if (msa === undefined) return undefined;
    const { acknowledgmentCode, messageControlId, textMessage } = readMsa(msa);
    if (messageControlId !== controlId) return undefined;
    return { code: acknowledgmentCode ?? '', says: textMessage, hash: hash('sha256', bytes, 'hex') };
  } catch {
    return undefined; // nonsense is no acknowledgment; the wait goes on until its time is over
  }
}
