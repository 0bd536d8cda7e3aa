/** A receiver of notifications on this machine that behaves as it is told, badly if need be. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Receiver {
  readonly port: number;
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** Answers one request; the body was read. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export const answer =
  (status: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(status, headers).end('{}');

/** Each request gets the next answer; the last one answers all that follow. */
export async function openReceiver(
  answers: readonly Answer[],
  tls?: { key: string; cert: string },
): Promise<Receiver> {
  const received: Received[] = [];
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const reply = answers[Math.min(received.length, answers.length - 1)];
      received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() });
      reply?.(request, response);
    });
  };
  const server = tls === undefined ? createServer(listen) : createTlsServer(tls, listen);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
