/** Clients for tests of the authorization server: registered by their records, with keys and assertions of their own. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { accountWrite, membershipWrite } from '../src/accounts/accounts.ts';
import { createSessions } from '../src/accounts/sessions.ts';
import type { Ref } from '../src/fhir/types.ts';
import { createAdapter, keepGrantContext } from '../src/http/auth/adapter.ts';
import type { GrantContext } from '../src/http/auth/records.ts';
import { openUnit, withinUnit } from '../src/http/auth/unit.ts';
import type { UserAccount } from '../src/identity/account.ts';
import type { UserMembership } from '../src/identity/membership.ts';
import type { Role } from '../src/identity/roles.ts';
import { clientIndex, type Client } from '../src/identity/client.ts';
import { adminEntry, SERVER_AGENT } from '../src/ports/audit.ts';
import { auditedCommit } from '../src/ports/commit.ts';
import type { Store } from '../src/ports/store.ts';
import type { TestServer } from './server.ts';
import { BASE } from './world.ts';

/** `[origin]/auth` of the server of `openServer`, as it calls itself. */
export const ISSUER = 'https://referrals.example.org/auth';

/** The audit row of a commit that a test makes by itself. */
export const TEST_ROW = adminEntry(
  { agent: SERVER_AGENT, requestId: 'test' },
  { entities: [], query: 'test', viewers: [] },
);

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
  const record = { kind: 'client', key: id, expect: 'any', body, index: clientIndex(body) } as const;
  await store.commit(auditedCommit([TEST_ROW], { records: [record] }));
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

// — people, and what they let apps do

export interface TestPerson {
  readonly account: string;
  /** The public id of the session. */
  readonly session: string;
  /** The value of its cookie. */
  readonly cookie: string;
}

/** An active account with a membership and a session of two factors. */
export async function putPerson(
  store: Store,
  id: string,
  {
    organization,
    ...more
  }: { readonly organization: Ref } & Partial<UserAccount & { roles: readonly Role[] }>,
): Promise<TestPerson> {
  const now = Date.now();
  const { roles = ['coordinator'], ...rest } = more;
  const account: UserAccount = {
    login: `${id}@example.org`,
    name: `Person ${id}`,
    state: 'active',
    since: now,
    createdAt: now,
    administrator: false,
    links: [],
    ...rest,
  };
  const membership: UserMembership = { account: id, organization, roles, rolesSince: {}, status: 'active' };
  const records = [accountWrite(id, account, 'any'), membershipWrite(membership, 'any')];
  await store.commit(auditedCommit([TEST_ROW], { records }));
  const sessions = createSessions({
    store,
    clock: { now: () => Date.now() },
    random: randomBytes,
    settings: { sessionIdleMs: 900_000 },
  });
  const opened = await sessions.open(
    { session: { account: id, organization }, ways: ['pwd', 'otp'] },
    { agent: SERVER_AGENT, requestId: 'test' },
  );
  if (opened === undefined) throw new Error('no session was opened');
  return { account: id, session: opened.id, cookie: opened.cookie };
}

/** What a test's code is for. */
export interface TestCode {
  readonly client: string;
  readonly person: TestPerson;
  readonly scope: string;
  readonly context?: GrantContext;
  readonly redirectUri?: string;
  readonly nonce?: string;
}

export const REDIRECT = 'https://app.example.org/callback';

/** A grant and a code for it, as the authorization endpoint would have answered it. */
export async function putCode(
  store: Store,
  about: TestCode,
): Promise<{ code: string; verifier: string; grant: string }> {
  const { client, person, scope, context = {}, redirectUri = REDIRECT, nonce } = about;
  const { verifier, challenge } = makePkce();
  const code = randomBytes(32).toString('base64url');
  const grant = randomBytes(32).toString('base64url');
  const unit = openUnit(store, { requestId: 'test' });
  const parts = {
    store,
    now: () => Date.now(),
    findLogin: async () => undefined,
    isLive: async () => true,
    findClient: async () => undefined,
    reliedOn: async () => [],
  };
  const iat = Math.floor(Date.now() / 1000);
  const common = { iat, clientId: client, accountId: person.account };
  await withinUnit(unit, async () => {
    await createAdapter(parts, 'Grant').upsert(
      grant,
      { ...common, kind: 'Grant', exp: iat + 86_400, openid: { scope }, resources: { [BASE]: scope } },
      86_400,
    );
    await createAdapter(parts, 'AuthorizationCode').upsert(
      code,
      {
        ...common,
        kind: 'AuthorizationCode',
        exp: iat + 60,
        grantId: grant,
        scope,
        resource: BASE,
        redirectUri,
        codeChallenge: challenge,
        codeChallengeMethod: 'S256',
        sessionUid: person.session,
        acr: 'urn:closeloop:acr:mfa',
        amr: ['mfa', 'otp', 'pwd'],
        authTime: iat,
        ...(nonce !== undefined && { nonce }),
      },
      60,
    );
    await keepGrantContext(unit, grant, { session: person.session, ...context });
  });
  await unit.commit();
  return { code, verifier, grant };
}

/** Redeems a code as a public client. */
export const redeem = (
  server: Pick<TestServer, 'running'>,
  client: string,
  { code, verifier }: { readonly code: string; readonly verifier: string },
  form: Readonly<Record<string, string>> = {},
): Promise<AuthAnswer> =>
  postForm(server, '/auth/token', {
    grant_type: 'authorization_code',
    client_id: client,
    code,
    code_verifier: verifier,
    redirect_uri: REDIRECT,
    ...form,
  });

export const refresh = (
  server: Pick<TestServer, 'running'>,
  client: string,
  token: unknown,
  form: Readonly<Record<string, string>> = {},
): Promise<AuthAnswer> =>
  postForm(server, '/auth/token', {
    grant_type: 'refresh_token',
    client_id: client,
    refresh_token: String(token),
    ...form,
  });
