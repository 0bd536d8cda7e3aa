/**
 * What discovery claims (smart SM-6): each capability of the document has a grant here, and a refusal. The list comes from the
 * server; a capability without a row, or a row without its capability, is a fault.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SMART_CAPABILITIES } from '../../../src/capability/authorization-server.ts';
import {
  askForCode,
  authorizeQuery,
  cameBack,
  createSurfer,
  locationOf,
  putPerson,
  REDIRECT,
  redeem,
  type Surfer,
} from '../../people.ts';
import { openServer, type TestServer } from '../../server.ts';
import {
  askAuth,
  assertionOf,
  BEHIND_PROXY,
  makeKey,
  makePkce,
  postForm,
  putClient,
  type AuthAnswer,
  type TestKey,
} from '../../smart.ts';
import { BASE } from '../../world.ts';

const SECRET_HASH = '2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b'; // SHA-256 of "secret"
const SCOPES = ['user/*.cruds', 'patient/*.rs', 'offline_access'];

let server: TestServer;
let surfer: Surfer;
let patient: string;
let key: TestKey;

beforeAll(async () => {
  server = await openServer(['recipient'], ...BEHIND_PROXY);
  const { store } = server.running;
  key = await makeKey();
  const app = { redirectUris: [REDIRECT], scopes: SCOPES, firstParty: true } as const;
  await putClient(store, 'app', app);
  await putClient(store, 'chart', { ...app, launchUri: 'https://app.example/launch' });
  await putClient(store, 'secretive', { ...app, kind: 'symmetric', secretHash: SECRET_HASH });
  await putClient(store, 'keyed', { ...app, kind: 'asymmetric', jwks: { keys: [key.publicJwk] } });
  const account = await putPerson(store, 'ada@clinic.example', { works: { recipient: ['coordinator'] } });
  surfer = createSurfer(server);
  await surfer.signIn(account);
  const created = await server.create('recipient', {
    resourceType: 'Patient',
    name: [{ family: 'Byron', given: ['George'] }],
    birthDate: '1988-01-22',
  });
  patient = String(created.id);
}, 30_000);
afterAll(() => server.close());

type Asked = Readonly<Record<string, string | undefined>>;

/** The answer of the token endpoint to an app that the person let in. */
async function letIn(asked: Asked, form: Asked = {}, headers: Readonly<Record<string, string>> = {}) {
  const { answer, verifier } = await askForCode(surfer, BASE, asked);
  const { code = '' } = cameBack(answer);
  const said = { client_id: asked['client_id'] ?? 'app', ...form };
  const all = {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: REDIRECT,
    ...said,
  };
  const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return postForm(server, '/auth/token', Object.fromEntries(sent), headers);
}

/** The fault that an authorization request is answered with. */
const faultOf = async (asked: Asked): Promise<string | undefined> =>
  cameBack((await askForCode(surfer, BASE, asked)).answer)['error'];

async function launch(about: object): Promise<AuthAnswer> {
  const { json } = await letIn({ scope: 'openid user/*.rs' });
  const headers = { authorization: `Bearer ${String(json['access_token'])}` };
  const body = JSON.stringify({ client_id: 'chart', ...about });
  return askAuth(server, '/auth/launches', { method: 'POST', headers, body });
}

/** The token answer to an app that was launched about something. */
async function launched(about: object, scope = 'openid launch patient/Patient.rs'): Promise<AuthAnswer> {
  const { json } = await launch(about);
  return letIn({ client_id: 'chart', scope, launch: String(json['launch']) });
}

/** The status of a request with the token of an answer. */
async function statusOf({ json }: AuthAnswer, path: string, method = 'GET'): Promise<number> {
  const headers = {
    authorization: `Bearer ${String(json['access_token'])}`,
    'content-type': 'application/fhir+json',
  };
  const body = method === 'POST' ? JSON.stringify({ resourceType: path }) : undefined;
  return (await askAuth(server, `/fhir/${path}`, { method, headers, ...(body !== undefined && { body }) }))
    .status;
}

const basic = (secret: string) => ({
  authorization: `Basic ${Buffer.from(`secretive:${secret}`).toString('base64')}`,
});
const assertion = (text: string) => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: text,
});

const again = (token: unknown) =>
  postForm(server, '/auth/token', {
    grant_type: 'refresh_token',
    client_id: 'app',
    refresh_token: String(token),
  });

interface Row {
  readonly grant: () => Promise<void>;
  readonly refusal: () => Promise<void>;
}

