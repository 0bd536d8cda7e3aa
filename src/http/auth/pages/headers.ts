/** The headers of pages. A page has its own policy: it shows forms, and a form may lead to an app. */

/** Where a form of the page may lead, and who may show the page in a frame. */
export interface PagePolicy {
  /**
   * Where the redirects after a form may lead beside this server: browsers apply `form-action` to each of them, too. A
   * redirect address of the client, a provider's page; absent where no redirect leaves the server.
   */
  readonly leadsTo?: string | readonly string[] | undefined;
  /** The origins that may show the page in a frame: those that the client has registered. */
  readonly frames?: readonly string[];
}

/** @returns the header's value (smart 3) */
export function contentSecurityPolicy({ leadsTo, frames = [] }: PagePolicy): string {
  const targets = (leadsTo === undefined ? [] : [leadsTo].flat()).flatMap((one) => formTarget(one) ?? []);
  const framing = frames.filter(isOrigin);
  return [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    `frame-ancestors ${framing.length === 0 ? "'none'" : framing.join(' ')}`,
    ['form-action', "'self'", ...new Set(targets)].join(' '),
  ].join('; ');
}

/** An origin, or the scheme alone for an app whose addresses have no origin (RFC 8252, 7.1). */
function formTarget(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { origin, protocol } = new URL(address);
  return origin === 'null' ? protocol : origin;
}

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

/** All headers of a page. Its own address is told to nobody else; this server hears where its forms come from. */
export const pageHeaders = (policy: PagePolicy): Readonly<Record<string, string>> => ({
  'Cache-Control': 'no-store',
  'Content-Security-Policy': contentSecurityPolicy(policy),
  'Content-Type': 'text/html; charset=utf-8',
  'Permissions-Policy': 'publickey-credentials-get=(self), publickey-credentials-create=(self)',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  ...((policy.frames ?? []).filter(isOrigin).length === 0 && { 'X-Frame-Options': 'DENY' }),
});
