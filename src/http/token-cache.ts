/**
 * What was found for an Authorization header, remembered for a while under the digest of its text: looking one up takes the
 * same time whatever the text, and the cache holds nothing that could be sent as a token.
 */
import { hash } from 'node:crypto';

interface TokenCache<T> {
  /** @param digest {@link digestOfHeader} */
  get(digest: string, now: number): T | undefined;
  /** @param until milliseconds since 1970 */
  put(digest: string, value: T, until: number): void;
  clear(): void;
}

/** @param max entries; beyond it the oldest goes */
export function createTokenCache<T>(max: number): TokenCache<T> {
  const entries = new Map<string, { readonly value: T; readonly until: number }>();
  return {
    get(digest, now) {
      const entry = entries.get(digest);
      if (entry === undefined || entry.until > now) return entry?.value;
      entries.delete(digest);
      return undefined;
    },
    put(digest, value, until) {
      if (max === 0) return;
      const oldest = entries.size >= max ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
      entries.set(digest, { value, until });
    },
    clear: () => entries.clear(),
  };
}

/** As clients write it: one spelling, so that one token is remembered once. */
const CANONICAL = 'Bearer ';
const SPACE = 32;

/** The name of a header under which what it was found to say is remembered, however its scheme and spaces are written. */
export const digestOfHeader = (authorization: string): string =>
  hash('sha256', canonical(authorization), 'base64');

function canonical(authorization: string): string {
  let end = authorization.length;
  while (authorization.charCodeAt(end - 1) === SPACE) end -= 1;
  const isCanonical =
    authorization.startsWith(CANONICAL) && authorization.charCodeAt(CANONICAL.length) !== SPACE;
  const trimmed = end === authorization.length ? authorization : authorization.slice(0, end);
  return isCanonical ? trimmed : trimmed.replace(/^Bearer +/i, CANONICAL);
}
