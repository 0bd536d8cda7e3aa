/** The keys that an issuer signs with: JWKS (RFC 7517) from its URL, or from a file beside us. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  type FetchImplementation,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import type { HttpClient } from '../ports/outgoing.ts';

export interface IssuerKeys {
  readonly find: JWTVerifyGetKey;
  /** Another number whenever the keys may be others: what was verified with the earlier ones counts no more. */
  generation(): number;
  /** Forgets the keys and reads them again. Throws when the file cannot be read; the keys then stay as they were. */
  reload(): void;
  close(): Promise<void> | void;
}

const FETCH_TIMEOUT_MS = 5000;
/** An unknown key id makes us ask again, but not more often than this. */
const COOLDOWN_MS = 30_000;
const KEEP_MS = 10 * 60_000;
const JWKS_BYTES_MAX = 1024 * 1024;

/** @param http over guarded connections to the operator's address */
export function keysFromUri(uri: string, http: HttpClient): IssuerKeys {
  let generation = 0;
  let digest = '';
  const fetchKeys: FetchImplementation = async (url, { headers, signal }) => {
    const asked = {
      method: 'GET',
      headers: [...headers].flat(),
      signal,
      responseBytesMax: JWKS_BYTES_MAX,
    } as const;
    const { status, body } = await http.send(new URL(url), asked, true);
    const read = hash('sha256', body, 'base64');
    if (digest !== '' && read !== digest) generation += 1;
    digest = read;
    return new Response(body, { status });
  };
  const ask = () =>
    createRemoteJWKSet(new URL(uri), {
      timeoutDuration: FETCH_TIMEOUT_MS,
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: KEEP_MS,
      [customFetch]: fetchKeys,
    });
  let current = ask();
  return {
    find: (header, token) => current(header, token),
    generation: () => generation,
    reload: () => {
      current = ask();
      generation += 1;
    },
    close: () => http.close(),
  };
}

/** @throws when the file cannot be read or holds no key set */
export function keysFromFile(file: string): IssuerKeys {
  const read = () => createLocalJWKSet(JSON.parse(readFileSync(file, 'utf8')) as JSONWebKeySet); // jose checks its shape
  let generation = 0;
  let current = read();
  return {
    find: (header, token) => current(header, token),
    generation: () => generation,
    reload: () => {
      current = read();
      generation += 1;
    },
    close: () => undefined,
  };
}
