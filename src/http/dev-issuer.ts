/**
 * An issuer of tokens for the demonstration, inside this process. It has no login and no endpoint: whoever starts the
 * demonstration is handed the tokens. Never used without `demo`, which never leaves this machine.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalJWKSet, exportJWK, generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';
import type { Ref } from '../fhir/types.ts';
import type { IssuerKeys } from './keys.ts';

export interface DevIssuer {
  readonly issuer: string;
  readonly keys: IssuerKeys;
  readonly algorithm: string;
  sign(claims: DevClaims): Promise<string>;
}

export interface DevClaims {
  readonly subject: string;
  readonly client: string;
  /** Separated by spaces. */
  readonly scope: string;
  /** `Organization/id`, under the claim that the server reads. */
  readonly organization?: Ref;
  readonly patient?: string;
  /** Further claims, as issuers write them. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Default: a day. */
  readonly lifetimeS?: number;
}

interface DevIssuerSettings {
  readonly audience: string;
  readonly organizationClaim: string;
  /** Folder in which the key is kept, so that tokens outlive a restart; undefined: in memory. */
  readonly folder: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const ISSUER = 'https://issuer.demo.closeloop.invalid';
const ALGORITHM = 'ES256';
const KEY_FILE = 'demo-issuer-key.json';
const DAY_S = 86_400;

export async function createDevIssuer(settings: DevIssuerSettings): Promise<DevIssuer> {
  const { audience, organizationClaim, folder, now } = settings;
  const secret = await readOrMakeKey(folder);
  const key = await importJWK(secret, ALGORITHM);
  const { d: _secret, ...open } = secret;
  return {
    issuer: ISSUER,
    algorithm: ALGORITHM,
    keys: {
      find: createLocalJWKSet({ keys: [open] }),
      generation: () => 0,
      reload: () => undefined,
      close: () => undefined,
    },
    sign({ subject, client, scope, organization, patient, claims: further, lifetimeS = DAY_S }) {
      const seconds = Math.floor(now() / 1000);
      const claims = {
        ...further,
        scope,
        client_id: client,
        ...(organization !== undefined && { [organizationClaim]: organization }),
        ...(patient !== undefined && { patient }),
      };
      return new SignJWT(claims)
        .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt', kid: KID })
        .setIssuer(ISSUER)
        .setAudience(audience)
        .setSubject(subject)
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + lifetimeS)
        .sign(key);
    },
  };
}

const KID = 'demo';

async function readOrMakeKey(folder: string | undefined): Promise<JWK> {
  const file = folder === undefined ? undefined : join(folder, KEY_FILE);
  if (file !== undefined && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as JWK; // we wrote it
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const secret = { ...(await exportJWK(privateKey)), alg: ALGORITHM, kid: KID, use: 'sig' };
  if (file !== undefined) writeFileSync(file, JSON.stringify(secret), { mode: 0o600 });
  return secret;
}

const EVERYTHING = 'system/*.cruds';

export interface DemoTokens {
  readonly initiator: string;
  readonly recipient: string;
  readonly admin: string;
}

/** The three tokens of the demonstration. `admin` has every scope and sees everything. */
export async function signDemoTokens(
  issuer: DevIssuer,
  organizations: { readonly initiator: Ref; readonly recipient: Ref },
  administratorScope: string,
): Promise<DemoTokens> {
  const party = (name: 'initiator' | 'recipient') =>
    issuer.sign({
      subject: `demo-${name}`,
      client: `demo-${name}`,
      scope: EVERYTHING,
      organization: organizations[name],
    });
  const [initiator, recipient, admin] = await Promise.all([
    party('initiator'),
    party('recipient'),
    issuer.sign({
      subject: 'demo-admin',
      client: 'demo-admin',
      scope: `${EVERYTHING} ${administratorScope}`,
    }),
  ]);
  return { initiator, recipient, admin };
}
