/**
 * The listening socket: bound first, so that its port is known to what is built behind it; bounded in connections, head
 * and time; over TLS when files are named; drained when the server stops.
 */
import { readFileSync } from 'node:fs';
import {
  createServer as createPlain,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecure, type Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Headers } from './cors.ts';
import type { Traffic } from './exchange.ts';
import { earlyRefusal } from './reply.ts';

export interface ListenSettings {
  readonly host: string;
  readonly port: number;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsCa: string | undefined;
  readonly tlsMinVersion: '1.3' | '1.2';
  readonly urlBytesMax: number;
  readonly headersMax: number;
  readonly headerBytesMax: number;
  readonly requestTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly stalledTimeoutMs: number;
  readonly connectionsMax: number;
  readonly securityHeaders: Readonly<Headers>;
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
  const { securityHeaders } = settings;
  let app: RequestListener = (_req, res) => {
    res.writeHead(503, { 'Retry-After': 1, 'Content-Length': 0, ...securityHeaders }).end();
  };
  const server = createServer(settings, (req, res) => {
    const fault = faultOfHead(req);
    if (fault === undefined) app(req, res);
    else refuse(res, 400, fault, securityHeaders);
  });
  server.maxHeadersCount = settings.headersMax;
  server.maxConnections = settings.connectionsMax;
  server.timeout = settings.stalledTimeoutMs;
  server.on('clientError', (error: Error, socket: Socket) =>
    answerClientError(error, socket, securityHeaders),
  );
  server.on('checkExpectation', (_req, res: ServerResponse) =>
    refuse(res, 417, 'Expect must be 100-continue.', securityHeaders),
  );
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

/**
 * Header lines that stand once in a head (RFC 9112, 3.2; RFC 9110, 5.3). Node takes the first and passes over the others;
 * a gateway may take the last, and believe another caller or another body.
 */
const ONCE = ['host', 'authorization', 'content-type', 'if-modified-since'] as const;

/** What HTTP asks of every head, and Node does not look for; undefined when nothing is wrong. */
function faultOfHead({ headers, httpVersion, rawHeaders }: IncomingMessage): string | undefined {
  if (headers.host === undefined && httpVersion === '1.1') return 'A request has the header Host.';
  const twice = ONCE.find((name) => headers[name] !== undefined && isTwice(rawHeaders, name));
  return twice && `A request has the header ${twice} once.`;
}

/** @param lines names and values in turn */
function isTwice(lines: readonly string[], name: string): boolean {
  let times = 0;
  for (let at = 0; at < lines.length; at += 2) {
    const line = lines[at];
    if (line?.length === name.length && line.toLowerCase() === name) times += 1;
  }
  return times > 1;
}

/** Node would answer by itself what it checks before a request is handed on, and leave out our headers. */
function refuse(res: ServerResponse, status: number, says: string, securityHeaders: Readonly<Headers>): void {
  const [headers, text] = earlyRefusal(says, securityHeaders);
  res.writeHead(status, headers).end(text);
}

function createServer(settings: ListenSettings, listener: RequestListener): Server | SecureServer {
  const options: ServerOptions = {
    // A request line that is somewhat too long still reaches us, and gets an answer that says so.
    maxHeaderSize: settings.headerBytesMax + settings.urlBytesMax,
    requestTimeout: settings.requestTimeoutMs,
    headersTimeout: settings.headersTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    connectionsCheckingInterval: CHECK_MS,
    noDelay: true,
    requireHostHeader: false,
  };
  if (settings.tlsCert === undefined) return createPlain(options, listener);
  return createSecure({ ...options, ...readTls(settings) }, listener);
}

function readTls({ tlsCert = '', tlsKey = '', tlsCa, tlsMinVersion }: ListenSettings) {
  const cert = readFileSync(tlsCert);
  const key = readFileSync(tlsKey);
  const own = { cert, key, minVersion: `TLSv${tlsMinVersion}` } as const;
  if (tlsCa === undefined) return own;
  return { ...own, ca: readFileSync(tlsCa), requestCert: true, rejectUnauthorized: true };
}

/** What Node's parser refuses before there is a request. */
const PARSER_REFUSALS: Readonly<Record<string, readonly [status: string, says: string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'The head of the request is too long, or has too many lines.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
};

function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  securityHeaders: Readonly<Headers>,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [status, says] = PARSER_REFUSALS[error.code ?? ''] ?? ['400 Bad Request', 'This is not HTTP/1.1.'];
  const [headers, text] = earlyRefusal(says, securityHeaders);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`${[`HTTP/1.1 ${status}`, ...lines].join('\r\n')}\r\n\r\n${text}`);
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
