/**
 * Verified tokens, remembered for a while under the digest of their text: looking one up takes the same time whatever
 * the text, and the cache holds nothing that could be sent as a token.
 */
import { hash } from 'node:crypto';

interface TokenCache<T> {
  get(token: string, now: number): T | undefined;
  /** @param until milliseconds since 1970 */
  put(token: string, value: T, until: number): void;
  clear(): void;
}

/** @param max entries; beyond it the oldest goes */
export function createTokenCache<T>(max: number): TokenCache<T> {
  const entries = new Map<string, { readonly value: T; readonly until: number }>();
  return {
    get(token, now) {
      const key = digestOf(token);
      const entry = entries.get(key);
      if (entry === undefined || entry.until > now) return entry?.value;
      entries.delete(key);
      return undefined;
    },
    put(token, value, until) {
      if (max === 0) return;
      const oldest = entries.size >= max ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
      entries.set(digestOf(token), { value, until });
    },
    clear: () => entries.clear(),
  };
}

const digestOf = (token: string): string => hash('sha256', token, 'base64');
