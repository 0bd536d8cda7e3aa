/** This server as an app that an EHR launches: whose account is opened, about which patient, and what the browser gets (smart 13). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { npiOf, NPI_SYSTEM } from '../../resources.ts';
import * as make from '../../resources.ts';
import { startProvider, type TestProvider } from '../../outside-provider.ts';
import { createSurfer, locationOf, putPerson, sessionsOf, type Surfer } from '../../people.ts';
import { openServer, type TestServer } from '../../server.ts';
import { askAuth, BEHIND_PROXY, type AuthAnswer } from '../../smart.ts';
import { BASE } from '../../world.ts';

const MRN = make.MRN_SYSTEM;
const PARENT = 'https://ehr.example';
const IFRAME = { 'sec-fetch-dest': 'iframe' };

let server: TestServer;
let ehr: TestProvider;
let other: TestProvider;
let ada: string;
let patient: string;

const text = (name: string, valueString: string) => ({ name, valueString });

const putEhr = (
  key: string,
  issuer: string,
  organization: string,
  more: readonly object[] = [],
  parts: readonly object[] = [],
) =>
  server.ask('administrator', 'POST', '$identity-providers', {
    resourceType: 'Parameters',
    parameter: [
      { name: 'action', valueCode: 'put' },
      text('provider', key),
      text('name', `EHR ${key}`),
      text('issuer', issuer),
      text('clientId', 'closeloop'),
      { name: 'organization', valueReference: { reference: `Organization/${organization}` } },
      ...['openid', 'fhirUser', 'launch', 'patient/Patient.rs', 'user/Practitioner.rs'].map((scope) =>
        text('scope', scope),
      ),
      {
        name: 'ehr',
        part: [
          { name: 'patientSystem', valueUri: MRN },
          { name: 'embeddingOrigin', valueUrl: PARENT },
          ...parts,
        ],
      },
      ...more,
    ],
  });

const BY_OTP = [{ name: 'proof', valueCode: 'methods' }, text('proofWord', 'otp')];

const inTable = (practitioner: string, account: string) => ({
  name: 'user',
  part: [text('practitioner', `Practitioner/${practitioner}`), text('account', account)],
});

beforeAll(async () => {
  [ehr, other] = await Promise.all([startProvider(), startProvider()]);
  server = await openServer(['initiator', 'recipient'], '--sign-on-allow-list', '127.0.0.1', ...BEHIND_PROXY);
  const { store } = server.running;
  const bob = await server.create('recipient', {
    resourceType: 'Practitioner',
    identifier: [{ system: NPI_SYSTEM, value: npiOf('bob') }],
    name: [{ family: 'Bob' }],
  });
  ada = await putPerson(store, 'ada@a.example', { works: { initiator: ['coordinator'] } });
  await putPerson(store, 'bob@b.example', {
    works: { recipient: ['coordinator'] },
    links: [{ ref: `Practitioner/${String(bob.id)}`, custodian: 'Organization/recipient' }],
  });
  const created = await server.create('initiator', make.patient());
  patient = `Patient/${String(created.id)}`;
  await server.transact(
    'initiator',
    make.transaction(
      {
        fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000001',
        method: 'POST',
        url: 'ServiceRequest',
        resource: make.serviceRequest(
          {
            subject: patient,
            requester: 'PractitionerRole/initiator',
            performer: 'Organization/recipient',
            placer: 'E-1',
          },
          { code: { text: 'Cardiology consultation' } },
        ),
      },
      {
        method: 'POST',
        url: 'Task',
        resource: make.task({
          focus: 'urn:uuid:00000000-0000-4000-8000-000000000001',
          for: patient,
          requester: 'PractitionerRole/initiator',
          owner: 'Organization/recipient',
        }),
      },
    ),
  );
  await putEhr('a', ehr.issuer, 'initiator', BY_OTP, [inTable('7', ada)]);
  await putEhr('b', other.issuer, 'recipient');
  const { keys } = (await askAuth(server, '/launch/a/jwks')).json as { readonly keys: readonly [object] };
  ehr.clientKey = keys[0];
}, 60_000);
afterAll(() => Promise.all([server.close(), ehr.close(), other.close()]));

beforeEach(() => {
  for (const one of [ehr, other]) {
    one.fault = undefined;
    one.asked.length = 0;
    one.person = { sub: 'u7', fhirUser: `${one.issuer}/Practitioner/7`, amr: ['pwd', 'otp'] };
    one.context = { patient: 'e1' };
    one.resources.set('Patient/e1', {
      resourceType: 'Patient',
      id: 'e1',
      identifier: [{ system: MRN, value: '12345' }],
    });
    one.resources.set('Practitioner/7', {
      resourceType: 'Practitioner',
      id: '7',
      identifier: [{ system: NPI_SYSTEM, value: npiOf('bob') }],
    });
  }
});

const launchAt = (issuer: string): string =>
  `/launch?${new URLSearchParams({ iss: issuer, launch: 'xyz' }).toString()}`;

const ask = (
  surfer: Surfer,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<AuthAnswer> =>
  askAuth(server, path, {
    headers: {
      cookie: [...surfer.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      ...headers,
    },
  });

/** Opens a launch, visits the EHR, comes back, and follows as far as it goes here. */
async function launch(
  surfer: Surfer,
  of: TestProvider = ehr,
  headers: Readonly<Record<string, string>> = {},
) {
  const left = await ask(surfer, launchAt(of.issuer), headers);
  keep(surfer, left);
  const question = locationOf(left)?.href ?? '';
  const back = new URL(await of.visit(question));
  const came = await ask(surfer, back.pathname + back.search, headers);
  keep(surfer, came);
  let landed = came;
  for (let to = locationOf(landed); to !== undefined; to = locationOf(landed))
    landed = await ask(surfer, to.pathname + to.search, headers);
  return { left, came, landed, back };
}

