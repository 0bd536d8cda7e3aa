/**
 * Questions to name servers whose answers the system's resolver does not know: raw messages, by UDP or TCP. The operator
 * chooses the servers, so the guard does not judge them; what an answer names is judged before anything connects to it.
 */
import { createSocket } from 'node:dgram';
import { getServers } from 'node:dns';
import { connect, isIPv6 } from 'node:net';
import { ConnectionFailed, type AskNameServers } from '../ports/outgoing.ts';
import { failureOf } from './guard.ts';

interface NameServer {
  readonly host: string;
  readonly port: number;
}

interface NameServerSettings {
  /** Empty: those of the system. */
  readonly servers: readonly NameServer[];
  /** Time for one answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** Servers that one question goes to, one after the other. */
const SERVERS_MAX = 3;
/** Bytes of an answer by TCP: its length has two octets. */
const LENGTH_BYTES = 2;

export function createNameServers({ servers, timeoutMs }: NameServerSettings): AskNameServers {
  return async (query, way, accepts, signal) => {
    const known = servers.length > 0 ? servers : systemServers();
    let failure: unknown = new ConnectionFailed('unreachable');
    for (const server of known.slice(0, SERVERS_MAX)) {
      signal.throwIfAborted();
      const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        return await (way === 'udp' ? askByUdp : askByTcp)(server, query, accepts, within);
      } catch (error) {
        failure = error;
      }
    }
    throw new ConnectionFailed(failureOf(failure));
  };
}

const systemServers = (): readonly NameServer[] =>
  getServers().map((written) => {
    const [, bracketed, plain, port = '53'] =
      /^(?:\[(.+)\]|([^:]+|.*:.*:.*?))(?::(\d+))?$/.exec(written) ?? [];
    return { host: bracketed ?? plain ?? written, port: Number(port) };
  });

type Ask = (
  server: NameServer,
  query: Uint8Array,
  accepts: (answer: Uint8Array) => boolean,
  signal: AbortSignal,
) => Promise<Uint8Array>;

/** From a port that the system chooses anew; the socket is connected, so that it takes nothing of other addresses. */
const askByUdp: Ask = ({ host, port }, query, accepts, signal) => {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const abort = (): void => reject(new ConnectionFailed('timeout'));
  signal.addEventListener('abort', abort, { once: true });
  socket
    .on('error', reject)
    .on('message', (answer) => {
      if (accepts(answer)) resolve(answer);
    })
    .once('connect', () => socket.send(query));
  socket.connect(port, host);
  return promise.finally(() => {
    signal.removeEventListener('abort', abort);
    socket.close();
  });
};

const askByTcp: Ask = async ({ host, port }, query, accepts, signal) => {
  const socket = connect({ host, port }).on('error', () => undefined); // told where it is read
  const abort = (): void => void socket.destroy(new ConnectionFailed('timeout'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
    let got = Buffer.alloc(0);
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      got = Buffer.concat([got, chunk]);
      if (got.length < LENGTH_BYTES) continue;
      const end = LENGTH_BYTES + got.readUInt16BE(0);
      if (got.length < end) continue;
      const answer = got.subarray(LENGTH_BYTES, end);
      if (!accepts(answer)) throw new ConnectionFailed('refused');
      return answer;
    }
    throw new ConnectionFailed('unreachable');
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
};
