/**
 * What all pages of the flow do with a browser: cookies, forms and their tokens, pages and redirects. A form is taken only from
 * a page of this server, with the token that was made for this browser and this form.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { AuditEntry } from '../../../ports/audit.ts';
import { SERVER_AGENT } from '../../../ports/audit.ts';
import type { Headers } from '../../cors.ts';
import { readSmallBody, type AuthExchange } from '../exchange.ts';
import type { ServedFiles } from '../pages/files.ts';
import { pageHeaders, type PagePolicy } from '../pages/headers.ts';
import { FORM_TOKEN, renderPage, type Form, type WebPage } from '../pages/layout.ts';
import { refusalPage, type Obstacle } from '../pages/refusals.ts';
import { isSameSecret } from '../../../identity/same-secret.ts';

/** Cookies of this server. All are for its whole origin, out of reach of scripts, and not sent by foreign forms. */
const COOKIES = {
  session: '__Host-closeloop',
  /** Names the browser before anybody is signed in, so that forms can be bound to it. */
  browser: '__Host-closeloop-browser',
  /** A browser from which somebody signed in before (identity ID-40). */
  device: '__Host-closeloop-device',
} as const;

type CookieName = keyof typeof COOKIES;

/** The fields of a form that was taken. */
export interface TakenForm {
  /** '' where it is absent, or there more than once. */
  readonly one: (name: string) => string;
  readonly all: (name: string) => readonly string[];
}

/** A cookie to set; undefined takes it away. */
export interface CookieChange {
  readonly name: CookieName;
  readonly value: string | undefined;
  readonly maxAgeS?: number;
}

export interface Answer {
  readonly policy?: PagePolicy;
  readonly cookies?: readonly CookieChange[];
  readonly status?: number;
}

export type Web = ReturnType<typeof createWeb>;

interface WebParts {
  /** `https://referrals.example.org` */
  readonly origin: string;
  /** `/auth` */
  readonly issuerPath: string;
  readonly files: ServedFiles;
  readonly securityHeaders: Readonly<Headers>;
}

/** Headers that a page says itself, or that would part an app from the window it opened for the sign-in. */
const OF_PAGES: ReadonlySet<string> = new Set([
  'Content-Security-Policy',
  'Cross-Origin-Opener-Policy',
  'Referrer-Policy',
  'X-Frame-Options',
  'X-Content-Type-Options',
  'Cache-Control',
]);

export function createWeb({ origin, issuerPath, files, securityHeaders }: WebParts) {
  const kept = Object.fromEntries(Object.entries(securityHeaders).filter(([name]) => !OF_PAGES.has(name)));

  function show(exchange: AuthExchange, page: WebPage, answer: Answer = {}): void {
    const { res, req, requestId } = exchange;
    const text = renderPage(page, files.addresses);
    res.writeHead(answer.status ?? 200, {
      ...kept,
      ...pageHeaders(answer.policy ?? {}),
      ...cookieHeader(answer.cookies),
      'X-Request-Id': requestId,
      'Content-Length': Buffer.byteLength(text),
    });
    res.end(req.method === 'HEAD' ? '' : text);
  }

  function refuse(exchange: AuthExchange, obstacle: Obstacle, detail?: string, more: Answer = {}): void {
    const { status, ...page } = refusalPage(obstacle, detail);
    show(exchange, page, { ...more, status });
  }

  const go = (exchange: AuthExchange, to: string, cookies?: readonly CookieChange[]): void =>
    redirect(exchange, kept, to, cookies);

  return {
    show,
    refuse,
    go,
    origin,
    /** `/login` → `/auth/login` */
    at: (path: string): string => `${issuerPath}${path}`,

    /** A form for this path, with its token. @param secret of the cookie to which it is bound */
    form: (path: string, secret: string): Form => ({
      action: `${issuerPath}${path}`,
      token: tokenOf(secret, path.split('?')[0] ?? path),
    }),

    /**
     * The fields of a form that belongs to this browser; undefined: the answer was sent already.
     *
     * @param secret of the cookie to which the form is bound; undefined where there is none
     * @param body where it was read already
     */
    async take(
      exchange: AuthExchange,
      secret: string | undefined,
      body?: Buffer,
    ): Promise<TakenForm | undefined> {
      const taken = await takeForm(exchange, origin, secret, body);
      if (typeof taken === 'object') return taken;
      const own = taken === 'wrong-origin' ? `This server’s own address is ${origin}.` : undefined;
      refuse(exchange, taken, own);
      return undefined;
    },

    browserOf,
  };
}