function keep({ cookies }: Surfer, { headers }: AuthAnswer): void {
  for (const line of headers.getSetCookie()) {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    if (/max-age=0/i.test(line)) cookies.delete(pair.slice(0, at));
    else cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
}

const setCookies = ({ headers }: AuthAnswer): string => headers.getSetCookie().join('\n');

describe('(smart SM-81) a launch', () => {
  test.each([
    ['an iss that is not on record', () => launchAt('https://unknown.example/fhir'), 404, 'not known here'],
    ['no iss', () => '/launch?launch=x', 400, 'no launch'],
    ['two of them', () => `${launchAt(ehr.issuer)}&iss=x`, 400, 'no launch'],
    ['no handle', () => `/launch?iss=${encodeURIComponent(ehr.issuer)}`, 400, 'no launch'],
  ])('with %s is a page, and nothing is sent', async (_, path, status, words) => {
    const answer = await askAuth(server, path());
    expect([answer.status, answer.text.includes(words)]).toEqual([status, true]);
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect([ehr.asked, other.asked]).toEqual([[], []]);
  });

  test('of an EHR on record asks it, with its handle, its base, PKCE and the scopes', async () => {
    const { status, headers } = await askAuth(server, launchAt(`${ehr.issuer}/`));
    const to = new URL(headers.get('location') ?? '');
    expect([status, to.origin]).toEqual([303, ehr.issuer]);
    expect(Object.fromEntries(to.searchParams)).toMatchObject({
      aud: ehr.issuer,
      launch: 'xyz',
      client_id: 'closeloop',
      code_challenge_method: 'S256',
      redirect_uri: `${new URL(BASE).origin}/launch/a/callback`,
      scope: 'openid fhirUser launch patient/Patient.rs user/Practitioner.rs',
    });
  });

  test('is not had by another organization: one iss is of one record', async () => {
    const { status, code } = await putEhr('thief', ehr.issuer, 'recipient');
    expect([status, code]).toEqual([400, 'parameter-invalid']);
  });
});

describe('(smart SM-82) whose login it is', () => {
  test('the table says it: the account is in, for the organization of the EHR, and our key proved us', async () => {
    const surfer = createSurfer(server);
    const { landed } = await launch(surfer);
    expect(landed.status).toBe(200);
    const found = await sessionsOf(server.running.store).find(surfer.cookies.get('__Host-closeloop') ?? '');
    expect(found?.session).toMatchObject({
      account: ada,
      provider: 'a',
      organization: 'Organization/initiator',
      organizations: ['Organization/initiator'],
      acr: 'urn:closeloop:acr:mfa',
    });
    expect(ehr.assertions.at(-1)).toEqual({ aud: `${ehr.issuer}/token`, typ: 'JWT' });
  });

  test('a login without the proof that the record names needs our own factor', async () => {
    ehr.person = { ...ehr.person, amr: ['pwd'] };
    const { came } = await launch(createSurfer(server));
    expect(came.headers.get('location')).toMatch(/\/sign-on-factor\?page=launched$/);
  });

  test('the NPI of another organization’s user opens nothing: its owner would have to say so', async () => {
    ehr.person = { sub: 'stranger', fhirUser: `${ehr.issuer}/Practitioner/8`, amr: ['otp'] };
    ehr.resources.set('Practitioner/8', {
      resourceType: 'Practitioner',
      id: '8',
      identifier: [{ system: NPI_SYSTEM, value: npiOf('bob') }],
    });
    const surfer = createSurfer(server);
    const { landed } = await launch(surfer);
    expect(landed.text).toContain('Which account is yours?');
    expect(surfer.cookies.has('__Host-closeloop')).toBe(false);
  });

  test('the NPI of a member opens that account, after a factor of its own', async () => {
    other.person = { ...other.person, amr: ['otp'] };
    const { came } = await launch(createSurfer(server), other);
    expect(came.headers.get('location')).toMatch(/\/sign-on-factor\?page=launched$/);
  });

  test.each([
    ['another base', () => 'https://elsewhere.example/Practitioner/7'],
    ['a patient', () => `${ehr.issuer}/Patient/7`],
  ])('a fhirUser of %s is nobody', async (_, fhirUser) => {
    ehr.person = { sub: 'x', fhirUser: fhirUser(), amr: ['otp'] };
    expect((await launch(createSurfer(server))).landed.text).toContain('Which account is yours?');
  });

  test('an answer counts once, in the browser that asked', async () => {
    const surfer = createSurfer(server);
    const { back } = await launch(surfer);
    expect((await ask(createSurfer(server), back.pathname + back.search)).text).toContain('not started here');
    expect((await ask(surfer, back.pathname + back.search)).text).toContain('not started here');
  });

  test.each(['foreign-key', 'foreign-nonce', 'foreign-audience', 'no-id-token'] as const)(
    '%s is refused',
    async (fault) => {
      ehr.fault = fault;
      const { landed } = await launch(createSurfer(server));
      expect([landed.status, landed.text.includes('cannot be trusted')]).toEqual([400, true]);
    },
  );
});

describe('(smart SM-83) about whom', () => {
  test('the patient with the registered number, with a banner, and its referrals', async () => {
    const { landed } = await launch(createSurfer(server));
    expect(landed.text).toContain('Peter Chalmers');
    expect(landed.text).toContain('Cardiology consultation');
  });

  test('need_patient_banner=false leaves the banner to the EHR', async () => {
    ehr.context = { patient: 'e1', need_patient_banner: false };
    const { landed } = await launch(createSurfer(server));
    expect(landed.text).not.toContain('Chalmers');
    expect(landed.text).toContain('Cardiology consultation');
  });

  test.each([
    ['a number that nobody has here', { system: MRN, value: '999' }],
    ['a number of a system that is not registered', { system: 'urn:other', value: '12345' }],
    ['a number with separators', { system: MRN, value: '12345,|' }],
  ])('%s is no patient of ours', async (_, identifier) => {
    ehr.resources.set('Patient/e1', { resourceType: 'Patient', id: 'e1', identifier: [identifier] });
    const { landed } = await launch(createSurfer(server));
    expect(landed.text).toContain('not known here');
    expect(landed.text).not.toContain('Cardiology');
  });

  test('a launch about nobody says so', async () => {
    ehr.context = {};
    expect((await launch(createSurfer(server))).landed.text).toContain('No patient was named');
  });

  test('a window does not show the patient of the launch after it', async () => {
    const surfer = createSurfer(server);
    const first = await launch(surfer);
    const shown = locationOf(await ask(surfer, '/auth/launched'));
    expect(first.landed.text).toContain('Cardiology');
    await launch(surfer);
    expect((await ask(surfer, `/auth/launched${shown?.search ?? ''}`)).text).toContain('This launch is over');
  });

  test('what is shown is on record, with the session', async () => {
    const surfer = createSurfer(server);
    await launch(surfer);
    const id =
      (await sessionsOf(server.running.store).find(surfer.cookies.get('__Host-closeloop') ?? ''))?.id ?? '';
    const rows = JSON.stringify(await server.auditOf('initiator', patient as `Patient/${string}`));
    expect(rows).toContain(id);
  });

  test('in a frame: a cookie of that frame alone, for 15 minutes, framed by the listed origin alone', async () => {
    const surfer = createSurfer(server);
    const { left, came, landed } = await launch(surfer, ehr, IFRAME);
    expect(setCookies(left)).toMatch(/SameSite=None; Partitioned/);
    expect(setCookies(came)).toMatch(
      /__Host-closeloop-embedded=[\w-]+; Path=\/; HttpOnly; Secure; SameSite=None; Partitioned; Max-Age=900/,
    );
    expect(surfer.cookies.has('__Host-closeloop')).toBe(false);
    expect(landed.headers.get('content-security-policy')).toContain(`frame-ancestors ${PARENT};`);
    expect(landed.headers.get('x-frame-options')).toBeNull();
    expect(landed.text).toContain('Cardiology');
    const found = await sessionsOf(server.running.store).find(
      surfer.cookies.get('__Host-closeloop-embedded') ?? '',
    );
    expect(found?.session.embedded).toBe(true);
    // Outside of the frame the cookie opens nothing.
    expect((await ask(surfer, '/auth/launched')).text).toContain('This launch is over');
    expect((await ask(surfer, '/auth/account')).status).toBe(303);
  });

  test('in a frame no factor is asked for', async () => {
    ehr.person = { ...ehr.person, amr: ['pwd'] };
    const surfer = createSurfer(server);
    expect((await launch(surfer, ehr, IFRAME)).landed.text).toContain('window of its own');
    expect([...surfer.cookies.keys()].filter((name) => name.includes('embedded'))).toEqual([]);
    const early = await askAuth(server, launchAt(other.issuer), { headers: IFRAME });
    expect([early.status, early.text.includes('target="_blank"'), other.asked]).toEqual([200, true, []]);
  });
});

test('(smart SM-84) no token of the EHR reaches the browser, and what is kept ends with the session', async () => {
  const surfer = createSurfer(server);
  const answers = Object.values(await launch(surfer)).filter((one): one is AuthAnswer => 'text' in one);
  const { store } = server.running;
  const found = await sessionsOf(store).find(surfer.cookies.get('__Host-closeloop') ?? '');
  const record = await store.snapshot().record('outside-session', found?.id ?? '');
  const told =
    answers.map((one) => one.text + JSON.stringify([...one.headers])).join('') + JSON.stringify(record);
  expect(ehr.given.length).toBeGreaterThan(0);
  for (const token of ehr.given) expect(told).not.toContain(token);
  expect(told).not.toContain('12345"');
  await sessionsOf(store).end(found?.id ?? '', {
    agent: { organization: '', client: 'test', subject: '' },
    requestId: 'r',
  });
  expect(await store.snapshot().record('outside-session', found?.id ?? '')).toBeUndefined();
});

test('an EHR is no provider of logins: its addresses below /auth/sign-on are not there', async () => {
  for (const path of ['', '/callback'])
    expect((await askAuth(server, `/auth/sign-on/a${path}`)).status).toBe(404);
});
