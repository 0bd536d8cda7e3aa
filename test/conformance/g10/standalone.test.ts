/**
 * (g)(10), ported, not certified: an app that starts by itself, for each kind of app. 1.9 standalone launch, 1.11 OpenID Connect,
 * 1.6 refresh, 1.7 unrestricted access, 9.16 public client, 9.21 asymmetric client, 9.22 scopes of version 1, 9.20 introspection.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import type { CameBack } from '../../smart-person.ts';
import { askAuth, ISSUER, postForm, type AuthAnswer } from '../../smart.ts';
import { BASE } from '../../world.ts';
import {
  claimsOf,
  found,
  openG10World,
  PAGE_ORIGIN,
  SEARCHED,
  type AppKind,
  type G10World,
  type Json,
} from './world.ts';

let world: G10World;
beforeAll(async () => {
  world = await openG10World();
}, 60_000);
afterAll(() => world.close());

const LAUNCH = ['openid', 'fhirUser', 'launch/patient', 'offline_access'];
const COMPARTMENT = ['Patient', ...SEARCHED].map((type) => `patient/${type}.rs`);
const V1 = ['Patient', ...SEARCHED].map((type) => `patient/${type}.read`);

/** Who lets in which kind of app, which asks for these scopes. */
const LAUNCHES: readonly (readonly [
  name: string,
  who: 'clinician' | 'herself',
  kind: AppKind,
  scopes: readonly string[],
])[] = [
  ['1.9 a confidential app of a clinician', 'clinician', 'symmetric', COMPARTMENT],
  ['1.9 a confidential app of a patient', 'herself', 'symmetric', ['patient/*.rs']],
  ['9.16 a public app of a patient', 'herself', 'public', COMPARTMENT],
  ['9.21 an app with a key, of a clinician', 'clinician', 'asymmetric', ['patient/*.rs']],
  ['9.22 an app that asks in version 1', 'herself', 'public', V1],
];

const TYPES_OF_USERS = /\/(Patient|Practitioner|RelatedPerson|Person)\/[A-Za-z0-9.-]{1,64}$/;

const allowed = ({ headers }: { readonly headers: Headers }): string | null =>
  headers.get('access-control-allow-origin');

