/**
 * One keep-alive HTTP/1.1 connection for load: one request at a time, whole texts in and out. It is far lighter than a
 * general client, so that on two cores the bench measures the server and not its client.
 */
import { connect, type Socket } from 'node:net';

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

/** @throws what connecting throws (ECONNREFUSED) */
export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return speak(socket);
}

function speak(socket: Socket): Connection {
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
      socket.write(textOf(exchange));
      return waiting.promise;
    },
    close: () => void socket.destroy(),
  };
}

function textOf({ method, path, token, contentType = 'application/fhir+json', body }: Exchange): string {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  const start = `${method} ${path} HTTP/1.1\r\nHost: bench\r\n${authorization}`;
  if (body === undefined) return `${start}\r\n`;
  return `${start}Content-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const END_OF_HEAD = '\r\n\r\n';
const LENGTH = /^content-length: *(\d+)/im;

/** The answer when all of it has arrived. Both measured servers send Content-Length. */
function readAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const begin = end + END_OF_HEAD.length;
  const length = Number(LENGTH.exec(head)?.[1] ?? 0);
  if (bytes.length < begin + length) return undefined;
  return { status: Number(head.slice(9, 12)), head, body: bytes.toString('utf8', begin, begin + length) };
}
