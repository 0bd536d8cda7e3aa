/**
 * The sending side: one connection per peer, one message in flight on it, each answered by the acknowledgment that names
 * its control id (MSA-2). Peers that are down, slow or answer nonsense hold up nobody else.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { recoverHeader } from '../../hl7v2/ack.ts';
import { decodeMessage, first, parseMessage } from '../../hl7v2/message.ts';
import { createDeframer, frame } from '../../hl7v2/mllp.ts';
import { readMsa } from '../../hl7v2/segments/msa.ts';
import type { TlsFiles } from './settings.ts';

/** What a peer said of one message. */
export interface Acknowledged {
  /** MSA-1. */
  readonly code: string;
  /** MSA-3, when it says something. */
  readonly says: string | undefined;
}

export interface PeerSettings {
  readonly connectTimeoutMs: number;
  /** Bytes of one acknowledgment. */
  readonly replyBytesMax: number;
  /** Our own certificate, and the authorities that peers' certificates must be of; undefined for the system's. */
  readonly tls: TlsFiles | undefined;
}

export interface Peers {
  /**
   * Sends one message and waits for its acknowledgment; without `waits`, until it is written.
   *
   * @throws Error when the connection cannot be made, breaks, or `signal` aborts first: the message may have arrived
   */
  send(message: Outgoing, signal: AbortSignal): Promise<Acknowledged | undefined>;
  close(): void;
}

export interface Outgoing {
  /** `mllp://host:port` or `mllps://host:port`. */
  readonly address: string;
  readonly bytes: Uint8Array;
  /** MSH-10. */
  readonly controlId: string;
  readonly waits: boolean;
}

const PROTOCOLS: Readonly<Record<string, boolean>> = { 'mllp:': false, 'mllps:': true };

/** Host, port and whether TLS; undefined for an address that is none of this rail. */
export function parseAddress(address: string) {
  const url = URL.parse(address);
  const secure = url === null ? undefined : PROTOCOLS[url.protocol];
  const port = Number(url?.port);
  if (url === null || secure === undefined || !(port > 0) || url.hostname === '') return undefined;
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, secure };
}

export function createPeers(settings: PeerSettings): Peers {
  const lines = new Map<string, Line>();
  return {
    send({ address, ...message }, signal) {
      let line = lines.get(address);
      if (line === undefined) {
        line = createLine(address, settings);
        lines.set(address, line);
      }
      return line.send(message, signal);
    },
    close() {
      for (const line of lines.values()) line.close();
      lines.clear();
    },
  };
}

interface Line {
  send(message: Omit<Outgoing, 'address'>, signal: AbortSignal): Promise<Acknowledged | undefined>;
  close(): void;
}

/** One peer: its connection while there is one, and whoever waits for their turn on it. */
function createLine(address: string, settings: PeerSettings): Line {
  let socket: Socket | undefined;
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
    { bytes, controlId, waits }: Omit<Outgoing, 'address'>,
    signal: AbortSignal,
  ): Promise<Acknowledged | undefined> {
    signal.throwIfAborted();
    if (socket === undefined || socket.destroyed || !socket.writable)
      socket = await connectTo(address, settings, signal);
    const used = socket;
    // A connection whose answer was not waited for to its end is used no more: a late answer meets nobody.
    const abort = (): void => void used.destroy();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const answer = waits ? acknowledgmentOf(used, controlId, settings) : undefined;
      // Its rejection is awaited below, but must not be unhandled while the message is written.
      answer?.catch(() => undefined);
      await write(used, frame(bytes));
      return await answer;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

async function connectTo(address: string, settings: PeerSettings, signal: AbortSignal): Promise<Socket> {
  const place = parseAddress(address);
  if (place === undefined) throw new Error('the address is not mllp://host:port');
  const socket = place.secure ? connectTls({ ...place, ...tlsOf(settings.tls) }) : connect(place);
  const abort = (): void => void socket.destroy();
  const timer = setTimeout(abort, settings.connectTimeoutMs);
  signal.addEventListener('abort', abort, { once: true });
  socket.on('error', abort);
  try {
    await new Promise<void>((resolve, reject) => {
      socket
        .once(place.secure ? 'secureConnect' : 'connect', resolve)
        .once('error', reject)
        .once('close', () => reject(new Error('the connection was not made')));
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
  // Read from even while nothing is awaited, so that it is seen when the peer closes.
  return socket.setKeepAlive(true, KEEP_ALIVE_MS).setNoDelay(true).resume();
}

const KEEP_ALIVE_MS = 60_000;

const tlsOf = (tls: TlsFiles | undefined) =>
  tls === undefined
    ? {}
    : {
        cert: readFileSync(tls.cert),
        key: readFileSync(tls.key),
        ...(tls.ca !== undefined && { ca: readFileSync(tls.ca) }),
      };

function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** The acknowledgment that names this control id; others (late ones, of messages given up) are passed over. */
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
    const msa = first(parseMessage(decodeMessage(bytes).text), 'MSA');
    if (msa === undefined) return undefined;
    const { acknowledgmentCode, messageControlId, textMessage } = readMsa(msa);
    return messageControlId === controlId ? { code: acknowledgmentCode ?? '', says: textMessage } : undefined;
  } catch {
    return undefined; // nonsense is no acknowledgment; the wait goes on until its time is over
  }
}
