/**
 * The listening socket: bound first, so that its port is known to what is built behind it; bounded in connections, head
 * and time; over TLS when files are named; drained when the server stops.
 */
import { readFileSync } from 'node:fs';
import {
  createServer as createPlain,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import { createServer as createSecure, type Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Traffic } from './exchange.ts';
import { rawRefusal } from './reply.ts';

export interface ListenSettings {
  readonly host: string;
  readonly port: number;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsCa: string | undefined;
  readonly urlBytesMax: number;
  readonly headersMax: number;
  readonly headerBytesMax: number;
  readonly requestTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly stalledTimeoutMs: number;
  readonly connectionsMax: number;
}

interface Listener {
  readonly port: number;
  /** From now on requests are answered; until then they get 503. */
  serve(app: RequestListener): void;
  /** Reads the certificate files again; throws when they do not fit, and goes on with the old ones. */
  reloadTls(): void;
  /**
   * Takes no new connection, lets what is in flight finish for at most `drainMs`, then cuts it. Resolves when all
   * connections are closed.
   */
  drain(drainMs: number): Promise<void>;
}

/** How often a timeout is looked for; the precision of the two arrival timeouts. */
const CHECK_MS = 1000;

/** @throws what binding throws (EADDRINUSE), or what is wrong with the TLS files */
export async function listen(settings: ListenSettings, traffic: Traffic): Promise<Listener> {
  let app: RequestListener = answerNotYet;
  const server = createServer(settings, (req, res) => app(req, res));
  server.maxHeadersCount = settings.headersMax;
  server.maxConnections = settings.connectionsMax;
  server.timeout = settings.stalledTimeoutMs;
  server.on('clientError', answerClientError);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, settings.host, () => resolve(server.off('error', reject) && undefined));
  });
  return {
    port: (server.address() as AddressInfo).port, // a TCP server that listens has one
    serve(next) {
      app = next;
    },
    reloadTls() {
      if ('setSecureContext' in server) server.setSecureContext(readTls(settings));
    },
    drain: (drainMs) => drain(server, traffic, drainMs),
  };
}

const answerNotYet: RequestListener = (_req, res) => {
  res.writeHead(503, { 'Retry-After': 1, 'Content-Length': 0 }).end();
};

function createServer(settings: ListenSettings, listener: RequestListener): Server | SecureServer {
  const options: ServerOptions = {
    // A request line that is somewhat too long still reaches us, and gets an answer that says so.
    maxHeaderSize: settings.headerBytesMax + settings.urlBytesMax,
    requestTimeout: settings.requestTimeoutMs,
    headersTimeout: settings.headersTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    connectionsCheckingInterval: CHECK_MS,
    noDelay: true,
  };
  if (settings.tlsCert === undefined) return createPlain(options, listener);
  return createSecure({ ...options, ...readTls(settings) }, listener);
}

function readTls({ tlsCert = '', tlsKey = '', tlsCa }: ListenSettings) {
  const cert = readFileSync(tlsCert);
  const key = readFileSync(tlsKey);
  if (tlsCa === undefined) return { cert, key, minVersion: 'TLSv1.2' as const };
  const ca = readFileSync(tlsCa);
  return { cert, key, ca, minVersion: 'TLSv1.2' as const, requestCert: true, rejectUnauthorized: true };
}

/** What Node's parser refuses before there is a request. */
const PARSER_REFUSALS: Readonly<Record<string, readonly [status: string, says: string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'The head of the request is too long, or has too many lines.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
};

function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [status, says] = PARSER_REFUSALS[error.code ?? ''] ?? ['400 Bad Request', 'This is not HTTP/1.1.'];
  socket.end(rawRefusal(status, says));
}

async function drain(server: Server, traffic: Traffic, drainMs: number): Promise<void> {
  traffic.draining = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), drainMs);
  // A connection that becomes idle while others still work is not closed by close() alone.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearTimeout(cut);
  clearInterval(sweep);
}
