/** Introspection, revocation, userinfo and registration: what each answers, and what it tells nobody. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { patient as patientResource } from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import {
  askAuth,
  askBackend,
  assertionOf,
  BEHIND_PROXY,
  ISSUER,
  makeKey,
  postForm,
  putClient,
  putCode,
  putPerson,
  redeem,
  REDIRECT,
  refresh,
  type AuthAnswer,
  type TestKey,
  type TestPerson,
} from '../../smart.ts';
import { BASE } from '../../world.ts';

const SCOPE = 'openid fhirUser profile launch/patient offline_access patient/*.rs';

let server: TestServer;
let person: TestPerson;
let key: TestKey;
let patient: string;
beforeAll(async () => {
  server = await openServer(['recipient', 'stranger'], ...BEHIND_PROXY);
  const { store } = server.running;
  key = await makeKey();
  await putClient(store, 'app', {
    organization: 'Organization/recipient',
    redirectUris: [REDIRECT],
    corsOrigins: ['https://app.example.org'],
  });
  const machine = {
    kind: 'service',
    jwks: { keys: [key.publicJwk] },
    scopes: ['system/*.rs', 'https://closeloop.dev/scopes/introspect'],
  } as const;
  await putClient(store, 'gateway', { ...machine, organization: 'Organization/recipient' });
  await putClient(store, 'foreign', { ...machine, organization: 'Organization/stranger' });
  person = await putPerson(store, 'ada', {
    organization: 'Organization/recipient',
    links: [{ ref: 'Practitioner/ada', custodian: 'Organization/recipient' }],
  });
  patient = (await server.create('recipient', patientResource())).id ?? '';
}, 60_000);
afterAll(() => server.close());

const login = async (of = `Patient/${patient}` as const): Promise<AuthAnswer['json']> => {
  const issued = await putCode(server.running.store, {
    client: 'app',
    person,
    scope: SCOPE,
    context: {
      organization: 'Organization/recipient',
      patient: of,
      encounter: 'Encounter/2',
      fhirContext: [{ reference: 'Task/3' }],
      needPatientBanner: false,
      intent: 'reconcile',
    },
  });
  return (await redeem(server, 'app', issued)).json;
};
const introspect = async (token: unknown, client = 'gateway'): Promise<AuthAnswer> =>
  postForm(server, '/auth/introspect', {
    token: String(token),
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertionOf(client, key),
  });

describe('introspection', () => {
  test('(g10 9.20, smart SM-59) tells of a token what its answer told', async () => {
    const granted = await login();
    const { status, json } = await introspect(granted['access_token']);
    expect(status).toBe(200);
    expect(json).toEqual({
      active: true,
      scope: granted['scope'],
      client_id: 'app',
      sub: 'ada',
      iss: ISSUER,
      aud: BASE,
      token_type: 'Bearer',
      exp: expect.any(Number),
      iat: expect.any(Number),
      sid: person.session,
      patient,
      encounter: '2',
      fhirContext: [{ reference: 'Task/3' }],
      need_patient_banner: false,
      intent: 'reconcile',
      fhirUser: `${BASE}/Practitioner/ada`,
    });
    for (const member of ['patient', 'encounter', 'fhirContext', 'need_patient_banner', 'intent'])
      expect(json[member]).toEqual(granted[member]);
  });

  test('(smart SM-58) by a Bearer token with the scope for it, and by none without', async () => {
    const { access_token: token } = await login();
    const scope = 'system/*.rs https://closeloop.dev/scopes/introspect';
    const { json: with_ } = await askBackend(server, await assertionOf('gateway', key), { scope });
    const { json: without } = await askBackend(server, await assertionOf('gateway', key));
    const ask = (bearer: unknown) =>
      postForm(
        server,
        '/auth/introspect',
        { token: String(token) },
        { authorization: `Bearer ${String(bearer)}` },
      );
    expect((await ask(with_['access_token'])).json['active']).toBe(true);
    expect((await ask(without['access_token'])).status).toBe(401);
    expect((await postForm(server, '/auth/introspect', { token: String(token) })).status).toBe(401);
    expect(
      (await postForm(server, '/auth/introspect', { token: String(token), client_id: 'app' })).status,
    ).toBe(401);
  });

  test('(g10 9.20.2.02, smart SM-60) of what is unknown, or another organization’s, it says one thing alone', async () => {
    const { access_token: token } = await login();
    for (const answer of [await introspect('invalid_token_value'), await introspect(token, 'foreign')])
      expect([answer.status, answer.json]).toEqual([200, { active: false }]);
  });
});

describe('revocation', () => {
  const revoke = (token: unknown, client: string): Promise<AuthAnswer> =>
    postForm(server, '/auth/revoke', { token: String(token), client_id: client });

  test('(g10 9.3.01–03, smart SM-61) takes the whole grant at once, by either token', async () => {
    for (const member of ['access_token', 'refresh_token']) {
      const granted = await login();
      expect((await revoke(granted[member], 'app')).status).toBe(200);
      const read = await askAuth(server, '/fhir/Patient', {
        headers: { authorization: `Bearer ${String(granted['access_token'])}` },
      });
      expect(read.status).toBe(401);
      expect((await refresh(server, 'app', granted['refresh_token'])).status).toBe(400);
    }
  });

  test('(smart SM-52) a refresh ends where the patient is out of sight', async () => {
    const granted = await login('Patient/nobody');
    const answer = await refresh(server, 'app', granted['refresh_token']);
    expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_grant']);
  });

  test('(smart SM-61) of another client’s token does nothing, and says nothing', async () => {
    await putClient(server.running.store, 'other', { redirectUris: [REDIRECT] });
    const granted = await login();
    expect((await revoke(granted['refresh_token'], 'other')).status).toBe(200);
    expect((await refresh(server, 'app', granted['refresh_token'])).status).toBe(200);
    expect((await revoke('nothing', 'app')).status).toBe(200);
  });
});

describe('userinfo', () => {
  test('says who, to the pages of registered origins (smart SM-70)', async () => {
    const { access_token: token } = await login();
    const ask = (headers: Readonly<Record<string, string>>) => askAuth(server, '/auth/userinfo', { headers });
    const bearer = { authorization: `Bearer ${String(token)}` };
    const { json, headers } = await ask({ ...bearer, origin: 'https://app.example.org' });
    expect(json).toEqual({ sub: 'ada', fhirUser: `${BASE}/Practitioner/ada`, name: 'Person ada' });
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example.org');
    expect(
      (await ask({ ...bearer, origin: 'https://evil.example' })).headers.get('access-control-allow-origin'),
    ).toBeNull();
    expect((await ask({ authorization: 'Bearer nothing' })).status).toBe(401);
  });
});

describe('(smart SM-70) an answer is for the pages of the client of the token', () => {
  const readFrom = async (origin: string, token: unknown, path = '/fhir/Patient'): Promise<string | null> => {
    const headers = { authorization: `Bearer ${String(token)}`, origin };
    const answer = await askAuth(server, path, { headers });
    return answer.headers.get('access-control-allow-origin');
  };

  test.each(['/fhir/Patient', '/auth/userinfo'])('%s', async (path) => {
    const { store } = server.running;
    await putClient(store, 'neighbour', {
      redirectUris: [REDIRECT],
      corsOrigins: ['https://next.example.org'],
    });
    const { access_token: token } = await login();
    expect(await readFrom('https://app.example.org', token, path)).toBe('https://app.example.org');
    expect(await readFrom('https://next.example.org', token, path)).toBeNull();
    expect(await readFrom('https://evil.example', token, path)).toBeNull();
  });

  test('(g10 1.11.08) for those of a confidential client as well, while it is active', async () => {
    const { store } = server.running;
    const app = {
      redirectUris: [REDIRECT],
      corsOrigins: ['https://app.example.org'],
      organization: 'Organization/recipient',
    } as const;
    const { access_token: token } = await login();
    await putClient(store, 'app', { ...app, kind: 'symmetric' });
    expect(await readFrom('https://app.example.org', token)).toBe('https://app.example.org');
    await putClient(store, 'app', { ...app, corsOrigins: [] });
    expect(await readFrom('https://app.example.org', token)).toBeNull();
    await putClient(store, 'app', app);
    expect(await readFrom('https://app.example.org', token)).toBe('https://app.example.org');
  });
});

describe('registration', () => {
  const admin = async (): Promise<string> =>
    String(
      await server.running.devIssuer?.sign({ subject: 'root', client: 'root', scope: 'closeloop/admin' }),
    );
  const register = async (metadata: object, token?: string): Promise<AuthAnswer> =>
    askAuth(server, '/auth/register', {
      method: 'POST',
      body: JSON.stringify(metadata),
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    });
  const APP = {
    client_name: 'Referral board',
    redirect_uris: [REDIRECT],
    token_endpoint_auth_method: 'none',
    scope: 'openid fhirUser launch/patient patient/*.rs',
  };

  test('an administrator’s token registers an app, whose codes are taken at once', async () => {
    const { status, json } = await register(APP, await admin());
    expect([status, json['client_name'], json['scope']]).toEqual([201, APP.client_name, APP.scope]);
    const client = String(json['client_id']);
    const issued = await putCode(server.running.store, {
      client,
      person,
      scope: 'openid',
      context: { organization: 'Organization/recipient' },
    });
    expect((await redeem(server, client, issued)).status).toBe(200);
  });

  test('(smart SM-43) a secret is told once, and its hash is kept', async () => {
    const { json } = await register(
      { ...APP, token_endpoint_auth_method: 'client_secret_basic' },
      await admin(),
    );
    const client = String(json['client_id']);
    const secret = String(json['client_secret']);
    const ask = async (given: string): Promise<number> => {
      const issued = await putCode(server.running.store, {
        client,
        person,
        scope: 'openid',
        context: { organization: 'Organization/recipient' },
      });
      const answer = await postForm(
        server,
        '/auth/token',
        {
          grant_type: 'authorization_code',
          code: issued.code,
          code_verifier: issued.verifier,
          redirect_uri: REDIRECT,
        },
        { authorization: `Basic ${Buffer.from(`${client}:${given}`).toString('base64')}` },
      );
      return answer.status;
    };
    expect([await ask(secret), await ask(`${secret}x`)]).toEqual([200, 401]);
    const kept = await server.running.store.snapshot().record('client', client);
    expect(JSON.stringify(kept)).not.toContain(secret);
  });

  test('(smart SM-58) a machine may ask about tokens, and no app', async () => {
    const scope = 'https://closeloop.dev/scopes/introspect';
    const machine = {
      client_name: 'A gateway',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [(await makeKey()).publicJwk] },
      scope,
    };
    expect((await register(machine, await admin())).status).toBe(201);
    expect((await register({ ...APP, scope: `openid ${scope}` }, await admin())).status).toBe(400);
  });

  test('(identity 7.3) an administrator who is a person logged in a short while ago', async () => {
    const as = (authenticated: number) =>
      server.running.devIssuer?.sign({
        subject: 'grace',
        client: 'console',
        scope: 'user/Task.rs closeloop/admin',
        claims: { auth_time: Math.floor(Date.now() / 1000) - authenticated },
      });
    const late = await register(APP, String(await as(600)));
    expect([late.status, late.json['error']]).toEqual([401, 'insufficient_user_authentication']);
    expect(late.headers.get('www-authenticate')).toContain('max_age=300');
    expect((await register(APP, String(await as(60)))).status).toBe(201);
  });

  test('(smart SM-64) nobody else registers', async () => {
    expect((await register(APP)).status).toBe(401);
    const [none] = [await register(APP, 'nothing')];
    expect(none.status).toBe(401);
  });

  test.each([
    ['an http redirect', { redirect_uris: ['http://app.example.org/cb'] }, 'invalid_redirect_uri'],
    ['a fragment', { redirect_uris: ['https://app.example.org/cb#x'] }, 'invalid_redirect_uri'],
    ['a wildcard', { redirect_uris: ['https://*.example.org/cb'] }, 'invalid_redirect_uri'],
    [
      'a line end in a redirect',
      { redirect_uris: ['https://app.example.org/\r\ncb'] },
      'invalid_redirect_uri',
    ],
    [
      'a redirect in other letters',
      { redirect_uris: ['https://аpp.example.org/cb'] },
      'invalid_redirect_uri',
    ],
    ['a name turned round', { client_name: 'Good\u202Edab' }, 'invalid_client_metadata'],
    ['a script for a redirect', { redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    [
      'no keys',
      { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [] } },
      'invalid_client_metadata',
    ],
    ['a logo elsewhere', { logo_uri: 'https://app.example.org/logo.png' }, 'invalid_client_metadata'],
    [
      'a logo too large',
      { logo_uri: `data:image/png;base64,${'A'.repeat(20_000)}` },
      'invalid_client_metadata',
    ],
    ['a scope that is none', { scope: 'patient/*.dus' }, 'invalid_client_metadata'],
    ['a machine’s scope', { scope: 'system/*.rs' }, 'invalid_client_metadata'],
    [
      'a machine with a secret',
      {
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'client_secret_basic',
        redirect_uris: [],
      },
      'invalid_client_metadata',
    ],
  ])('(smart SM-65, SM-66) %s is refused', async (_what, metadata, error) => {
    const { status, json } = await register({ ...APP, ...metadata }, await admin());
    expect([status, json['error']]).toEqual([400, error]);
  });

  test('(smart SM-66) keys that are short, doubled or private are refused', async () => {
    const { publicJwk } = key;
    const wrong = [
      [{ ...publicJwk, d: 'secret' }],
      [publicJwk, publicJwk],
      [{ ...publicJwk, kid: undefined }],
      [{ kty: 'oct', k: 'secret', kid: 'a' }],
    ];
    for (const keys of wrong) {
      const metadata = {
        ...APP,
        redirect_uris: [],
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
        scope: 'system/*.rs',
        jwks: { keys },
      };
      expect((await register(metadata, await admin())).status).toBe(400);
    }
  });
});

describe('discovery', () => {
  test('(g10 1.8, smart SM-69) both documents say the same of the endpoints, to any page', async () => {
    const headers = { origin: 'https://anybody.example', accept: 'text/html' };
    const smart = await askAuth(server, '/fhir/.well-known/smart-configuration', { headers });
    const oidc = await askAuth(server, '/auth/.well-known/openid-configuration', { headers });
    const oauth = await askAuth(server, '/.well-known/oauth-authorization-server/auth', { headers });
    for (const { status, headers: sent } of [smart, oidc, oauth])
      expect([status, sent.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect(oauth.json).toEqual(oidc.json);
    expect(smart.json).toMatchObject({
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      code_challenge_methods_supported: ['S256'],
      registration_endpoint: `${ISSUER}/register`,
    });
    for (const name of [
      'authorization_endpoint',
      'token_endpoint',
      'jwks_uri',
      'issuer',
      'introspection_endpoint',
      'revocation_endpoint',
      'management_endpoint',
    ])
      expect(oidc.json[name]).toEqual(smart.json[name]);
  });

  test('(smart SM-62) name the page on which people see their apps', async () => {
    const { json } = await askAuth(server, '/fhir/.well-known/smart-configuration');
    expect(json['management_endpoint']).toBe(`${ISSUER}/apps`);
    const { status, headers } = await askAuth(server, '/auth/apps');
    expect([status, headers.get('location')?.includes('/auth/login')]).toEqual([303, true]);
  });

  test('(smart SM-5) no header changes what they say', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' };
    const { text } = await askAuth(server, '/auth/.well-known/openid-configuration', { headers });
    expect(text).not.toContain('evil');
    const assertion = await assertionOf('gateway', key, {
      claims: { aud: 'http://evil.example/auth/token' },
    });
    const answer = await postForm(
      server,
      '/auth/token',
      {
        grant_type: 'client_credentials',
        scope: 'system/*.rs',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      },
      headers,
    );
    expect(answer.status).toBe(401);
  });

  test('(smart SM-70, SM-71) preflights are for registered origins, and for no page of users', async () => {
    const ask = (path: string, origin: string) =>
      askAuth(server, path, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const allowed = async (path: string, origin: string): Promise<string | null> =>
      (await ask(path, origin)).headers.get('access-control-allow-origin');
    expect(await allowed('/auth/token', 'https://app.example.org')).toBe('https://app.example.org');
    expect(await allowed('/fhir/Task', 'https://app.example.org')).toBe('https://app.example.org');
    expect(await allowed('/auth/token', 'https://evil.example')).toBeNull();
    expect(await allowed('/fhir/Task', 'https://evil.example')).toBeNull();
    expect(await allowed('/auth/introspect', 'https://app.example.org')).toBeNull();
    expect(await allowed('/auth/authorize', 'https://app.example.org')).toBeNull();
  });

  test('(g10 1.9.08, smart SM-70) a public client’s page reads its token', async () => {
    const issued = await putCode(server.running.store, {
      client: 'app',
      person,
      scope: 'openid',
      context: { organization: 'Organization/recipient' },
    });
    const form = {
      grant_type: 'authorization_code',
      client_id: 'app',
      code: issued.code,
      code_verifier: issued.verifier,
      redirect_uri: REDIRECT,
    };
    const from = (origin: string) => postForm(server, '/auth/token', form, { origin });
    expect((await from('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    const { status, headers } = await from('https://app.example.org');
    expect([status, headers.get('access-control-allow-origin')]).toEqual([200, 'https://app.example.org']);
  });
});
