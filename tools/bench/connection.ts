/**
 * One keep-alive HTTP/1.1 connection for load: one request at a time, whole texts in and out. It is far lighter than a
 * general client, so that on two cores the bench measures the server and not its client.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

export interface Answer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: string;
}

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Path and query. */
  readonly path: string;
  readonly token?: string | undefined;
  readonly contentType?: string;
  readonly body?: string;
}

export interface Connection {
  /** Rejects when the connection breaks; the connection is then useless. */
  send(exchange: Exchange): Promise<Answer>;
  close(): void;
}

/** How long a server that is not the bench's own may be silent. */
const SILENT_MAX_MS = 60_000;

/**
 * @param to the port of a server of the bench, or the address of any other
 * @throws what connecting throws (ECONNREFUSED)
 */
export async function openConnection(to: number | string): Promise<Connection> {
  const { socket, ready, head } = typeof to === 'number' ? openOwn(to) : openOther(new URL(to));
  await new Promise<void>((resolve, reject) => {
    socket.once(ready, resolve);
    socket.once('error', reject);
  });
  return speak(socket, head);
}

interface Opening {
  readonly socket: Socket;
  /** The event after which requests may be sent. */
  readonly ready: string;
  /** Headers of every request. */
  readonly head: string;
}

const openOwn = (port: number): Opening => ({
  socket: connect({ port, host: '127.0.0.1', noDelay: true }),
  ready: 'connect',
  head: 'Host: bench',
});

function openOther({ protocol, hostname, port, host }: URL): Opening {
  const isSecure = protocol === 'https:';
  const at = {
    port: Number(port === '' ? (isSecure ? 443 : 80) : port),
    host: hostname.replaceAll(/[[\]]/g, ''),
  };
  const socket = isSecure ? connectSecurely({ ...at, servername: hostname }) : connect(at);
  socket.setNoDelay(true);
  socket.setTimeout(SILENT_MAX_MS, () => socket.destroy(new Error(`no answer within ${SILENT_MAX_MS} ms`)));
  const head = `Host: ${host}\r\nAccept: application/fhir+json`;
  return { socket, ready: isSecure ? 'secureConnect' : 'connect', head };
}

function speak(socket: Socket, head: string): Connection {
  let received: Buffer | undefined;
  let waiting: PromiseWithResolvers<Answer> | undefined;

  const fail = (error: Error): void => {
    waiting?.reject(error);
    waiting = undefined;
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (chunk) => {
    received = received === undefined ? chunk : Buffer.concat([received, chunk]);
    const answer = readAnswer(received);
    if (answer === undefined) return;
    received = undefined;
    const answered = waiting;
    waiting = undefined;
    answered?.resolve(answer);
  });

  return {
    send(exchange) {
      waiting = Promise.withResolvers();
      socket.write(textOf(exchange, head));
      return waiting.promise;
    },
    close: () => void socket.destroy(),
  };
}

function textOf(
  { method, path, token, contentType = 'application/fhir+json', body }: Exchange,
  headers: string,
): string {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  const start = `${method} ${path} HTTP/1.1\r\n${headers}\r\n${authorization}`;
  if (body === undefined) return `${start}\r\n`;
  return `${start}Content-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const END_OF_HEAD = '\r\n\r\n';
const LENGTH = /^content-length: *(\d+)/im;

const CHUNKED = /^transfer-encoding: *chunked/im;

/** The answer when all of it has arrived. The bench's own servers send Content-Length; others may send chunks. */
function readAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const begin = end + END_OF_HEAD.length;
  const status = Number(head.slice(9, 12));
  const given = LENGTH.exec(head)?.[1];
  if (given === undefined && CHUNKED.test(head)) {
    const body = readChunks(bytes, begin);
    return body === undefined ? undefined : { status, head, body };
  }
  const length = Number(given ?? 0);
  if (bytes.length < begin + length) return undefined;
  return { status, head, body: bytes.toString('utf8', begin, begin + length) };
}

const LINE_END = '\r\n';

/** The body of an answer in chunks (RFC 9112, 7.1) without trailers; undefined until the last has arrived. */
function readChunks(bytes: Buffer, begin: number): string | undefined {
  const pieces: Buffer[] = [];
  for (let at = begin; ;) {
    const end = bytes.indexOf(LINE_END, at);
    if (end < 0) return undefined;
    const length = Number.parseInt(bytes.toString('latin1', at, end), 16);
    const from = end + LINE_END.length;
    at = from + length + LINE_END.length;
    if (bytes.length < at) return undefined;
    if (length === 0) return Buffer.concat(pieces).toString('utf8');
    pieces.push(bytes.subarray(from, from + length));
  }
}