const ROWS: Readonly<Record<string, Row>> = {
  'launch-standalone': {
    grant: async () => expect((await letIn({ scope: 'openid user/Task.rs' })).status).toBe(200),
    refusal: async () =>
      expect(await faultOf({ aud: 'https://elsewhere.example/fhir' })).toBe('invalid_target'),
  },
  'launch-ehr': {
    grant: async () => expect((await launched({ patient: `Patient/${patient}` })).status).toBe(200),
    refusal: async () =>
      expect(await faultOf({ client_id: 'chart', scope: 'launch openid', launch: 'none' })).toBe(
        'invalid_request',
      ),
  },
  'authorize-post': {
    grant: async () => {
      const form = Object.fromEntries(authorizeQuery(BASE, makePkce().challenge, {}));
      const answer = await postForm(server, '/auth/authorize', form);
      expect(answer.status).toBe(303);
      expect(locationOf(answer)?.searchParams.has('error')).toBe(false);
    },
    refusal: async () => {
      const form = Object.fromEntries(
        authorizeQuery(BASE, makePkce().challenge, { redirect_uri: 'https://evil.example/' }),
      );
      const answer = await postForm(server, '/auth/authorize', form);
      const to = locationOf(answer);
      expect(to?.origin).not.toBe('https://evil.example');
      expect((await askAuth(server, `${to?.pathname}${to?.search}`)).status).toBe(400);
    },
  },
  'client-public': {
    grant: async () => expect((await letIn({ scope: 'openid' })).status).toBe(200),
    refusal: async () => {
      const { answer } = await askForCode(surfer, BASE, { scope: 'openid' });
      const { code = '' } = cameBack(answer);
      expect((await redeem(server, code, makePkce().verifier)).status).toBe(400);
    },
  },
  'client-confidential-symmetric': {
    grant: async () => {
      const asked = { client_id: 'secretive', scope: 'openid' };
      expect((await letIn(asked, { client_id: undefined }, basic('secret'))).status).toBe(200);
    },
    refusal: async () => {
      const asked = { client_id: 'secretive', scope: 'openid' };
      expect((await letIn(asked, { client_id: undefined }, basic('another'))).status).toBe(401);
      expect((await letIn(asked)).status).toBe(401);
    },
  },
  'client-confidential-asymmetric': {
    grant: async () => {
      const form = assertion(await assertionOf('keyed', key));
      expect((await letIn({ client_id: 'keyed', scope: 'openid' }, form)).status).toBe(200);
    },
    refusal: async () => {
      const form = assertion(await assertionOf('keyed', await makeKey('ES384', key.kid)));
      expect((await letIn({ client_id: 'keyed', scope: 'openid' }, form)).status).toBe(401);
    },
  },
  'sso-openid-connect': {
    grant: async () => {
      const { json } = await letIn({ scope: 'openid fhirUser' });
      expect(String(json['id_token']).split('.')).toHaveLength(3);
    },
    refusal: async () => {
      const answer = await letIn({ scope: 'user/Task.rs' });
      expect(answer.json).not.toHaveProperty('id_token');
      const headers = { authorization: `Bearer ${String(answer.json['access_token'])}` };
      expect((await askAuth(server, '/auth/userinfo', { headers })).status).toBe(403);
    },
  },
  'context-standalone-patient': {
    grant: async () => {
      const asked = { scope: 'openid launch/patient patient/Patient.rs' };
      const { answer, verifier } = await askForCode(surfer, BASE, asked);
      const search = [
        ['name', 'Byron'],
        ['search', 'yes'],
      ] as const;
      const found = await surfer.send(answer, search);
      const picked = await surfer.follow(await surfer.send(found, [['patient', patient]]));
      const { json } = await redeem(server, cameBack(picked)['code'] ?? '', verifier);
      expect(json['patient']).toBe(patient);
    },
    refusal: async () =>
      expect((await letIn({ scope: 'openid user/Patient.rs' })).json).not.toHaveProperty('patient'),
  },
  'context-ehr-patient': {
    grant: async () =>
      expect((await launched({ patient: `Patient/${patient}` })).json['patient']).toBe(patient),
    refusal: async () => expect((await launch({ patient: 'Patient/nobody' })).status).toBe(400),
  },
  'context-ehr-encounter': {
    grant: async () => {
      const encounter = await server.create('recipient', {
        resourceType: 'Encounter',
        status: 'in-progress',
        class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
        subject: { reference: `Patient/${patient}` },
      });
      const about = { patient: `Patient/${patient}`, encounter: `Encounter/${encounter.id}` };
      expect((await launched(about)).json['encounter']).toBe(encounter.id);
    },
    refusal: async () =>
      expect((await launch({ patient: `Patient/${patient}`, encounter: 'Encounter/none' })).status).toBe(400),
  },
  'context-banner': {
    grant: async () =>
      expect((await launched({ patient: `Patient/${patient}` })).json['need_patient_banner']).toBe(true),
    refusal: async () =>
      expect(
        (await launched({ patient: `Patient/${patient}`, need_patient_banner: false })).json[
          'need_patient_banner'
        ],
      ).toBe(false),
  },
  'context-style': {
    grant: async () => {
      const { json } = await launched({ patient: `Patient/${patient}` });
      const style = new URL(String(json['smart_style_url']));
      expect((await askAuth(server, style.pathname)).status).toBe(200);
    },
    refusal: async () =>
      expect((await askAuth(server, '/auth/styles/0000000000000000.json')).status).toBe(404),
  },
  'permission-patient': {
    grant: async () =>
      expect(await statusOf(await launched({ patient: `Patient/${patient}` }), `Patient/${patient}`)).toBe(
        200,
      ),
    refusal: async () => {
      const other = await server.create('recipient', {
        resourceType: 'Patient',
        name: [{ family: 'Other' }],
      });
      expect(await statusOf(await launched({ patient: `Patient/${patient}` }), `Patient/${other.id}`)).toBe(
        404,
      );
    },
  },
  'permission-user': {
    grant: async () => expect(await statusOf(await letIn({ scope: 'user/Patient.rs' }), 'Patient')).toBe(200),
    refusal: async () => expect(await statusOf(await letIn({ scope: 'user/Task.rs' }), 'Patient')).toBe(403),
  },
  'permission-offline': {
    grant: async () => {
      const { json } = await letIn({ scope: 'user/Task.rs offline_access' });
      expect((await again(json['refresh_token'])).status).toBe(200);
    },
    refusal: async () => {
      expect((await letIn({ scope: 'user/Task.rs' })).json).not.toHaveProperty('refresh_token');
    },
  },
  'permission-online': {
    grant: async () => {
      const { json } = await letIn({ scope: 'user/Task.rs online_access' });
      expect((await again(json['refresh_token'])).status).toBe(200);
    },
    refusal: async () => {
      const account = await putPerson(server.running.store, 'grace@clinic.example', {
        works: { recipient: ['coordinator'] },
      });
      const other = createSurfer(server);
      await other.signIn(account);
      const { answer, verifier } = await askForCode(other, BASE, { scope: 'user/Task.rs online_access' });
      const { json } = await redeem(server, cameBack(answer)['code'] ?? '', verifier);
      await other.send(await other.get('/auth/logout'), [['logout', 'yes']]);
      expect((await again(json['refresh_token'])).status).toBe(400);
    },
  },
  'permission-v1': {
    grant: async () =>
      expect(await statusOf(await letIn({ scope: 'user/Patient.read' }), 'Patient')).toBe(200),
    refusal: async () => {
      const answer = await letIn({ scope: 'user/Patient.read' });
      expect(await statusOf(answer, 'Patient', 'POST')).toBe(403);
    },
  },
  'permission-v2': {
    grant: async () => {
      const scope = 'user/Patient.rs?birthdate=1988-01-22';
      expect(await statusOf(await letIn({ scope }), `Patient/${patient}`)).toBe(200);
    },
    refusal: async () => {
      const scope = 'user/Patient.rs?birthdate=1999-01-22';
      expect(await statusOf(await letIn({ scope }), `Patient/${patient}`)).toBe(404);
      expect(await faultOf({ scope: 'user/Patient.sr' })).toBe('invalid_scope');
    },
  },
};

describe('(smart SM-6) what discovery claims', () => {
  test('has a row each, and no row is of something else', async () => {
    const { json } = await askAuth(server, '/fhir/.well-known/smart-configuration');
    expect(json['capabilities']).toEqual(SMART_CAPABILITIES);
    expect(Object.keys(ROWS).toSorted()).toEqual([...SMART_CAPABILITIES].toSorted());
  });

  test.each(SMART_CAPABILITIES)('%s is granted', async (capability) => {
    await ROWS[capability]?.grant();
    expect.hasAssertions();
  });

  test.each(SMART_CAPABILITIES)('%s is refused', async (capability) => {
    await ROWS[capability]?.refusal();
    expect.hasAssertions();
  });
});
