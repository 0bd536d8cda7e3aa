/**
 * The door: FHIR below the base first and without detours, then what operators ask and then nothing, as an Express
 * application. Express's own conveniences that cost dearly are off: etags, its body parsers, `res.send`.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import express, { type ErrorRequestHandler } from 'express';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { recordAlways } from '../operations/audit/record.ts';
import type { FairTurns } from '../operations/fair-turns.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { createAddressOf } from './address.ts';
import type { Identify } from './bearer.ts';
import { createCors } from './cors.ts';
import {
  createExchange,
  type ExchangeSettings,
  type Perform,
  type PublicDocuments,
  type Traffic,
} from './exchange.ts';
import type { FailedLogins } from './failed-logins.ts';
import { createHealth } from './health.ts';
import type { Log } from './log.ts';
import { formatAsked } from './media-type.ts';
import type { Metrics } from './metrics.ts';
import type { Target } from './read-request.ts';
import { sendRefusal } from './reply.ts';
import type { Served } from './route.ts';

export interface AppSettings extends ExchangeSettings {
  /** `/fhir` */
  readonly basePath: string;
  readonly corsOrigins: readonly string[];
  readonly trustedProxy: readonly string[];
  readonly metricsToken: string | undefined;
}

interface AppParts {
  readonly perform: Perform;
  readonly store: Pick<Store, 'status' | 'record'>;
  readonly identify: Identify;
  readonly failedLogins: FailedLogins;
  readonly served: Served;
  readonly documents: PublicDocuments;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly traffic: Traffic;
  readonly turns?: FairTurns;
  readonly settings: AppSettings;
}

export function createApp(parts: AppParts): RequestListener {
  const { perform, identify, served, documents, metrics, log, traffic, settings, clock, failedLogins } =
    parts;
  const { basePath } = settings;
  const status = (): ReturnType<Store['status']> => parts.store.status();
  const now = (): number => clock.now();
  const addressOf = createAddressOf(settings.trustedProxy);
  const cors = createCors(settings.corsOrigins);
  const exchange = createExchange(
    {
      perform,
      identify,
      served,
      documents,
      cors,
      addressOf,
      metrics,
      log,
      traffic,
      turns: parts.turns,
      record: (entry) => recordAlways(parts, entry),
      loginFailed: (...failure) => failedLogins.count(...failure),
      settings,
      newRequestId: randomUUID,
    },
    (req) => targetBelow(basePath, req),
  );

  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false);
  const { metricsToken } = settings;
  app.use(
    createHealth({ status, isDraining: () => traffic.draining, metrics, metricsToken, addressOf, now }),
  );
  app.use((req, res) => {
    const diagnostics = `There is nothing at this address; the FHIR base is ${basePath}.`;
    void sendRefusal(res, new OperationOutcomeError('not-found', { diagnostics }), asked(req), settings);
  });
  app.use(((error: unknown, req, res, _next) => {
    // Express itself throws only for an address it cannot decode.
    const isClients = error instanceof URIError;
    if (!isClients)
      log.write('error', 'a request failed', { stack: error instanceof Error ? error.stack : String(error) });
    const refusal = isClients ? new OperationOutcomeError('id-invalid') : error;
    void sendRefusal(res, refusal, asked(req), settings);
  }) satisfies ErrorRequestHandler);
  return (req, res) => {
    if (isBelow(basePath, pathAndQuery(req))) exchange(req, res);
    else app(req, res);
  };
}

const asked = (req: IncomingMessage) => ({
  requestId: randomUUID(),
  head: req.method === 'HEAD',
  pretty: false,
  format: formatAsked(req.headers.accept, undefined) ?? 'json',
  cors: undefined,
});

function isBelow(base: string, url: string): boolean {
  if (!url.startsWith(base)) return false;
  const next = url.charCodeAt(base.length);
  return Number.isNaN(next) || next === SLASH || next === QUESTION;
}

const SLASH = 47;
const QUESTION = 63;

function targetBelow(base: string, req: IncomingMessage): Target {
  const url = pathAndQuery(req);
  const at = url.indexOf('?');
  if (at < 0) return { path: url.slice(base.length), queryText: '' };
  return { path: url.slice(base.length, at), queryText: url.slice(at + 1) };
}

/** A target in absolute form (RFC 9112, 3.2.2) without its scheme and host, which are never believed. */
function pathAndQuery({ url = '/' }: IncomingMessage): string {
  return url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '');
}
