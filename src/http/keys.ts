/** The keys that an issuer signs with: JWKS (RFC 7517) from its URL, or from a file beside us. */
import { readFileSync } from 'node:fs';
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

export interface IssuerKeys {
  readonly find: JWTVerifyGetKey;
  /** Reads the file again; does nothing for a URL, which is read again by itself. Throws when the file cannot be read. */
  reload(): void;
}

const FETCH_TIMEOUT_MS = 5000;
/** An unknown key id makes us ask again, but not more often than this. */
const COOLDOWN_MS = 30_000;
const KEEP_MS = 10 * 60_000;

export function keysFromUri(uri: string): IssuerKeys {
  const find = createRemoteJWKSet(new URL(uri), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: KEEP_MS,
  });
  return { find, reload: () => undefined };
}

/** @throws when the file cannot be read or holds no key set */
export function keysFromFile(file: string): IssuerKeys {
  const read = () => createLocalJWKSet(JSON.parse(readFileSync(file, 'utf8')) as JSONWebKeySet); // jose checks its shape
  let current = read();
  return {
    find: (header, token) => current(header, token),
    reload: () => {
      current = read();
    },
  };
}
