/**
 * Rows of OWASP ASVS 5.0 (V10 OAuth and OIDC) and 4.0.3 (V4 access control) that we claim of tokens, each by its number and over
 * HTTP. Not claimed: 10.3.5, 10.4.14 (tokens bound to their sender), 10.4.13 (pushed requests), and 10.4.8, because refresh tokens
 * must be prolonged for three months at each use ((g)(10) 11.16).
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { askForCode, cameBack, createSurfer, locationOf, REDIRECT } from '../../people.ts';
import { askAuth, ISSUER, postForm } from '../../smart.ts';
import { titleOf } from '../../smart-person.ts';
import { BASE } from '../../world.ts';
import { openG10World, type G10World, type Json } from '../g10/world.ts';

const SCOPE = 'openid fhirUser launch/patient offline_access patient/Patient.rs patient/Condition.rs';

let world: G10World;
beforeAll(async () => {
  world = await openG10World();
}, 60_000);
afterAll(() => world.close());

const letIn = (client: string, more: Readonly<Record<string, string | undefined>> = {}) =>
  world.herself.authorize({ client_id: client, scope: SCOPE, ...more });
const tokensOf = async (): Promise<Json> => (await world.redeem('public', await letIn('public'))).json;
const statusOf = async (tokens: Json, path = `Patient/${world.patient}`): Promise<number> =>
  (await world.get(tokens, path)).status;

describe('V10.4 the authorization server', () => {
  test.each([
    `${REDIRECT}/`,
    `${REDIRECT}?x=1`,
    `${REDIRECT}#x`,
    REDIRECT.replace('https:', 'http:'),
    REDIRECT.replace('app.', 'app.evil.'),
    'https://app.example@evil.example/callback',
    `${REDIRECT}/../callback`,
    REDIRECT.toUpperCase(),
  ])('asvs 5.0-10.4.1 the address %s was not registered', async (redirect) => {
    const { answer } = await askForCode(createSurfer(world.server), BASE, {
      client_id: 'public',
      redirect_uri: redirect,
      scope: SCOPE,
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  });

  test('asvs 5.0-10.4.2 a code that is used twice ends what it brought', async () => {
    const back = await letIn('public');
    const { json } = await world.redeem('public', back);
    expect(await statusOf(json)).toBe(200);
    expect((await world.redeem('public', back)).status).toBe(400);
    expect(await statusOf(json)).toBe(401);
    expect((await world.refresh('public', json)).status).toBe(400);
  });

  test('asvs 5.0-10.4.3 a code lasts a minute at most', async () => {
    const { params } = await letIn('public');
    const key = createHash('sha256')
      .update(params['code'] ?? '')
      .digest('base64url');
    const all = await world.server.running.store.snapshot().records('code', 'client', 'public');
    const codes = all.filter((one) => one.key === key);
    expect(codes).toHaveLength(1);
    expect((codes[0]?.expiresAt ?? Infinity) - Date.now()).toBeLessThanOrEqual(60_000);
  });

  test.each([
    ['token', {}],
    ['id_token', { nonce: 'n' }],
    ['code token', { nonce: 'n' }],
    ['none', {}],
  ])('asvs 5.0-10.4.4 there is no response_type %s', async (response_type, more) => {
    const asked = { client_id: 'public', scope: SCOPE, response_type, ...more };
    const { answer } = await askForCode(world.herself.surfer, BASE, asked);
    const to = answer.headers.get('location') ?? '';
    expect(to).toMatch(/[?#&]error=(unsupported_response_type|unauthorized_client)(&|$)/);
    expect(to).not.toMatch(/[?#&](code|access_token|id_token)=/);
  });

  test.each(['password', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code'])(
    'asvs 5.0-10.4.4 an app of people has no grant_type %s',
    async (grant_type) => {
      const form = {
        grant_type,
        username: world.herself.login,
        password: world.herself.password,
        scope: SCOPE,
      };
      expect((await world.ask('public', form)).status).toBe(400);
      expect((await world.ask('symmetric', form)).status).toBe(400);
    },
  );

  test('asvs 5.0-10.4.5 a refresh token is another at each use', async () => {
    const tokens = await tokensOf();
    const next = await world.refresh('public', tokens);
    expect(next.json['refresh_token']).not.toBe(tokens['refresh_token']);
    expect((await world.refresh('public', tokens)).status).toBe(400);
  });

  test.each([
    ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }],
    ['plain', { code_challenge_method: 'plain' }],
    ['no method, which means plain', { code_challenge_method: undefined }],
  ])('asvs 5.0-10.4.6 a request with %s gets no code', async (_what, more) => {
    const { params } = await letIn('symmetric', more);
    expect(params).toMatchObject({ error: 'invalid_request' });
  });

  test('asvs 5.0-10.4.9, 10.7.3 a person sees and takes back what apps may do', async () => {
    const tokens = (await world.redeem('asymmetric', await letIn('asymmetric'))).json;
    const { surfer } = world.herself;
    const page = await surfer.get('/auth/apps');
    expect(page.text).toContain('Key App');
    await surfer.send(page, [['client', 'asymmetric']], /\/apps/);
    expect(await statusOf(tokens)).toBe(401);
    expect((await surfer.get('/auth/apps')).text).not.toContain('Key App');
  });

  test('asvs 5.0-10.4.10 who keeps a secret or a key must show it', async () => {
    for (const client of ['symmetric', 'asymmetric', 'backend']) {
      const grant = { grant_type: 'refresh_token', refresh_token: 'x', client_id: client };
      expect([client, (await postForm(world.server, '/auth/token', grant)).status]).toEqual([client, 401]);
      const wrong = { ...grant, client_secret: 'wrong' };
      expect([client, (await postForm(world.server, '/auth/token', wrong)).status]).toEqual([client, 401]);
      const revoked = await postForm(world.server, '/auth/revoke', { token: 'x', client_id: client });
      expect([client, revoked.status]).toEqual([client, 401]);
    }
  });

  test.each([
    'patient/Condition.cruds',
    'user/*.cruds',
    'system/*.rs',
    'https://closeloop.dev/scopes/introspect',
  ])('asvs 5.0-10.4.11 an app gets no scope %s for which it was not registered', async (scope) => {
    const { params } = await letIn('public', { scope: `openid ${scope}` });
    expect(params).toMatchObject({ error: 'invalid_scope' });
  });

  test.each(['form_post', 'fragment', 'web_message'])(
    'asvs 5.0-10.4.12 an answer comes in the query, not by %s',
    async (response_mode) => {
      const { params } = await letIn('public', { response_mode });
      expect(params).not.toHaveProperty('code');
    },
  );
});

describe('V10.1, V10.2, V10.6 what protects apps', () => {
  test('asvs 5.0-10.2.2 each answer says from which server it is (RFC 9207)', async () => {
    expect((await letIn('public')).params['iss']).toBe(ISSUER);
    expect((await letIn('public', { aud: 'https://evil.example' })).params['iss']).toBe(ISSUER);
  });

  test('asvs 5.0-10.6.2 signing out by an app’s link is asked first, and leads only where it was registered', async () => {
    const { surfer } = world.herself;
    const page = await surfer.get(
      `/auth/logout?client_id=public&post_logout_redirect_uri=https://evil.example`,
    );
    expect([page.status, titleOf(page)]).toEqual([200, 'Sign out?']);
    expect(page.text).not.toMatch(/action="https:\/\/evil/);
    expect((await surfer.get('/auth/account')).status).toBe(200);
  });

  test('asvs 5.0-10.7.1, 10.7.2 a person is told which app asks for what, and says no', async () => {
    const scope = `${SCOPE} patient/Goal.rs`;
    const { answer } = await askForCode(world.herself.surfer, BASE, { client_id: 'public', scope });
    expect(titleOf(answer)).toBe('Let Public App in?');
    expect(answer.text).toContain('goals of treatment');
    const back = await world.herself.surfer.follow(
      await world.herself.surfer.send(answer, [['answer', 'deny']]),
    );
    expect(cameBack(back)).toMatchObject({ error: 'access_denied' });
  });
});

describe('V10.3 and V4 the resource server', () => {
  let tokens: Json;
  beforeAll(async () => {
    tokens = await tokensOf();
  });

  test('asvs 5.0-10.3.1 an id_token, a refresh token and a code are no access tokens', async () => {
    for (const token of [tokens['id_token'], tokens['refresh_token'], 'x'])
      expect(await statusOf({ access_token: token })).toBe(401);
  });

  test('asvs 5.0-10.3.2 the scopes decide', async () => {
    expect(await statusOf(tokens, `Condition?patient=${world.patient}`)).toBe(200);
    expect(await statusOf(tokens, `Goal?patient=${world.patient}`)).toBe(403);
    expect(await statusOf(tokens, 'Task')).toBe(403);
  });

  test('asvs 4.0.3-4.2.1 the id of another’s record opens nothing', async () => {
    const [condition] = await world.server.search('recipient', `Condition?patient=${world.other}`);
    expect(await statusOf(tokens, `Patient/${world.other}`)).toBe(404);
    expect(await statusOf(tokens, `Condition/${condition?.id ?? 'none'}`)).toBe(404);
    expect(await statusOf(tokens, `Condition/${condition?.id ?? 'none'}/_history`)).toBe(404);
  });

  test('asvs 4.0.3-4.1.3 who reads does not write', async () => {
    const answer = await askAuth(world.server, `/fhir/Patient/${world.patient}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${String(tokens['access_token'])}` },
    });
    expect(answer.status).toBe(403);
  });

  test('asvs 4.0.3-8.3.1, 3.1.1 a token in an address is not taken', async () => {
    const token = String(tokens['access_token']);
    const answer = await askAuth(world.server, `/fhir/Patient/${world.patient}?access_token=${token}`);
    expect([400, 401]).toContain(answer.status);
  });

  test('asvs 4.0.3-3.3.1, 5.0-7.4.1 what is bound to the session ends with it, in every app', async () => {
    const back = await letIn('public', { scope: 'openid launch/patient patient/Patient.rs' });
    const { json } = await world.redeem('public', back);
    expect(await statusOf(json)).toBe(200);
    const { surfer } = world.herself;
    const page = await surfer.get('/auth/logout');
    const left = await surfer.send(page, [['logout', 'yes']], /\/logout/);
    expect([left.status, locationOf(left)]).toEqual([200, undefined]);
    expect(await statusOf(json)).toBe(401);
    expect(await statusOf(tokens)).toBe(200); // offline access was allowed
  });
});
