/** Authenticates clients at the endpoints that the library does not answer: as they are registered, and no other way. */
import { hash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify, type JWK, type JWTPayload } from 'jose';
import { isUsable, type Client } from '../../identity/client.ts';
import type { Clock } from '../../ports/clock.ts';
import { faultOfAssertion } from './assertion.ts';
import type { FindClientKeys } from './client-keys.ts';
import { findClient } from './clients.ts';
import type { AuthExchange } from './exchange.ts';
import { ASSERTION_ALGORITHMS } from './provider.ts';
import { keyOfSecret } from './records.ts';
import type { UnitStore } from './unit.ts';
import { isSameSecret } from '../../identity/same-secret.ts';

/** A client that has proved who it is; a public one has only said so. */
interface ProvenClient {
  readonly id: string;
  readonly client: Client;
}

interface Parts {
  readonly store: UnitStore;
  readonly clock: Clock;
  readonly clientKeys: FindClientKeys;
  readonly settings: { readonly issuer: string; readonly clockToleranceS: number };
  /** What was wrong, for the server's log. */
  readonly failed: (client: string, why: string) => void;
}

export type FormFields = ReadonlyMap<string, string>;

/** The client of a request; undefined: nobody, or not proved. An assertion is remembered in the request's unit. */
export type AuthenticateClient = (
  exchange: AuthExchange,
  form: FormFields,
) => Promise<ProvenClient | undefined>;

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export function createAuthenticateClient(parts: Parts): AuthenticateClient {
  return async (exchange, form) => {
    const shown = credentialsOf(exchange, form);
    if (shown === undefined) return undefined;
    const client = await findClient(parts.store.snapshot(), shown.id);
    if (client === undefined || !isUsable(client, parts.clock.now())) {
      parts.failed(shown.id, 'there is no such client, or it may do nothing');
      return undefined;
    }
    const why = await faultOf(parts, exchange, shown, client);
    if (why === undefined) return { id: shown.id, client };
    parts.failed(shown.id, why);
    return undefined;
  };
}

interface ShownCredentials {
  readonly id: string;
  readonly secret?: string;
  readonly assertion?: string;
}

/** What the request shows: one way, and one name of a client. */
function credentialsOf({ req }: AuthExchange, form: FormFields): ShownCredentials | undefined {
  const basic = basicOf(req.headers.authorization);
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  const ways = [basic, secret, assertion].filter((way) => way !== undefined);
  if (ways.length > 1) return undefined;
  const named = form.get('client_id');
  if (basic !== undefined) return named === undefined || named === basic.id ? basic : undefined;
  if (assertion !== undefined) {
    if (form.get('client_assertion_type') !== ASSERTION_TYPE) return undefined;
    const id = subjectOf(assertion);
    return id === undefined || (named !== undefined && named !== id) ? undefined : { id, assertion };
  }
  if (named === undefined) return undefined;
  return secret === undefined ? { id: named } : { id: named, secret };
}

/** RFC 6749, 2.3.1: both parts are encoded as in a form. */
function basicOf(authorization = ''): { readonly id: string; readonly secret: string } | undefined {
  const [, encoded] = /^Basic +([\w+/=-]+)$/i.exec(authorization) ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const at = text.indexOf(':');
  try {
    return { id: formDecoded(text.slice(0, at)), secret: formDecoded(text.slice(at + 1)) };
  } catch {
    return undefined;
  }
}

const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll('+', '%20'));

function subjectOf(assertion: string): string | undefined {
  try {
    return decodeJwt(assertion).sub;
  } catch {
    return undefined;
  }
}

async function faultOf(
  parts: Parts,
  exchange: AuthExchange,
  { id, secret, assertion }: ShownCredentials,
  client: Client,
): Promise<string | undefined> {
  const { kind } = client;
  if (kind === 'public')
    return secret === undefined && assertion === undefined ? undefined : 'it has no secret';
  if (kind === 'symmetric') return isSecret(client, secret) ? undefined : 'the secret is another';
  return assertion === undefined
    ? 'there is no assertion'
    : faultOfProof(parts, exchange, { id, client, assertion });
}

const isSecret = ({ secretHash = '' }: Client, secret: string | undefined): boolean =>
  secret !== undefined && isSameSecret(hash('sha256', secret, 'hex'), secretHash);

interface Proof {
  readonly id: string;
  readonly client: Client;
  readonly assertion: string;
}

async function faultOfProof(parts: Parts, { unit }: AuthExchange, proof: Proof): Promise<string | undefined> {
  const payload = await judgeProof(parts, proof);
  if (typeof payload === 'string') return payload;
  const { jti = '', exp = 0 } = payload;
  const used = keyOfSecret(hash('sha256', `${proof.id}${jti}`, 'base64url')); // as the library names it
  if ((await unit.find('replay', used)) !== undefined) return 'the assertion was used before';
  const expiresAt = (exp + parts.settings.clockToleranceS) * 1000;
  unit.hold({ kind: 'replay', key: used, expect: 'absent', body: { client: proof.id }, expiresAt }, 'end');
  return undefined;
}

/** What a proof says, once its key and its claims are right; else what is wrong. */
async function judgeProof(
  { clock, clientKeys, settings }: Parts,
  { id, client, assertion }: Proof,
): Promise<JWTPayload | string> {
  const { issuer, clockToleranceS } = settings;
  try {
    const header = decodeProtectedHeader(assertion);
    const keyId = header.kid ?? '';
    const { jwksUri, jwks } = client;
    const keys = jwksUri === undefined ? (jwks?.keys ?? []) : await clientKeys(id, jwksUri, keyId);
    const [key, ...more] = keys.filter(({ kid }) => kid === keyId);
    if (key === undefined || more.length > 0) return 'there is no such key, or more than one';
    const { payload } = await jwtVerify(assertion, await importJWK(key as JWK, header.alg), {
      algorithms: [...ASSERTION_ALGORITHMS],
      clockTolerance: clockToleranceS,
      currentDate: new Date(clock.now()),
    });
    const fault = faultOfAssertion(id, payload, header, {
      audiences: [`${issuer}/token`, `${issuer}/introspect`, `${issuer}/revoke`, issuer],
      now: Math.floor(clock.now() / 1000),
      toleranceS: clockToleranceS,
      algorithms: ASSERTION_ALGORITHMS,
      jwksUri,
    });
    return fault ?? payload;
  } catch (error) {
    return error instanceof Error ? error.message : String(error); // of jose, which tells so what is wrong
  }
}
