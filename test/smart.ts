/** Clients for tests of the authorization server: registered by their records, with keys and assertions of their own. */
import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { clientIndex, type Client } from '../src/identity/client.ts';
import { adminEntry, SERVER_AGENT } from '../src/ports/audit.ts';
import { auditedCommit } from '../src/ports/commit.ts';
import type { Store } from '../src/ports/store.ts';
import type { TestServer } from './server.ts';

/** `[origin]/auth` of the server of `openServer`, as it calls itself. */
export const ISSUER = 'https://referrals.example.org/auth';

const CLIENT: Client = {
  name: 'A client',
  kind: 'public',
  status: 'active',
  redirectUris: [],
  postLogoutRedirectUris: [],
  scopes: [],
  corsOrigins: [],
  embeddingOrigins: [],
  contacts: ['someone@example.org'],
  approvedBy: 'test',
};

/** Writes a registration, as an administrator's would be. */
export async function putClient(store: Store, id: string, client: Partial<Client>): Promise<void> {
  const body = { ...CLIENT, ...client };
  const row = adminEntry(
    { agent: SERVER_AGENT, requestId: 'test' },
    { entities: [], query: 'test', viewers: [] },
  );
  const record = { kind: 'client', key: id, expect: 'any', body, index: clientIndex(body) } as const;
  await store.commit(auditedCommit([row], { records: [record] }));
}

export interface TestKey {
  readonly alg: 'RS384' | 'ES384';
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK & { readonly kty: string };
}

export async function makeKey(alg: TestKey['alg'] = 'ES384', kid: string = randomUUID()): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } as TestKey['publicJwk']; // a public key has kty
  return { alg, kid, privateKey, publicJwk };
}

/** What an assertion says otherwise than it should. An undefined member is left out. */
export interface AssertionSays {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A client's assertion (RFC 7523) for the token endpoint. */
export function assertionOf(
  client: string,
  key: TestKey,
  { header, claims }: AssertionSays = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const said = {
    iss: client,
    sub: client,
    aud: `${ISSUER}/token`,
    exp: now + 300,
    jti: randomUUID(),
    ...claims,
  };
  return new SignJWT(said)
    .setProtectedHeader({ alg: key.alg, typ: 'JWT', kid: key.kid, ...header })
    .sign(key.privateKey);
}

/** An answer of the authorization server. */
export interface AuthAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Tells the server that its proxy is this machine: each request of these tests comes from an address of its own. */
export const BEHIND_PROXY = ['--trusted-proxy', '127.0.0.1'] as const;

let asked = 0;

/** An address that nobody asked from before: what fails is counted by it (smart SM-46). */
const newAddress = (): string => {
  asked += 1;
  return `10.9.${Math.floor(asked / 250)}.${asked % 250}`;
};

export async function askAuth(
  server: Pick<TestServer, 'running'>,
  path: string,
  {
    headers,
    ...init
  }: Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<AuthAnswer> {
  const answer = await fetch(`http://127.0.0.1:${server.running.port}${path}`, {
    redirect: 'manual',
    ...init,
    headers: { 'x-forwarded-for': newAddress(), ...headers },
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    json: isJson ? (JSON.parse(text) as AuthAnswer['json']) : {},
  };
}

export const postForm = (
  server: Pick<TestServer, 'running'>,
  path: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<AuthAnswer> => askAuth(server, path, { method: 'POST', body: new URLSearchParams(form), headers });

/** Asks for a token as a backend service. */
export const askBackend = (
  server: Pick<TestServer, 'running'>,
  assertion: string,
  form: Readonly<Record<string, string>> = {},
): Promise<AuthAnswer> =>
  postForm(server, '/auth/token', {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    scope: 'system/*.rs',
    ...form,
  });

/** A PKCE pair (RFC 7636). */
export function makePkce(): { readonly verifier: string; readonly challenge: string } {
  const verifier = `${randomUUID()}${randomUUID()}`;
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}