/** The value that names the browser, and how it is set where it is new. */
function browserOf(exchange: AuthExchange): {
  readonly value: string;
  readonly cookies: readonly CookieChange[];
} {
  const known = cookieOf(exchange, 'browser');
  if (known !== undefined) return { value: known, cookies: [] };
  const value = randomBytes(SECRET_BYTES).toString('base64url');
  return { value, cookies: [{ name: 'browser', value }] };
}

/** After a form the browser asks for the next page by GET. */
function redirect(
  { res, requestId }: AuthExchange,
  kept: Readonly<Headers>,
  to: string,
  cookies?: readonly CookieChange[],
): void {
  res.writeHead(303, {
    ...kept,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    ...cookieHeader(cookies),
    'X-Request-Id': requestId,
    Location: to,
    'Content-Length': 0,
  });
  res.end();
}

async function takeForm(
  exchange: AuthExchange,
  origin: string,
  secret: string | undefined,
  body: Buffer | undefined,
): Promise<TakenForm | 'wrong-origin' | 'form-refused'> {
  const { headers } = exchange.req;
  const isOwn = (headers.origin ?? origin) === origin;
  if (!isOwn || (headers['sec-fetch-site'] ?? 'same-origin') !== 'same-origin') return 'wrong-origin';
  if (!/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) return 'form-refused';
  const fields = new URLSearchParams((body ?? (await readSmallBody(exchange))).toString('utf8'));
  const [given = '', ...more] = fields.getAll(FORM_TOKEN);
  if (secret === undefined || more.length > 0 || !isSameSecret(given, tokenOf(secret, exchange.path)))
    return 'form-refused';
  return {
    one(name) {
      const values = fields.getAll(name);
      return values.length === 1 ? (values[0] ?? '') : '';
    },
    all: (name) => fields.getAll(name),
  };
}

const SECRET_BYTES = 32;
const SECRET = /^[\w-]{43}$/;

/** The value of a cookie; undefined where it is absent, there twice, or has no form of ours. */
export function cookieOf({ req }: Pick<AuthExchange, 'req'>, name: CookieName): string | undefined {
  const prefix = `${COOKIES[name]}=`;
  const values = (req.headers.cookie ?? '').split(/; */).filter((one) => one.startsWith(prefix));
  const [value = '', ...more] = values.map((one) => one.slice(prefix.length));
  return more.length === 0 && SECRET.test(value) ? value : undefined;
}

function cookieHeader(cookies: readonly CookieChange[] = []): Readonly<Record<string, readonly string[]>> {
  if (cookies.length === 0) return {};
  const lines = cookies.map(({ name, value, maxAgeS }) => {
    const age = value === undefined ? 0 : maxAgeS;
    const ends = age === undefined ? '' : `; Max-Age=${age}`;
    return `${COOKIES[name]}=${value ?? ''}; Path=/; Secure; HttpOnly; SameSite=Lax${ends}`;
  });
  return { 'Set-Cookie': lines };
}

/** Of the cookie's value, which is known to the browser alone, so that nothing needs to be stored. */
const tokenOf = (secret: string, path: string): string =>
  createHmac('sha256', secret).update(`form ${path}`).digest('base64url');

/** Who asks, for the audit. */
export const browserAgent = (
  { clientIp }: Pick<AuthExchange, 'clientIp'>,
  more: Partial<AuditEntry['agent']> = {},
): AuditEntry['agent'] => ({
  ...SERVER_AGENT,
  ...(clientIp !== undefined && { address: clientIp }),
  ...more,
});
