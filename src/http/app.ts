/**
 * The HTTP server as one Express application: FHIR below the base is its first middleware, then come the pages of
 * operators, then the refusal of every other address. Express's ETags, query parser, body parsers and `res.send` stay
 * unused, since they cost more than a read.
 */
import { randomUUID } from 'node:crypto';
import { IncomingMessage, ServerResponse, type RequestListener } from 'node:http';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { recordAlways } from '../operations/audit/record.ts';
import type { FairTurns } from '../operations/fair-turns.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { createClientIpOf, type ClientIpOf } from './client-ip.ts';
import type { Perform } from '../operations/request.ts';
import type { BindTab } from './auth/bind-tab.ts';
import type { Identify } from './bearer.ts';
import type { AuthorizationServer } from './auth/index.ts';
import type { ClientOrigins } from './auth/client-origins.ts';
import { createCors } from './cors.ts';
import { createExchange, type ExchangeSettings, type Traffic } from './exchange.ts';
import type { PublicDocuments } from './open-answers.ts';
import type { FailedLogins } from './failed-logins.ts';
import { createHealth } from './health.ts';
import type { Log } from './log.ts';
import { formatAsked } from './media-type.ts';
import type { Metrics } from './metrics.ts';
import type { Target } from './read-request.ts';
import { sendRefusal } from './reply.ts';
import type { ServedRoutes } from './route.ts';

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
  readonly bindTab?: BindTab | undefined;
  readonly failedLogins: FailedLogins;
  readonly served: ServedRoutes;
  readonly documents: PublicDocuments;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly traffic: Traffic;
  readonly turns?: FairTurns;
  /** Absent: other issuers alone sign in. */
  readonly authorization?:
    | { readonly server: AuthorizationServer; readonly origins: ClientOrigins }
    | undefined;
  /** How far the machine's clock is behind the time of the server, in milliseconds; absent: it is not. */
  readonly clockBehindMs?: () => number;
  /** The keys that sign audit packages. */
  readonly publishedKeys?: () => readonly object[];
  readonly settings: AppSettings;
}

/** The whole HTTP server: what it returns answers every request, in `listen.ts`, in a test or below another application. */
export function createApp(parts: AppParts): RequestListener {
  const { metrics, traffic, settings, clock } = parts;
  const { basePath, metricsToken, trustedProxy, securityHeaders } = settings;
  const status = (): ReturnType<Store['status']> => parts.store.status();
  const clientIpOf = createClientIpOf(trustedProxy);
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false).enable('case sensitive routing');
  // Express gives every request and response its own prototype: with Node's, that changes nothing and costs nothing.
  Object.assign(app, { request: IncomingMessage.prototype, response: ServerResponse.prototype });
  app.use(basePath, createFhir(parts, clientIpOf));
  app.use(
    createHealth({
      status,
      isDraining: () => traffic.draining,
      metrics,
      metricsToken,
      clientIpOf,
      now: () => clock.now(),
      clockBehindMs: parts.clockBehindMs ?? (() => 0),
      securityHeaders,
      publishedKeys: parts.publishedKeys ?? (() => []),
    }),
  );
  app.use((req, res) => {
    const diagnostics = `There is nothing at this address; the FHIR base is ${basePath}.`;
    void sendRefusal(res, new OperationOutcomeError('not-found', { diagnostics }), asked(req), settings);
  });
  app.use(createLastResort(parts));
  return (req, res) => {
    req.url = originForm(req.url);
    if (parts.authorization?.server.handle(req, res) === true) return;
    app(req, res);
  };
}

/** FHIR below the base. The target is read as the client sent it: Express takes the base off `url`, and nothing else. */
function createFhir(parts: AppParts, clientIpOf: ClientIpOf): RequestHandler {
  const { settings, failedLogins } = parts;
  const exchange = createExchange({
    ...parts,
    turns: parts.turns,
    cors: createCors(settings.corsOrigins, parts.authorization?.origins),
    clientIpOf,
    record: (entry) => recordAlways(parts, entry),
    loginFailed: (...failure) => failedLogins.count(...failure),
    newRequestId: randomUUID,
  });
  return (req, res, next) => {
    const target = targetBelow(req.baseUrl, req.originalUrl);
    if (target === undefined) {
      next();
      return;
    }
    req.url = req.originalUrl;
    // A browser keeps what a preflight said, so that this may be the first that this server hears of the origin.
    const { origin } = req.headers;
    const learning = origin === undefined ? undefined : parts.authorization?.origins.learn(origin);
    if (learning === undefined) exchange(req, res, target);
    else void learning.then(() => exchange(req, res, target)); // it never rejects
  };
}

/** Answers what another middleware threw. */
function createLastResort({ log, settings }: AppParts): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    // Express itself throws only for an address that it cannot decode.
    const isClients = error instanceof URIError;
    if (!isClients)
      log.write('error', 'a request failed', { stack: error instanceof Error ? error.stack : String(error) });
    const refusal = isClients ? new OperationOutcomeError('id-invalid') : error;
    void sendRefusal(res, refusal, asked(req), settings);
  };
}

const asked = (req: IncomingMessage) => ({
  requestId: randomUUID(),
  head: req.method === 'HEAD',
  pretty: false,
  format: formatAsked(req.headers.accept, undefined) ?? 'json',
  cors: undefined,
});

const SLASH = 47;
const QUESTION = 63;

/** Undefined for what only begins like the base: `/fhirx`, `/fhir#`. */
function targetBelow(base: string, url: string): Target | undefined {
  const next = url.charCodeAt(base.length);
  if (!(Number.isNaN(next) || next === SLASH || next === QUESTION)) return undefined;
  const at = url.indexOf('?');
  if (at < 0) return { path: url.slice(base.length), queryText: '' };
  return { path: url.slice(base.length, at), queryText: url.slice(at + 1) };
}

/**
 * A target in absolute form (RFC 9112, 3.2.2) without its scheme and host, which are never believed. What is in neither
 * form becomes a path at which there is nothing: Express answers a target that it cannot parse by itself, in HTML.
 */
function originForm(url = '/'): string {
  if (url.startsWith('/')) return url;
  const path = url.replace(/^https?:\/\/[^/?#]*/i, '');
  return path.startsWith('/') ? path : `/${path}`;
}
