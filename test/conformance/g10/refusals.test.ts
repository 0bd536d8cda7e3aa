/**
 * (g)(10), ported, not certified: 1.8, 3.7 discovery, TLS, 8.1 backend services, 9.3 revocation by the user, 9.4 another audience,
 * 9.17 wrong codes and clients, 9.18 PKCE, 11 registration. Bulk export (8.2–8.5) is not served (docs/limits.md), and so not here.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureVersion } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLog } from '../../../src/http/log.ts';
import { start } from '../../../src/server/compose.ts';
import { readConfig } from '../../../src/server/config.ts';
import { titleOf } from '../../smart-person.ts';
import { askForCode, REDIRECT } from '../../people.ts';
import { askAuth, askBackend, assertionOf, makeKey, postForm, putClient } from '../../smart.ts';
import { BASE } from '../../world.ts';
import { shakeHands } from '../../tls-shake.ts';
import { openG10World, type AppKind, type G10World } from './world.ts';

let world: G10World;
beforeAll(async () => {
  world = await openG10World();
}, 60_000);
afterAll(() => world.close());

const STANDALONE =
  'launch-standalone client-public client-confidential-symmetric client-confidential-asymmetric sso-openid-connect context-standalone-patient permission-offline permission-patient authorize-post permission-v2 permission-v1';
const EHR =
  'launch-ehr client-confidential-symmetric client-confidential-asymmetric sso-openid-connect context-banner context-style context-ehr-patient context-ehr-encounter permission-offline permission-user authorize-post permission-v2 permission-v1';

const configuration = () =>
  askAuth(world.server, '/fhir/.well-known/smart-configuration', {
    headers: { accept: 'application/json', origin: 'https://any.example' },
  });

const certificate = (name: string): string => join(import.meta.dirname, '../../fixtures/tls', name);

describe('1.8, 3.7 discovery', () => {
  test('g10 1.8.01, 3.7.01 the configuration is JSON', async () => {
    const { status, headers } = await configuration();
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^application\/json/)]);
  });

  test('g10 1.8.02, 3.7.02 it has the fields', async () => {
    const { json } = await configuration();
    for (const name of ['authorization_endpoint', 'token_endpoint', 'issuer', 'jwks_uri'])
      expect(json[name]).toMatch(/^https:\/\//);
    expect(json['grant_types_supported']).toContain('authorization_code');
    expect(json['code_challenge_methods_supported']).toEqual(['S256']);
    expect((json['capabilities'] as unknown[]).filter((one) => typeof one !== 'string')).toEqual([]); // an array, as asserted below
  });

  test('g10 1.8.03, 1.8.04 any page may read it, and the CapabilityStatement', async () => {
    const { headers } = await configuration();
    const metadata = await world.get(undefined, 'metadata', { origin: 'https://any.example' });
    for (const sent of [headers, metadata.headers])
      expect(['*', 'https://any.example']).toContain(sent.get('access-control-allow-origin'));
    expect(metadata.status).toBe(200);
  });

  test.each([
    ['1.8.05', STANDALONE],
    ['3.7.05', EHR],
  ])('g10 %s the capabilities of its launch', async (_id, capabilities) => {
    const { json } = await configuration();
    expect(json['capabilities']).toEqual(expect.arrayContaining(capabilities.split(' ')));
  });

  test('g10 1.11.02, 1.11.03, 1.11.04 the OpenID configuration has its fields, and the keys are there', async () => {
    const { json } = await askAuth(world.server, '/auth/.well-known/openid-configuration');
    for (const name of ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri'])
      expect(json[name]).toMatch(/^https:\/\//);
    for (const name of ['response_types_supported', 'subject_types_supported'])
      expect(json[name]).toEqual(expect.arrayContaining([expect.any(String)]));
    expect(json['id_token_signing_alg_values_supported']).toContain('RS256');
    const keys = await askAuth(world.server, new URL(String(json['jwks_uri'])).pathname);
    expect(keys.json['keys']).toContainEqual(expect.objectContaining({ kty: 'RSA', e: expect.any(String) }));
  });
});

test('g10 1.9.01, 1.9.04, 3.8.03, 3.8.06 TLS 1.0 and 1.1 shake no hands, 1.2 and 1.3 do', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closeloop-tls-'));
  const argv = ['--demo', '--port', '0', '--data-dir', folder];
  const tls = [
    '--tls-min-version',
    '1.2',
    '--tls-cert',
    certificate('receiver.cert.pem'),
    '--tls-key',
    certificate('receiver.key.pem'),
  ];
  const log = createLog(
    'error',
    () => undefined,
    () => Date.now(),
  );
  const running = await start(readConfig([...argv, ...tls], {}), log);
  const shake = (version: SecureVersion) => shakeHands({ host: '127.0.0.1', port: running.port }, version);
  const shaken = [
    await shake('TLSv1'),
    await shake('TLSv1.1'),
    await shake('TLSv1.2'),
    await shake('TLSv1.3'),
  ];
  await running.stop();
  rmSync(folder, { recursive: true });
  expect(shaken).toEqual(['refused', 'refused', 'TLSv1.2', 'TLSv1.3']);
});

describe('8.1 backend services', () => {
  test('g10 8.1.02 a grant_type that is none', async () => {
    const assertion = await assertionOf('backend', world.key);
    const { status } = await askBackend(world.server, assertion, { grant_type: 'not_a_grant_type' });
    expect(status).toBe(400);
  });

  test('g10 8.1.03 a client_assertion_type that is none', async () => {
    const assertion = await assertionOf('backend', world.key);
    const { status } = await askBackend(world.server, assertion, {
      client_assertion_type: 'not_an_assertion_type',
    });
    expect([400, 401]).toContain(status);
  });

  test('g10 8.1.04 an assertion of somebody else', async () => {
    const assertion = await assertionOf('backend', world.key, { claims: { iss: 'not_a_valid_iss' } });
    expect([400, 401]).toContain((await askBackend(world.server, assertion)).status);
    const foreign = await assertionOf('backend', await makeKey('ES384', world.key.kid));
    expect([400, 401]).toContain((await askBackend(world.server, foreign)).status);
  });

  test.each(['RS384', 'ES384'] as const)('g10 8.1.05, 8.1.06 %s gets a token, which reads', async (alg) => {
    const key = await makeKey(alg);
    const client = `backend-${alg}`;
    await putClient(world.server.running.store, client, {
      kind: 'service',
      organization: 'Organization/recipient',
      jwks: { keys: [key.publicJwk] },
      scopes: ['system/*.rs'],
    });
    const claims = { exp: Math.floor(Date.now() / 1000) + 300, jti: randomBytes(32).toString('hex') };
    const answer = await askBackend(world.server, await assertionOf(client, key, { claims }));
    expect([200, 201]).toContain(answer.status);
    expect(answer.json).toMatchObject({
      access_token: expect.any(String),
      token_type: expect.stringMatching(/^bearer$/i),
      expires_in: expect.any(Number),
      scope: 'system/*.rs',
    });
    expect((await world.get(answer.json, `Patient/${world.patient}`)).status).toBe(200);
    const again = await askBackend(world.server, await assertionOf(client, key, { claims }));
    expect(again.status).toBe(401);
  });
});

const SCOPE = 'openid launch/patient offline_access patient/Patient.rs';
const letIn = (kind: AppKind) => world.herself.authorize({ client_id: kind, scope: SCOPE });

test('g10 9.3.01, 9.3.02, 9.3.03 a person takes back what an app may do: it reads nothing, and refreshes nothing', async () => {
  const tokens = (await world.redeem('symmetric', await letIn('symmetric'))).json;
  expect((await world.get(tokens, `Patient/${world.patient}`)).status).toBe(200);
  const { surfer } = world.herself;
  const page = await surfer.get('/auth/apps');
  expect(page.text).toContain('Symmetric App');
  expect(titleOf(await surfer.send(page, [['client', 'symmetric']], /\/apps/))).toBe('Apps with access');
  expect([401, 403, 404]).toContain((await world.get(tokens, `Patient/${world.patient}`)).status);
  expect([400, 401]).toContain((await world.refresh('symmetric', tokens)).status);
  expect((await world.introspect(tokens['access_token'])).json).toEqual({ active: false });
});

test('g10 9.4.04 an app that means another server gets no code', async () => {
  const { params } = await world.herself.authorize({
    client_id: 'public',
    scope: SCOPE,
    aud: 'https://inferno.healthit.gov/invalid_aud',
  });
  expect(params).toHaveProperty('error');
  expect(params).not.toHaveProperty('code');
});

describe.each<AppKind>(['public', 'symmetric', 'asymmetric'])(
  '9.17, 9.18 at the token endpoint, %s',
  (kind) => {
    test('g10 9.17.03 a code that is none', async () => {
      const back = await letIn(kind);
      expect((await world.redeem(kind, back, { code: 'BAD_CODE' })).status).toBe(400);
    });

    test('g10 9.17.04 a client that is none', async () => {
      const { params, verifier } = await letIn(kind);
      const { status } = await postForm(world.server, '/auth/token', {
        grant_type: 'authorization_code',
        client_id: 'BAD_CLIENT_ID',
        code: params['code'] ?? '',
        code_verifier: verifier,
        redirect_uri: REDIRECT,
      });
      expect([400, 401]).toContain(status);
    });

    test.each<[string, string, (verifier: string, challenge: string) => string]>([
      ['9.18.03', 'absent', () => ''],
      ['9.18.06', 'blank', () => ' '],
      ['9.18.09', 'another', () => 'x'.repeat(64)],
      ['9.18.12', 'the challenge', (_verifier, challenge) => challenge],
    ])('g10 %s a verifier that is %s', async (id, _what, wrong) => {
      const { params, verifier } = await letIn(kind);
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      const form = {
        grant_type: 'authorization_code',
        code: params['code'] ?? '',
        redirect_uri: REDIRECT,
        ...(id !== '9.18.03' && { code_verifier: wrong(verifier, challenge) }),
      };
      const { status, json } = await world.ask(kind, form);
      expect([400, 401]).toContain(status);
      expect(json).not.toHaveProperty('access_token');
    });
  },
);

describe('11 registration', () => {
  test('g10 11.01, 11.02, 11.03 an administrator registers apps of one and of many users, and the screen says who asks for what', async () => {
    const scope = `${SCOPE} patient/Condition.rs`;
    const { answer } = await askForCode(world.herself.surfer, BASE, { client_id: 'public', scope });
    expect(titleOf(answer)).toBe('Let Public App in?');
    expect(answer.text).toContain('diagnoses and problems');
    expect(answer.text).toContain('even when you are away'); // 11.04
  });

  test.each<AppKind>(['public', 'symmetric', 'asymmetric'])(
    'g10 11.05, 11.13 a refresh token of %s is good for three months at least',
    async (kind) => {
      const tokens = (await world.redeem(kind, await letIn(kind))).json;
      const all = await world.server.running.store.snapshot().records('refresh-token', 'client', kind);
      const ends = all.map(({ expiresAt = 0 }) => expiresAt);
      expect(Math.max(...ends) - Date.now()).toBeGreaterThan(92 * 86_400_000);
      expect(tokens['refresh_token']).toEqual(expect.any(String));
    },
  );
});
