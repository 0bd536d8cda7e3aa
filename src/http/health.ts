/**
 * What operators ask: is the process alive, may traffic come, how is it doing. Not FHIR and not hurried, so helmet sets
 * the security headers here; on FHIR responses `reply.ts` writes them itself, because helmet would cost a third of a read.
 */
import { timingSafeEqual } from 'node:crypto';
import { hostname } from 'node:os';
import { Router, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { StoreStatus } from '../ports/store.ts';
import { isLoopback, plainAddress, type AddressOf } from './address.ts';
import { outboxAgeMs, type Metrics } from './metrics.ts';
import { REALM } from './reply.ts';

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
  readonly addressOf: AddressOf;
  readonly now: () => number;
}

export function createHealth({
  status,
  isDraining,
  metrics,
  metricsToken,
  addressOf,
  now,
}: HealthParts): Router {
  const router = Router({ caseSensitive: true });
  router.use(helmet(), (_req, res, next) => {
    res.setHeader('Cache-Control', 'no-store');
    next();
  });

  router.get('/health/live', (_req, res) => {
    res.json({ status: 'alive' });
  });

  router.get('/health/ready', (_req, res) => {
    const { writable, queued, outboxWaiting, ...rest } = status();
    const ready = writable && !isDraining();
    res.status(ready ? 200 : 503).json({
      status: ready ? 'ready' : 'not-ready',
      writable,
      draining: isDraining(),
      queued,
      outboxWaiting,
      outboxOldestAgeMs: outboxAgeMs({ writable, queued, outboxWaiting, ...rest }, now()),
    });
  });

  router.get('/metrics', async (req: Request, res: Response) => {
    if (!mayReadMetrics(req)) {
      res.status(401).setHeader('WWW-Authenticate', REALM).json({ status: 'unauthorized' });
      return;
    }
    res.setHeader('Content-Type', metrics.contentType).end(await metrics.render());
  });

  return router;

  /** A proxy on this machine that is not named asks for others: what it adds to a request gives it away. */
  function isDirect(req: Request): boolean {
    const isNamed = addressOf(req) !== plainAddress(req.socket.remoteAddress);
    if (isNamed) return true;
    if (FORWARDING.some((name) => req.headers[name] !== undefined)) return false;
    return req.httpVersion !== '1.0' && isOwnName(req.headers.host);
  }

  function mayReadMetrics(req: Request): boolean {
    if (metricsToken === undefined) return isLoopback(addressOf(req)) && isDirect(req);
    const given = Buffer.from(req.headers.authorization ?? '');
    const wanted = Buffer.from(`Bearer ${metricsToken}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}
