/**
 * Doctor's check of the issuer of tokens: whether its keys can be fetched, and whether one of them can sign a token.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Config } from '../../src/server/config.ts';
import type { Finding } from '../../src/ports/store.ts';
import { createOutgoing } from '../../src/server/compose-outgoing.ts';
import { ROLES_BEGAN, UNDECIDED } from '../../src/server/role-default.ts';
import { countRecords } from '../../src/stores/embedded/record-reading.ts';
import { pathsOf } from '../../src/stores/embedded/folder/folder.ts';

const ASK_TIMEOUT_MS = 5000;
const KEYS_BYTES_MAX = 1024 * 1024;

/** Without keys nobody gets in, so keys that cannot be read are a fault. */
export async function examineIssuer(config: Config): Promise<readonly Finding[]> {
  const { demo, issuer, jwksUri, jwksFile, authorizationServer } = config;
  if (demo)
    return [{ ok: true, warning: true, says: 'tokens of the demonstration: anybody here can have one' }];
  if (issuer === undefined) {
    return authorizationServer === 'on'
      ? [{ ok: true, says: 'no outside issuer is set: people, apps and machines sign in here' }]
      : [{ ok: false, says: 'authorizationServer is off and no issuer is set: the server will not start' }];
  }
  const place = jwksFile ?? jwksUri ?? '';
  const remedy =
    jwksFile === undefined ? 'check JWKS_URI, its certificate and the way there' : 'check JWKS_FILE';
  let keys: unknown;
  try {
    keys = JSON.parse(jwksFile === undefined ? await fetchText(place, config) : readFileSync(place, 'utf8'));
  } catch (error) {
    return [
      {
        ok: false,
        says: `the keys of ${issuer} cannot be read from ${place} (${reason(error)}) → ${remedy}`,
      },
    ];
  }
  const found = (keys as { readonly keys?: unknown } | null)?.keys;
  const usable = Array.isArray(found) ? found.filter(isForSigning).length : 0;
  if (usable === 0) return [{ ok: false, says: `${place} holds no key that signs → ${remedy}` }];
  return [{ ok: true, says: `${usable} keys of ${issuer} at ${place}` }, ...examineRoles(config)];
}

/** What users of the issuer are here, where nobody has chosen it (identity ID-8). */
function examineRoles({ dataDir, defaultRole }: Config): readonly Finding[] {
  if (!existsSync(pathsOf(dataDir).database)) return [];
  const undecided = countRecords(dataDir, ROLES_BEGAN.kind, 'outsideUsers', 'unrestricted') > 0;
  return undecided && defaultRole === undefined ? [{ ok: true, warning: true, says: UNDECIDED }] : [];
}

/** Fetches the keys in the same way as the server. */
async function fetchText(url: string, config: Config): Promise<string> {
  const http = createOutgoing(config, [], { now: () => Date.now() }).httpFor('jwks');
  const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
  const asked = { method: 'GET', headers: [], signal, responseBytesMax: KEYS_BYTES_MAX } as const;
  try {
    const { status, body } = await http.send(new URL(url), asked, true);
    if (status !== 200) throw new Error(`HTTP ${status}`);
    return body;
  } finally {
    await http.close();
  }
}

/** RFC 7517, 4.1 and 4.2: a public key that is not for encryption. */
function isForSigning(key: unknown): boolean {
  const { kty, use } = (key ?? {}) as { readonly kty?: unknown; readonly use?: unknown };
  return (kty === 'RSA' || kty === 'EC' || kty === 'OKP') && use !== 'enc';
}

function reason(error: unknown): string {
  const { message, cause } = error as Error;
  const { code } = (cause ?? error) as { readonly code?: string };
  return code ?? message;
}
