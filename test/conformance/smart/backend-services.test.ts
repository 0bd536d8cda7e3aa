/** Backend services (SMART App Launch 2.2): a machine gets a token by its key, and reaches what it is registered for. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openServer, type TestServer } from '../../server.ts';
import {
  askAuth,
  askBackend,
  assertionOf,
  BEHIND_PROXY,
  makeKey,
  postForm,
  putClient,
  type AssertionSays,
  type TestKey,
} from '../../smart.ts';

let server: TestServer;
let key: TestKey;
let rsa: TestKey;
let other: TestKey;

beforeAll(async () => {
  server = await openServer(['recipient', 'initiator'], ...BEHIND_PROXY);
  [key, rsa, other] = await Promise.all([makeKey('ES384'), makeKey('RS384'), makeKey('ES384')]);
  await putClient(server.running.store, 'robot', {
    kind: 'service',
    organization: 'Organization/recipient',
    jwks: { keys: [key.publicJwk, rsa.publicJwk] },
    scopes: ['system/*.rs', 'system/Task.cruds'],
  });
}, 30_000);
afterAll(() => server.close());

const fhir = (token: unknown, path: string): ReturnType<typeof askAuth> =>
  askAuth(server, `/fhir/${path}`, { headers: { authorization: `Bearer ${String(token)}` } });

describe('a machine with a key', () => {
  test.each(['ES384', 'RS384'] as const)('(g10 8.1.05) gets a token by %s', async (alg) => {
    const { status, json, headers } = await askBackend(
      server,
      await assertionOf('robot', alg === 'ES384' ? key : rsa),
    );
    expect([status, json['token_type'], json['expires_in'], json['scope']]).toEqual([
      200,
      'Bearer',
      300,
      'system/*.rs',
    ]);
    expect(json['refresh_token']).toBeUndefined();
    expect(headers.get('cache-control')).toContain('no-store');
    expect(headers.get('pragma')).toBe('no-cache');
    const read = await fhir(json['access_token'], 'Organization/recipient');
    expect(read.status).toBe(200);
    expect((await fhir(json['access_token'], 'Task')).status).toBe(200);
  });

  test('(identity ID-60) is no client any more once its registration has ended', async () => {
    const registered = {
      kind: 'service',
      organization: 'Organization/recipient',
      scopes: ['system/*.rs'],
    } as const;
    const put = (expiresAt: number) =>
      putClient(server.running.store, 'ending', {
        ...registered,
        jwks: { keys: [key.publicJwk] },
        expiresAt,
      });
    await put(Date.now() + 60_000);
    const { status, json } = await askBackend(server, await assertionOf('ending', key));
    expect(status).toBe(200);
    expect((await fhir(json['access_token'], 'Task')).status).toBe(200);
    await put(Date.now() - 1);
    const after = await askBackend(server, await assertionOf('ending', key));
    expect([after.status, after.json['error']]).toEqual([401, 'invalid_client']);
    expect((await fhir(json['access_token'], 'Task')).status).toBe(401);
  });

  test('(smart SM-2) its token is opaque, and no longer of use once it is another', async () => {
    const { json } = await askBackend(server, await assertionOf('robot', key));
    const token = String(json['access_token']);
    expect(token).toMatch(/^[\w-]{43}$/);
    const other = `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`;
    expect((await fhir(other, 'Task')).status).toBe(401);
  });

  test('(smart 8) scopes are all or nothing, within the ceiling, for system alone', async () => {
    const ask = async (scope: string) => askBackend(server, await assertionOf('robot', key), { scope });
    const answers = await Promise.all(
      [
        'system/Task.cud',
        'system/Patient.c',
        'system/*.rs system/Patient.c',
        'patient/*.rs',
        'openid',
        'system/Task.dus',
        '',
      ].map(ask),
    );
    expect(answers.map(({ status, json }) => [status, json['error'] ?? json['scope']])).toEqual([
      [200, 'system/Task.cud'],
      [400, 'invalid_scope'],
      [400, 'invalid_scope'],
      [400, 'invalid_scope'],
      [400, 'invalid_scope'],
      [400, 'invalid_scope'],
      [400, 'invalid_scope'],
    ]);
  });
});

const now = (): number => Math.floor(Date.now() / 1000);
const WRONG: Readonly<Record<string, () => AssertionSays>> = {
  'no kid': () => ({ header: { kid: undefined } }),
  'another kid': () => ({ header: { kid: 'nobody' } }),
  'no typ': () => ({ header: { typ: undefined } }),
  'a foreign jku': () => ({ header: { jku: 'https://evil.example/jwks' } }),
  'a part that must be understood': () => ({ header: { crit: ['b64'], b64: true } }),
  'another issuer': () => ({ claims: { iss: 'someone' } }),
  'another subject': () => ({ claims: { sub: 'someone' } }),
  'another audience': () => ({ claims: { aud: 'https://evil.example/token' } }),
  'several audiences': () => ({
    claims: { aud: ['https://referrals.example.org/auth/token', 'https://evil.example'] },
  }),
  'no end': () => ({ claims: { exp: undefined } }),
  'an end too far off': () => ({ claims: { exp: now() + 400 } }),
  'an end that is past': () => ({ claims: { exp: now() - 60 } }),
  'no jti': () => ({ claims: { jti: undefined } }),
  'a jti too long': () => ({ claims: { jti: 'x'.repeat(256) } }),
  'a beginning to come': () => ({ claims: { nbf: now() + 600 } }),
};

describe('an assertion with', () => {
  test.each(Object.entries(WRONG))('(smart 8) %s is refused, and it is not said why', async (_what, says) => {
    const { status, json } = await askBackend(server, await assertionOf('robot', key, says()));
    expect([status, json['error'], json['error_description']]).toEqual([
      401,
      'invalid_client',
      'client authentication failed',
    ]);
  });

  test('(smart 8) the key of another is refused', async () => {
    const forged = await assertionOf('robot', { ...other, kid: key.kid });
    expect((await askBackend(server, forged)).status).toBe(401);
  });

  test('(smart SM-45) of 40 requests with one assertion, one gets a token', async () => {
    await putClient(server.running.store, 'racer', {
      kind: 'service',
      organization: 'Organization/recipient',
      jwks: { keys: [key.publicJwk] },
      scopes: ['system/*.rs'],
    });
    const assertion = await assertionOf('racer', key);
    const answers = await Promise.all(Array.from({ length: 40 }, () => askBackend(server, assertion)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 401]));
  });
});

describe('the token endpoint', () => {
  test('(g10 8.1.02–04, smart SM-44) names what is wrong', async () => {
    const assertion = () => assertionOf('robot', key);
    const cases = [
      await askBackend(server, await assertion(), { grant_type: 'not_a_grant_type' }),
      await askBackend(server, await assertion(), { client_assertion_type: 'not_an_assertion_type' }),
      await askBackend(server, 'not_a_jwt'),
      await askBackend(server, await assertionOf('nobody', key)),
      await askBackend(server, await assertion(), { grant_type: 'authorization_code', code: 'BAD_CODE' }),
    ];
    expect(cases.map(({ status, json }) => [status, json['error']])).toEqual([
      [400, 'unsupported_grant_type'],
      [400, 'invalid_request'],
      [400, 'invalid_request'],
      [401, 'invalid_client'],
      [400, 'unauthorized_client'],
    ]);
  });

  test('(smart SM-46) makes a client wait that asks too often', async () => {
    // No client of this name is registered: the limit counts before anything is looked up.
    const ask = () =>
      postForm(server, '/auth/token', { client_id: 'hasty', grant_type: 'client_credentials' });
    const answers = await Promise.all(Array.from({ length: 150 }, ask));
    const late = answers.find(({ status }) => status === 429);
    expect(late?.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});

describe('a client', () => {
  test.each([
    ['suspended', { status: 'suspended' as const }, [401, 'invalid_client']],
    ['expired', { expiresAt: Date.now() - 1000 }, [401, 'invalid_client']],
    ['not approved yet', { status: 'requested' as const }, [400, 'unauthorized_client']],
  ])('(smart SM-64, identity ID-60) that is %s gets no token', async (what, state, expected) => {
    const id = `client-${what.length}`;
    await putClient(server.running.store, id, {
      kind: 'service',
      organization: 'Organization/recipient',
      jwks: { keys: [key.publicJwk] },
      scopes: ['system/*.rs'],
      ...state,
    });
    const { status, json } = await askBackend(server, await assertionOf(id, key));
    expect([status, json['error']]).toEqual(expected);
  });

  test('(smart SM-63) that is suspended is out at its next call', async () => {
    const client = {
      kind: 'service' as const,
      organization: 'Organization/recipient' as const,
      jwks: { keys: [key.publicJwk] },
      scopes: ['system/*.rs'],
    };
    await putClient(server.running.store, 'leaving', client);
    const { json } = await askBackend(server, await assertionOf('leaving', key));
    expect((await fhir(json['access_token'], 'Task')).status).toBe(200);
    await putClient(server.running.store, 'leaving', { ...client, status: 'suspended' });
    expect((await fhir(json['access_token'], 'Task')).status).toBe(401);
  });
});
