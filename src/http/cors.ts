/** Cross-origin requests of browser applications (https://fetch.spec.whatwg.org/#http-cors-protocol), for named origins. */
import type { IncomingMessage } from 'node:http';
import type { ClientOrigins } from './auth/client-origins.ts';

export type Headers = Record<string, string | number>;

export interface Cors {
  /**
   * Headers of a reply to this request, as long as nobody knows whose it is: the refusal of a token. Undefined when it is not
   * for a browser's other origin.
   */
  readonly headersFor: (req: IncomingMessage) => Headers | undefined;
  /** Headers of a reply to a client that is known: the origin must be one of its own (smart SM-70). */
  readonly headersForClient: (req: IncomingMessage, client: string) => Promise<Headers | undefined>;
  /** Headers of the answer to a preflight; undefined when it is none, or not for this origin. */
  readonly preflightFor: (req: IncomingMessage) => Headers | undefined | Promise<Headers | undefined>;
}

const EXPOSED =
  'Allow, Content-Disposition, Content-Location, ETag, Last-Modified, Link, Location, Retry-After, Warning, ' +
  'WWW-Authenticate, X-Request-Id, X-Security-Context, X-Withheld';
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const ACCEPTED =
  'Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, ' +
  'Prefer, X-Access-Reason, X-On-Behalf-Of, X-Request-Id, X-Security-Context, X-Tab-Id';
const PREFLIGHT_KEPT_S = 600;

/** Header names, at most as many as a browser sends. */
const NAMES = /^(?=.{1,2048}$)[ \t]*[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*[ \t]*$/;

/** The headers asked for: what a header means is decided where it is read, so an origin that is let in may send any. */
const acceptedFor = (asked: string | undefined): string =>
  asked !== undefined && NAMES.test(asked) ? asked : ACCEPTED;

/**
 * @param origins exact, or `*` for any
 * @param registered those that clients of the authorization server have registered (smart SM-70)
 */
export function createCors(origins: readonly string[], registered?: ClientOrigins): Cors {
  const any = origins.includes('*');
  const allowed = new Set(origins);

  function headersFor(req: IncomingMessage): Headers | undefined {
    const { origin } = req.headers;
    if (origin === undefined) return undefined;
    return any || allowed.has(origin) || registered?.known(origin) === true ? headersOf(origin) : undefined;
  }

  function headersOf(origin: string): Headers {
    return {
      'Access-Control-Allow-Origin': any ? '*' : origin,
      'Access-Control-Expose-Headers': EXPOSED,
      Vary: 'Origin',
    };
  }

  return {
    headersFor,
    async headersForClient({ headers: { origin } }, client) {
      if (origin === undefined) return undefined;
      const isItsOwn = any || allowed.has(origin) || (await registered?.isOf(client, origin)) === true;
      return isItsOwn ? headersOf(origin) : undefined;
    },
    preflightFor(req) {
      if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined)
        return undefined;
      const headers = headersFor(req);
      if (headers !== undefined) return answerOf(req, headers);
      const { origin } = req.headers;
      if (origin === undefined || registered === undefined) return undefined;
      return registered
        .has(origin)
        .then((isKnown) => (isKnown ? answerOf(req, headersOf(origin)) : undefined));
    },
  };
}

function answerOf(req: IncomingMessage, headers: Headers): Headers {
  return {
    ...headers,
    'Access-Control-Allow-Methods': METHODS,
    'Access-Control-Allow-Headers': acceptedFor(req.headers['access-control-request-headers']),
    Vary: 'Origin, Access-Control-Request-Headers',
    'Access-Control-Max-Age': PREFLIGHT_KEPT_S,
  };
}
