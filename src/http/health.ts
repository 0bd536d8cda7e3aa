/**
 * What operators ask: is the process alive, may traffic come, how is it doing. Not FHIR and not hurried, so helmet sets
 * the security headers here; on FHIR responses `reply.ts` writes them itself, because helmet would cost a third of a read.
 */
import { timingSafeEqual } from 'node:crypto';
import { Router, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { StoreStatus } from '../ports/store.ts';
import { isLoopback, type AddressOf } from './address.ts';
import { outboxAgeMs, type Metrics } from './metrics.ts';
import { REALM } from './reply.ts';

export interface HealthParts {
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

  function mayReadMetrics(req: Request): boolean {
    if (metricsToken === undefined) return isLoopback(addressOf(req));
    const given = Buffer.from(req.headers.authorization ?? '');
    const wanted = Buffer.from(`Bearer ${metricsToken}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}
