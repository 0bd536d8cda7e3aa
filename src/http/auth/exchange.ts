/** One request below the address of the authorization server, and how it is answered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Headers } from '../cors.ts';
import { openUnit, type Unit, type UnitStore } from './unit.ts';

export interface AuthExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly method: string;
  /** Below `[origin]/auth`: `/token`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** What stood in the places of the route's pattern. */
  readonly params: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly clientIp: string | undefined;
  /** What the request writes; whoever answers commits it before it answers. */
  readonly unit: Unit;
  /** Sends a whole answer; an object becomes JSON. */
  readonly send: (status: number, body?: object | string, headers?: Headers) => void;
}

/** A row of the table of routes: a method, a path with `:names`, and what answers there. */
export type AuthRoute = readonly [
  method: 'GET' | 'POST' | 'OPTIONS' | 'DELETE',
  path: string,
  answer: (exchange: AuthExchange) => Promise<void> | void,
];

/** The largest form or document that is read here. */
const BODY_MAX = 64 * 1024;

/** A body that is larger than any that is meant. */
export class BodyTooLarge extends Error {}

/** @throws BodyTooLarge */
export async function readSmallBody({ req }: Pick<AuthExchange, 'req'>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * The JSON object of a body; undefined where it holds none.
 *
 * @param empty what a body without a byte stands for
 * @throws BodyTooLarge
 */
export async function readJsonBody(
  exchange: Pick<AuthExchange, 'req'>,
  empty = '',
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = (await readSmallBody(exchange)).toString('utf8');
  try {
    const body: unknown = JSON.parse(text === '' ? empty : text);
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
    return isObject ? (body as Record<string, unknown>) : undefined; // just told
  } catch {
    return undefined; // JSON.parse throws for what is no JSON, and for nothing else
  }
}

/** The fields of a form; of a field that is there twice, none counts. */
export async function readFields(exchange: AuthExchange): Promise<ReadonlyMap<string, string>> {
  const type = exchange.req.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) return new Map();
  const fields = new URLSearchParams((await readSmallBody(exchange)).toString('utf8'));
  const names = [...new Set(fields.keys())];
  return new Map(
    names.flatMap((name) => {
      const [value, ...more] = fields.getAll(name);
      return value === undefined || more.length > 0 ? [] : [[name, value] as const];
    }),
  );
}

interface Opening {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly clientIp: string | undefined;
  readonly store: UnitStore;
  readonly securityHeaders: Readonly<Headers>;
}

/** All after the first question mark: a further one is a character of the query, as in a narrowed scope. */
const queryOf = (url: string): URLSearchParams =>
  new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : '');

export function openExchange(opening: Opening): AuthExchange {
  const { req, res, requestId, clientIp, store, securityHeaders } = opening;
  return {
    ...opening,
    method: req.method ?? 'GET',
    query: queryOf(req.url ?? ''),
    unit: openUnit(store, { requestId, address: clientIp }),
    send(status, body, headers = {}) {
      const text = typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
      res.writeHead(status, {
        ...securityHeaders,
        'X-Request-Id': requestId,
        ...(typeof body === 'object' && { 'Content-Type': 'application/json; charset=utf-8' }),
        ...headers,
        'Content-Length': Buffer.byteLength(text),
      });
      res.end(req.method === 'HEAD' ? '' : text);
    },
  };
}

/** The values of a pattern's names where the path fits; undefined where it does not. */
export function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const value = given[at] ?? '';
    if (part.startsWith(':') && value !== '') params[part.slice(1)] = value;
    else if (part !== value) return undefined;
  }
  return params;
}
