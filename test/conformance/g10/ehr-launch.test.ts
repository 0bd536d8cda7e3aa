/** (g)(10), ported, not certified: 3.8 an app that the EHR opens, 3.10 who uses it, 9.19 with scopes of version 2 for a patient. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { askAuth, type AuthAnswer } from '../../smart.ts';
import { BASE } from '../../world.ts';
import { claimsOf, found, openG10World, type AppKind, type G10World, type Json } from './world.ts';

let world: G10World;
let dashboard: Json;
beforeAll(async () => {
  world = await openG10World();
  const back = await world.clinician.authorize({
    client_id: 'dashboard',
    scope: 'openid fhirUser online_access user/*.rs',
  });
  dashboard = (await world.redeem('public', back, { client_id: 'dashboard' })).json;
}, 60_000);
afterAll(() => world.close());

/** As the EHR opens an app about a patient. */
const open = (client: string, tokens: Json = dashboard): Promise<AuthAnswer> =>
  askAuth(world.server, '/auth/launches', {
    method: 'POST',
    body: JSON.stringify({
      client_id: client,
      patient: `Patient/${world.patient}`,
      encounter: `Encounter/${world.encounter}`,
      need_patient_banner: false,
    }),
    headers: {
      authorization: `Bearer ${String(tokens['access_token'])}`,
      'content-type': 'application/json',
    },
  });

const USER = 'launch openid fhirUser offline_access user/Patient.rs user/Encounter.rs user/Condition.rs';

describe.each<[string, AppKind, string]>([
  ['3.8 a confidential app, with scopes of the user', 'symmetric', USER],
  ['3.8 a public app, with scopes of the user', 'public', USER],
  [
    '9.19.12 a public app, with scopes of version 2 for the patient',
    'public',
    'launch openid fhirUser patient/Patient.rs patient/Encounter.rs',
  ],
])('%s', (_name, kind, scope) => {
  let opened: URL;
  let tokens: Json;
  beforeAll(async () => {
    const { status, json } = await open(kind);
    if (status !== 201) throw new Error(`no launch: ${status}`);
    opened = new URL(String(json['launch_url']));
    const launch = opened.searchParams.get('launch') ?? '';
    const back = await world.clinician.authorize({ client_id: kind, scope, launch });
    tokens = (await world.redeem(kind, back)).json;
  });

  test('g10 3.8.01, 3.8.02 the EHR opens the address with iss and launch', () => {
    expect(opened.searchParams.get('iss')).toBe(BASE);
    expect(opened.searchParams.get('launch')).toMatch(/^[\w-]{43}$/);
  });

  test('g10 3.8.11, 9.19.12 all that was asked for is received', () => {
    expect(String(tokens['scope']).split(' ').toSorted()).toEqual(scope.split(' ').toSorted());
  });

  test('g10 3.8.12 without a token nothing is read', async () => {
    expect((await world.get(undefined, `Patient/${world.patient}`)).status).toBe(401);
    expect((await world.get({ access_token: 'x' }, `Patient/${world.patient}`)).status).toBe(401);
  });

  test('g10 3.8.13 the patient of the launch is read', async () => {
    expect(tokens['patient']).toBe(world.patient);
    expect((await world.get(tokens, `Patient/${world.patient}`)).status).toBe(200);
  });

  test('g10 3.8.14 the encounter of the launch is read', async () => {
    expect(tokens['encounter']).toBe(world.encounter);
    expect((await world.get(tokens, `Encounter/${world.encounter}`)).status).toBe(200);
  });

  test('g10 3.8.17 the style is there for anybody, as JSON', async () => {
    const { pathname } = new URL(String(tokens['smart_style_url']));
    const { status, json, headers } = await askAuth(world.server, pathname, {
      headers: { origin: 'https://any.example' },
    });
    expect([status, headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect(Object.keys(json).length).toBeGreaterThan(0);
  });

  test('g10 3.8.18 the app is told whether it needs a banner', () => {
    expect(tokens['need_patient_banner']).toBe(false);
  });

  test('g10 3.10.06, 3.10.07 who uses it is a person whom the app may read', async () => {
    const user = String(claimsOf(tokens['id_token'])['fhirUser']);
    const { status, json } = await world.get(tokens, user.slice(BASE.length + 1));
    expect([status, json['resourceType']]).toEqual([200, 'Practitioner']);
  });

  test('g10 9.20.3.01 introspection tells patient and encounter', async () => {
    const { json } = await world.introspect(tokens['access_token']);
    expect(json).toMatchObject({ active: true, patient: world.patient, encounter: world.encounter });
  });
});

const use = async (launch: string) =>
  (await world.clinician.authorize({ client_id: 'public', scope: 'launch openid user/Patient.rs', launch }))
    .params;

describe('a launch', () => {
  test('(smart SM-7) works once', async () => {
    const launch = String((await open('public')).json['launch']);
    expect(await use(launch)).toHaveProperty('code');
    const again = await use(launch);
    expect(again).toMatchObject({ error: 'invalid_request' });
    expect(again).not.toHaveProperty('code');
  });

  test('(smart SM-7) is of one app', async () => {
    const launch = String((await open('symmetric')).json['launch']);
    expect(await use(launch)).toMatchObject({ error: 'invalid_request' });
  });

  test('(smart SM-7) is of one person', async () => {
    const launch = String((await open('public')).json['launch']);
    const { params } = await world.herself.authorize({
      client_id: 'public',
      scope: 'launch openid patient/Patient.rs',
      launch,
    });
    expect(params).toMatchObject({ error: expect.stringMatching(/^(access_denied|invalid_request)$/) });
    expect(params).not.toHaveProperty('code');
  });

  test('(smart SM-9) is made by a login of this server alone', async () => {
    expect((await open('public', { access_token: 'x' })).status).toBe(401);
    expect((await open('nobody')).status).toBe(400);
  });

  test('(smart SM-10) of a user reads other patients too, of a patient no other', async () => {
    const launch = String((await open('public')).json['launch']);
    const back = await world.clinician.authorize({
      client_id: 'public',
      scope: 'launch openid patient/Condition.rs',
      launch,
    });
    const narrow = (await world.redeem('public', back)).json;
    expect(found(await world.get(narrow, 'Condition'))).toHaveLength(3);
    expect(found(await world.get(dashboard, 'Condition'))).toHaveLength(6);
  });
});