describe.each(LAUNCHES)('%s', (_name, who, kind, resources) => {
  const asked = [...LAUNCH, ...resources];
  let back: CameBack;
  let answer: AuthAnswer;
  let tokens: Json;
  let keys: JSONWebKeySet;

  beforeAll(async () => {
    const answering = { patient: world.patient, patientName: 'byr' };
    back = await world[who].authorize({ client_id: kind, scope: asked.join(' '), nonce: 'n-1' }, answering);
    answer = await world.redeem(kind, back);
    tokens = answer.json;
    keys = (await askAuth(world.server, '/auth/jwks')).json as unknown as JSONWebKeySet;
  });

  test('g10 1.9.02, 1.9.03 the browser comes back with a code and the state, and no error', () => {
    expect(back.params).toEqual({ code: expect.stringMatching(/./), state: 'state-1', iss: ISSUER });
  });

  test('g10 1.9.05 the code is exchanged', () => {
    expect(answer.status).toBe(200);
  });

  test('g10 1.9.06 the body has what it must', () => {
    expect(tokens).toMatchObject({
      access_token: expect.stringMatching(/./),
      token_type: expect.stringMatching(/^bearer$/i),
      expires_in: expect.any(Number),
      scope: expect.any(String),
    });
    expect(tokens['fhirContext']).toBeUndefined(); // never empty: there is none
  });

  test('g10 1.9.07 nobody keeps it', () => {
    expect(answer.headers.get('cache-control')).toContain('no-store');
    expect(answer.headers.get('pragma')).toContain('no-cache');
  });

  test('g10 1.9.08 the page of a public app may read the answer, and no page that of another kind (smart SM-70)', async () => {
    const fromPage =
      kind === 'public' ? answer : await world.refresh(kind, tokens, {}, { origin: PAGE_ORIGIN });
    expect(allowed(fromPage)).toBe(kind === 'public' ? PAGE_ORIGIN : null);
    expect(fromPage.status).toBe(kind === 'public' ? 200 : 400);
  });

  test('g10 1.9.09 all that was asked for is received', () => {
    const received = String(tokens['scope']).split(' ');
    expect(received.toSorted()).toEqual(asked.toSorted());
  });

  test('g10 1.9.10 without a token the patient is not read', async () => {
    expect((await world.get(undefined, `Patient/${world.patient}`)).status).toBe(401);
  });

  test('g10 1.9.11 the patient of the launch is read, and no other', async () => {
    expect(tokens['patient']).toBe(world.patient);
    const { status, json } = await world.get(tokens, `Patient/${String(tokens['patient'])}`);
    expect([status, json['resourceType']]).toEqual([200, 'Patient']);
    expect((await world.get(tokens, `Patient/${world.other}`)).status).toBe(404);
  });

  test('g10 1.11.01, 1.11.05 the id_token is a JWT by RS256 with a key that is published', () => {
    const { alg, kid } = decodeProtectedHeader(String(tokens['id_token']));
    expect(alg).toBe('RS256');
    expect(keys.keys.map((one) => one.kid)).toContain(kid);
    expect(keys.keys.filter((one) => one.kty === 'RSA').length).toBeGreaterThan(0);
    expect(keys.keys.filter((one) => 'd' in one)).toEqual([]);
  });

  test('g10 1.11.06 its claims are right, and so is its signature', async () => {
    const { payload } = await jwtVerify(String(tokens['id_token']), createLocalJWKSet(keys), {
      issuer: ISSUER,
      audience: kind,
      requiredClaims: ['sub', 'exp', 'iat'],
    });
    expect(payload.sub?.length).toBeLessThan(256);
    expect(payload['nonce']).toBe('n-1');
  });

  test('g10 1.11.07, 1.11.08 fhirUser is a person that the app may read, also from its page', async () => {
    const user = String(claimsOf(tokens['id_token'])['fhirUser']);
    expect(user).toMatch(TYPES_OF_USERS);
    const answered = await world.get(tokens, user.slice(BASE.length + 1), { origin: PAGE_ORIGIN });
    expect(answered.status).toBe(200);
    expect(allowed(answered)).toBe(PAGE_ORIGIN);
  });

  test.each(SEARCHED)('g10 1.7.02+ a search for %s by patient answers, about nobody else', async (type) => {
    const answered = await world.get(tokens, `${type}?patient=${world.patient}`);
    expect(answered.status).toBe(200);
    expect(found(answered).length).toBeGreaterThan(0);
    const all = found(await world.get(tokens, type));
    expect(all.filter((one) => JSON.stringify(one).includes(world.other))).toEqual([]);
  });

  test('g10 9.20.2.01, 9.20.3.01 introspection tells the same', async () => {
    const { status, json } = await world.introspect(tokens['access_token']);
    const claims = claimsOf(tokens['id_token']);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      active: true,
      client_id: kind,
      patient: world.patient,
      iss: claims['iss'],
      sub: claims['sub'],
      fhirUser: claims['fhirUser'],
    });
    expect(String(json['scope']).split(' ').toSorted()).toEqual(
      String(tokens['scope']).split(' ').toSorted(),
    );
    expect(json['exp']).toBeGreaterThanOrEqual(Date.now() / 1000 - 600);
  });

  test('g10 1.6.01–05, 9.21.5 a refresh without scope, and one with the received scope, go on', async () => {
    for (const form of [{}, { scope: String(tokens['scope']) }]) {
      const refreshed = await world.refresh(kind, tokens, form);
      expect(refreshed.status).toBe(200);
      expect(refreshed.json).toMatchObject({
        access_token: expect.any(String),
        token_type: expect.stringMatching(/^bearer$/i),
        expires_in: expect.any(Number),
        patient: world.patient,
      });
      const scopes = String(tokens['scope']).split(' ');
      const now = String(refreshed.json['scope']).split(' ');
      expect(now.filter((scope) => !scopes.includes(scope))).toEqual([]);
      expect(refreshed.headers.get('cache-control')).toContain('no-store');
      expect(refreshed.headers.get('pragma')).toContain('no-cache');
      const read = await world.get(refreshed.json, `Patient/${String(refreshed.json['patient'])}`);
      expect(read.status).toBe(200);
      tokens = { ...tokens, ...refreshed.json };
    }
  });

  test('g10 1.6.06 a refresh with a token that nobody issued is refused', async () => {
    const { status } = await world.refresh(kind, { refresh_token: '6d6d3d8a-0b53-4b1e-a2c6-cf1d7e3a3dd5' });
    expect([400, 401]).toContain(status);
  });
});

test('g10 9.20.2.02, 9.20.3.02 of a token that is none, introspection says one thing alone', async () => {
  const { status, json } = await world.introspect('invalid_token_value');
  expect([status, json]).toEqual([200, { active: false }]);
  const nobody = await postForm(world.server, '/auth/introspect', { token: 'invalid_token_value' });
  expect(nobody.status).toBe(401);
});

describe('g10 2.4, 2.3 a person lets an app have patient, condition and observation alone', () => {
  let tokens: Json;
  const granted = ['Patient', 'Condition', 'Observation'];
  beforeAll(async () => {
    const back = await world.herself.authorize(
      { client_id: 'asymmetric', scope: [...LAUNCH, ...COMPARTMENT].join(' ') },
      { ticks: () => granted.map((type) => `patient/${type}.rs`) },
    );
    tokens = (await world.redeem('asymmetric', back)).json;
  });

  test('g10 2.4.09 the patient is read', async () => {
    expect((await world.get(tokens, `Patient/${String(tokens['patient'])}`)).status).toBe(200);
  });

  test('g10 2.4.10 these types are granted, and no others', () => {
    const types = String(tokens['scope'])
      .split(' ')
      .flatMap((scope) => /^patient\/(\w+)\./.exec(scope)?.[1] ?? []);
    expect(types.toSorted()).toEqual(granted.toSorted());
  });

  test.each(SEARCHED)('g10 2.3.01–15 %s is answered if it is granted, and refused if not', async (type) => {
    const { status } = await world.get(tokens, `${type}?patient=${world.patient}`);
    expect(granted.includes(type) ? [200] : [401, 403]).toContain(status);
  });
});
