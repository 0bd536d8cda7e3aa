/** What operators ask: is the process alive, may traffic come, how is it doing; and with which keys it signs. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { Router } from 'express';
import type { StoreStatus } from '../ports/store.ts';
import { isLoopback, plainIp, type ClientIpOf } from './client-ip.ts';
import type { Headers } from './cors.ts';
import { outboxAgeMs, type Metrics } from './metrics.ts';
import { REALM } from './reply.ts';
import { isSameSecret } from '../identity/same-secret.ts';

/** Headers by which proxies say for whom they ask (RFC 7239, RFC 9110 7.6.3, and what came before them). */
const FORWARDING: readonly string[] = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];

/** A name by which this machine calls itself; any other came from outside, by a proxy or by a page in a browser. */
function isOwnName(host = ''): boolean {
  const name = URL.parse(`http://${host}`)?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '';
  return OWN_NAMES.has(name) || isLoopback(name);
}

const OWN_NAMES: ReadonlySet<string> = new Set(['localhost', '0.0.0.0', '::', hostname().toLowerCase()]);

interface HealthParts {
  readonly status: () => StoreStatus;
  readonly isDraining: () => boolean;
  readonly metrics: Metrics;
  /** Undefined: only this machine reads the metrics. */
  readonly metricsToken: string | undefined;
  readonly clientIpOf: ClientIpOf;
  readonly now: () => number;
  /** How far the machine's clock is behind the time of the server, in milliseconds. */
  readonly clockBehindMs: () => number;
  readonly securityHeaders: Readonly<Headers>;
  /** The public halves of the keys that sign audit packages (RFC 7517). */
  readonly publishedKeys: () => readonly object[];
}

export function createHealth({
  status,
  isDraining,
  metrics,
  metricsToken,
  clientIpOf,
  now,
  clockBehindMs,
  securityHeaders,
  publishedKeys,
}: HealthParts): Router {
  const router = Router({ caseSensitive: true });
  router.get('/health/live', (_req, res) => sendJson(res, 200, { status: 'alive' }));

  router.get('/health/ready', (_req, res) => {
    const { writable, queued, outboxWaiting, ...rest } = status();
    const isLate = clockBehindMs() > CLOCK_BEHIND_MAX_MS;
    const ready = writable && !isDraining() && !isLate;
    sendJson(res, ready ? 200 : 503, {
      status: ready ? 'ready' : 'not-ready',
      writable,
      draining: isDraining(),
      queued,
      outboxWaiting,
      outboxOldestAgeMs: outboxAgeMs({ writable, queued, outboxWaiting, ...rest }, now()),
      ...(isLate ? { why: 'clock-behind' } : whyOf(rest)),
    });
  });

  router.get('/.well-known/jwks.json', (_req, res) => sendJson(res, 200, { keys: publishedKeys() }));

  router.get('/metrics', async (req, res) => {
    if (!mayReadMetrics(req, { metricsToken, clientIpOf })) {
      sendJson(res, 401, { status: 'unauthorized' }, { 'WWW-Authenticate': REALM });
      return;
    }
    send(res, 200, await metrics.render(), { 'Content-Type': metrics.contentType });
  });

  return router;

  function sendJson(res: ServerResponse, status: number, content: object, more: Headers = {}): void {
    send(res, status, JSON.stringify(content), {
      ...more,
      'Content-Type': 'application/json; charset=utf-8',
    });
  }

  function send(res: ServerResponse, status: number, text: string, headers: Headers): void {
    const length = Buffer.byteLength(text);
    res.writeHead(status, { ...securityHeaders, ...headers, 'Content-Length': length }).end(text);
  }
}

/** How far the machine's clock may be behind the time of the last commit (baa-messaging BA5). */
const CLOCK_BEHIND_MAX_MS = 5_000;

/** What holds up the database that keeps the log, where something does. */
function whyOf({ taken, silentSince }: Pick<StoreStatus, 'taken' | 'silentSince'>): {
  readonly why?: string;
} {
  if (taken === true) return { why: 'database-taken' };
  return silentSince === undefined ? {} : { why: 'database-silent' };
}

/** A proxy on this machine that is not named asks for others: what it adds to a request gives it away. */
function isDirect(req: IncomingMessage, clientIpOf: ClientIpOf): boolean {
  const isNamed = clientIpOf(req) !== plainIp(req.socket.remoteAddress);
  if (isNamed) return true;
  if (FORWARDING.some((name) => req.headers[name] !== undefined)) return false;
  return req.httpVersion !== '1.0' && isOwnName(req.headers.host);
}

function mayReadMetrics(
  req: IncomingMessage,
  { metricsToken, clientIpOf }: Pick<HealthParts, 'metricsToken' | 'clientIpOf'>,
): boolean {
  if (metricsToken === undefined) return isLoopback(clientIpOf(req)) && isDirect(req, clientIpOf);
  return isSameSecret(req.headers.authorization ?? '', `Bearer ${metricsToken}`);
}
