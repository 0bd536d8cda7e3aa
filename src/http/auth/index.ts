/**
 * The authorization server below `[origin]/auth` (smart SM-1): a table of routes in front, and the library behind it for
 * authorization requests and tokens. Nothing is loaded before the first request for it.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../ports/store.ts';
import type { ClientIpOf } from '../client-ip.ts';
import type { Headers } from '../cors.ts';
import { readRequestId } from '../headers.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { ClientOrigins } from './client-origins.ts';
import { BodyTooLarge, matchPath, openExchange, type AuthExchange, type AuthRoute } from './exchange.ts';
import { createLibrary, type OidcLibrary, type LibraryParts } from './library.ts';
import { createTokenEndpoint } from './token-endpoint.ts';

interface AuthParts extends LibraryParts {
  readonly store: Pick<Store, 'snapshot' | 'commit'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'observe'>;
  readonly clientIpOf: ClientIpOf;
  readonly securityHeaders: Readonly<Headers>;
  readonly origins: ClientOrigins;
  /** Pages and further endpoints; the first row that fits answers. */
  readonly routes: (library: OidcLibrary) => readonly AuthRoute[];
  /** The text of `openid-configuration`. */
  readonly openIdConfiguration: string;
}

export interface AuthorizationServer {
  /** Answers a request for it; false: the address is another's. */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
}

const ANY_ORIGIN: Headers = { 'Access-Control-Allow-Origin': '*' };
const KEYS_KEPT_S = 300;

export function createAuthorizationServer(parts: AuthParts): AuthorizationServer {
  const root = new URL(parts.settings.issuer).pathname;
  const routes = routesOf(parts, createLibrary(parts));
  const wellKnown = `/.well-known/oauth-authorization-server${root}`;
  return {
    handle(req, res) {
      const path = pathOf(req.url ?? '');
      const own =
        path === wellKnown ? '/.well-known/openid-configuration' : (below(root, path) ?? launched(path));
      if (own === undefined) return false;
      void answer(parts, routes, { req, res, path: own });
      return true;
    },
  };
}

/** Every request is asked whether it is one of these. */
function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** An EHR opens this server below its origin (smart SM-81). */
const launched = (path: string): string | undefined =>
  path === '/launch' || path.startsWith('/launch/') ? path : undefined;

const below = (root: string, path: string): string | undefined =>
  path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;

function routesOf(parts: AuthParts, library: OidcLibrary): readonly AuthRoute[] {
  const preflight = (exchange: AuthExchange): Promise<void> => answerPreflight(parts.origins, exchange);
  return [
    ['GET', '/.well-known/openid-configuration', document(async () => parts.openIdConfiguration)],
    ['GET', '/jwks', document(async () => ({ keys: (await library.keys()).published }), KEYS_KEPT)],
    ['POST', '/token', createTokenEndpoint(library, parts)],
    ['OPTIONS', '/token', preflight],
    ['OPTIONS', '/revoke', preflight],
    ['OPTIONS', '/userinfo', preflight],
    ...parts.routes(library),
    ['GET', '/authorize', (exchange) => library.answer(exchange)],
    ['GET', '/authorize/:uid', (exchange) => library.answer(exchange)],
  ];
}

const KEYS_KEPT: Headers = { 'Cache-Control': `public, max-age=${KEYS_KEPT_S}` };

/** A document that anybody may read, from any page. */
const document =
  (read: () => Promise<object | string>, headers: Headers = {}) =>
  async ({ send }: AuthExchange): Promise<void> =>
    send(200, await read(), {
      'Content-Type': 'application/json; charset=utf-8',
      ...ANY_ORIGIN,
      ...headers,
    });

/** A preflight names no client: any active public one that registered the origin counts (smart SM-70). */
async function answerPreflight(origins: ClientOrigins, { req, send }: AuthExchange): Promise<void> {
  const { origin = '' } = req.headers;
  if (!(await origins.has(origin))) {
    send(204, undefined, { Vary: 'Origin' });
    return;
  }
  const accepted = req.headers['access-control-request-headers'] ?? 'Content-Type, Authorization';
  send(204, undefined, {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': String(accepted),
    'Access-Control-Max-Age': 600,
    Vary: 'Origin, Access-Control-Request-Headers',
  });
}

interface Arrival {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
}

async function answer(
  parts: AuthParts,
  routes: readonly AuthRoute[],
  { req, res, path }: Arrival,
): Promise<void> {
  const { store, securityHeaders, metrics, log } = parts;
  const began = performance.now();
  const method = req.method ?? 'GET';
  const found = findRoute(routes, method, path);
  const requestId = readRequestId(req.headers['x-request-id'], randomUUID);
  const clientIp = parts.clientIpOf(req);
  const params = found?.params ?? {};
  const exchange = openExchange({ req, res, path, params, requestId, clientIp, store, securityHeaders });
  try {
    if (found === undefined) answerNothing(exchange, routes);
    else await found.answer(exchange);
  } catch (error) {
    fail(parts, exchange, error);
  }
  const ms = performance.now() - began;
  const route = `${new URL(parts.settings.issuer).pathname}${found?.pattern ?? '/*'}`;
  metrics.observe(`auth${found?.pattern ?? ''}`, '', res.statusCode, ms / 1000);
  log.write('info', 'request', {
    requestId,
    method,
    route,
    status: res.statusCode,
    ms: Math.round(ms * 1000) / 1000,
  });
}

interface FoundRoute {
  readonly pattern: string;
  readonly params: Readonly<Record<string, string>>;
  readonly answer: AuthRoute[2];
}

function findRoute(routes: readonly AuthRoute[], method: string, path: string): FoundRoute | undefined {
  const wanted = method === 'HEAD' ? 'GET' : method;
  for (const [one, pattern, respond] of routes) {
    const params = one === wanted ? matchPath(pattern, path) : undefined;
    if (params !== undefined) return { pattern, params, answer: respond };
  }
  return undefined;
}

/** There is nothing, or not by this method. */
function answerNothing({ path, send }: AuthExchange, routes: readonly AuthRoute[]): void {
  const fitting = routes.filter(([, pattern]) => matchPath(pattern, path) !== undefined);
  const allowed = new Set(fitting.map(([method]) => method));
  if (allowed.size === 0) send(404, { error: 'not_found' });
  else send(405, { error: 'invalid_request' }, { Allow: [...allowed].join(', ') });
}

function fail({ log }: AuthParts, { res, requestId, send }: AuthExchange, error: unknown): void {
  if (error instanceof BodyTooLarge) {
    const says = { error: 'invalid_request', error_description: 'the body is too large' };
    send(413, says, { Connection: 'close' });
    return;
  }
  const stack = error instanceof Error ? error.stack : String(error);
  log.write('error', 'a request failed', { requestId, stack });
  if (res.headersSent) res.destroy();
  else send(503, { error: 'temporarily_unavailable' }, { 'Retry-After': 5 });
}
