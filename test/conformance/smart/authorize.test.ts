/** The authorization endpoint (smart 3): what it asks for, whom it sends where, and what people are asked in between. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  askForCode,
  authorizeQuery,
  cameBack,
  createSurfer,
  locationOf,
  putPerson,
  REDIRECT,
  redeem,
  sessionsOf,
  type Surfer,
} from '../../people.ts';
import { openServer, type TestServer } from '../../server.ts';
import { askAuth, BEHIND_PROXY, ISSUER, makePkce, postForm, putClient } from '../../smart.ts';
import { BASE } from '../../world.ts';

let server: TestServer;
let ada: string;
let both: string;

const SCOPES = ['user/*.cruds', 'patient/*.rs', 'offline_access'];

beforeAll(async () => {
  server = await openServer(['recipient', 'initiator'], ...BEHIND_PROXY);
  const { store } = server.running;
  await putClient(store, 'app', { name: 'An App', redirectUris: [REDIRECT], scopes: SCOPES });
  await putClient(store, 'own', {
    name: 'Own App',
    redirectUris: [REDIRECT],
    scopes: SCOPES,
    firstParty: true,
  });
  ada = await putPerson(store, 'ada@clinic.example', {
    name: 'Ada Byron',
    works: { recipient: ['coordinator'] },
  });
  both = await putPerson(store, 'both@clinic.example', {
    works: { recipient: ['coordinator'], initiator: ['clinician'] },
  });
}, 30_000);
afterAll(() => server.close());

const authorize = (more: Readonly<Record<string, string | undefined>>) =>
  askAuth(server, `/auth/authorize?${authorizeQuery(BASE, makePkce().challenge, more).toString()}`);

describe('what an app must say', () => {
  test.each([
    ['smart SM-13', 'no aud', { aud: undefined }, 'invalid_request'],
    ['smart SM-13, g10 9.4.04', 'another aud', { aud: 'https://elsewhere.example/fhir' }, 'invalid_target'],
    ['smart SM-13', 'aud by http', { aud: BASE.replace('https:', 'http:') }, 'invalid_target'],
    ['smart SM-14', 'no state', { state: undefined }, 'invalid_request'],
    ['smart SM-14', 'an empty state', { state: '' }, 'invalid_request'],
    ['smart 1', 'an answer by a form', { response_mode: 'form_post' }, 'unsupported_response_mode'],
    ['smart 1', 'an answer in the fragment', { response_mode: 'fragment' }, 'unsupported_response_mode'],
    ['smart SM-15', 'no challenge', { code_challenge: undefined }, 'invalid_request'],
    ['smart SM-15', 'plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['smart SM-16', 'rights out of order', { scope: 'user/Task.sr' }, 'invalid_scope'],
    ['smart SM-16', 'a type that is none', { scope: 'user/Tasks.rs' }, 'invalid_scope'],
    ['smart SM-16', 'a query that cannot be', { scope: 'user/Task.rs?no-such=1' }, 'invalid_scope'],
    ['smart SM-16', 'no scope', { scope: undefined }, 'invalid_scope'],
    ['smart SM-16', 'a scope of machines', { scope: 'openid system/Task.rs' }, 'invalid_scope'],
    ['smart SM-21', 'more than registered', { scope: 'patient/Task.c' }, 'invalid_scope'],
    [
      'smart SM-21',
      'a right of this server not registered',
      { scope: 'openid closeloop/org-admin' },
      'invalid_scope',
    ],
    ['smart SM-8', 'launch without its scope', { launch: 'abc' }, 'invalid_request'],
    ['smart SM-8', 'scope launch alone', { scope: 'launch openid' }, 'invalid_request'],
    ['smart SM-7', 'a launch that is none', { launch: 'abc', scope: 'launch openid' }, 'invalid_request'],
  ])('(%s) %s', async (_id, _what, more, error) => {
    const answer = await authorize(more);
    const to = locationOf(answer);
    expect([answer.status, to?.origin, to?.searchParams.get('error')]).toEqual([
      303,
      'https://app.example',
      error,
    ]);
    expect(to?.searchParams.has('code')).toBe(false);
    expect(to?.searchParams.get('iss')).toBe(ISSUER);
  });

  test.each([
    ['an unknown app', { client_id: 'nobody' }],
    ['no app', { client_id: undefined }],
    ['another address', { redirect_uri: 'https://evil.example/callback' }],
    ['an address that begins alike', { redirect_uri: `${REDIRECT}/../evil` }],
    ['an address with a query', { redirect_uri: `${REDIRECT}?a=1` }],
    ['another port', { redirect_uri: 'https://app.example:8443/callback' }],
    ['no address', { redirect_uri: undefined }],
  ])('(smart SM-19) %s is a page, and nobody is sent anywhere', async (_what, more) => {
    const answer = await authorize(more);
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
  });

  test.each([
    ['aud with a slash', { aud: `${BASE}/` }],
    ['resource for aud', { aud: undefined, resource: BASE }],
    ['both', { resource: `${BASE}/` }],
  ])('(smart SM-13) %s will do', async (_what, more) => {
    expect(locationOf(await authorize(more))?.pathname).toMatch(/^\/auth\/interaction\//);
  });

  test('(smart SM-13) a second resource that is another server’s is refused', async () => {
    const query = authorizeQuery(BASE, makePkce().challenge, { resource: BASE });
    query.append('resource', 'https://elsewhere.example/fhir');
    const to = locationOf(await askAuth(server, `/auth/authorize?${query.toString()}`));
    expect([to?.searchParams.get('error'), to?.searchParams.has('code')]).toEqual(['invalid_target', false]);
  });

  test('(smart SM-16) a narrowed scope may keep its question mark in the address', async () => {
    const scope = 'openid user/Task.rs?code=http://hl7.org/fhir/CodeSystem/task-code|fulfill';
    const query = authorizeQuery(BASE, makePkce().challenge, { scope }).toString().replaceAll('%3F', '?');
    expect(query).toContain('?');
    const to = locationOf(await askAuth(server, `/auth/authorize?${query}`));
    expect(to?.pathname).toMatch(/^\/auth\/interaction\//);
  });
});

describe.each(['requested', 'suspended'] as const)('a client that is %s', (status) => {
  const back = 'https://stranger.example/bye';
  beforeAll(() =>
    putClient(server.running.store, status, {
      status,
      redirectUris: [REDIRECT],
      postLogoutRedirectUris: [back],
      scopes: SCOPES,
    }),
  );

  test.each([
    ['all that it needs', {}],
    ['a fault', { aud: undefined }],
    ['no page', { prompt: 'none' }],
  ])('(smart SM-19, SM-64) sends nobody anywhere, with %s', async (_what, more) => {
    const { status: answered, headers } = await authorize({ client_id: status, ...more });
    expect([answered, headers.get('location')]).toEqual([400, null]);
  });

  test('(smart SM-55) sends nobody anywhere after a logout', async () => {
    const query = new URLSearchParams({ client_id: status, post_logout_redirect_uri: back });
    const { status: answered, headers } = await askAuth(server, `/auth/logout?${query.toString()}`);
    expect([answered, headers.get('location')]).toEqual([200, null]);
  });
});

test.each([
  ['address', () => '10.77.0.1'],
  ['network of IPv6', (at: number) => `2001:db8:7::${(at + 1).toString(16)}`],
] as const)('(smart 5) no %s fills the store with requests', async (_what, addressOf) => {
  const query = authorizeQuery(BASE, makePkce().challenge).toString();
  const answers = await Promise.all(
    Array.from({ length: 260 }, (_, at) =>
      askAuth(server, `/auth/authorize?${query}`, { headers: { 'x-forwarded-for': addressOf(at) } }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303, 429]));
  expect((await authorize({})).status).toBe(303);
});

describe('a request by POST (smart SM-12)', () => {
  const long = `openid ${Array.from({ length: 90 }, (_, at) => `user/Task.rs?code=http://example.org/${'x'.repeat(150)}%7C${at}`).join(' ')}`;

  test('is taken whole, once', async () => {
    const query = authorizeQuery(BASE, makePkce().challenge, {
      scope: long.slice(0, 15_000).replace(/ [^ ]*$/, ''),
    });
    const posted = await postForm(server, '/auth/authorize', Object.fromEntries(query));
    const to = locationOf(posted);
    expect([posted.status, to?.pathname, to?.href.length]).toEqual([
      303,
      '/auth/authorize',
      expect.any(Number),
    ]);
    expect(to?.href.length).toBeLessThan(200);
    const first = await askAuth(server, `${to?.pathname}${to?.search}`);
    expect(locationOf(first)?.pathname).toMatch(/^\/auth\/interaction\//);
    const second = await askAuth(server, `${to?.pathname}${to?.search}`);
    expect([second.status, second.headers.get('location')]).toEqual([400, null]);
  });

  test('is refused as one by GET is', async () => {
    const query = authorizeQuery(BASE, makePkce().challenge, { aud: 'https://elsewhere.example' });
    const posted = await postForm(server, '/auth/authorize', Object.fromEntries(query));
    const to = locationOf(posted);
    const answer = await askAuth(server, `${to?.pathname}${to?.search}`);
    expect(locationOf(answer)?.searchParams.get('error')).toBe('invalid_target');
  });
});

const signedIn = async (account = ada): Promise<Surfer> => {
  const one = createSurfer(server);
  await one.signIn(account);
  return one;
};

describe('a person who is signed in', () => {
  let surfer: Surfer;

  test('lets an app in, which gets what was allowed, and is not asked again', async () => {
    surfer = await signedIn();
    const scope = 'openid fhirUser user/Task.rs user/Patient.rs offline_access';
    const { answer: page, verifier } = await askForCode(surfer, BASE, { scope });
    expect(page.text).toContain('Let An App in?');
    expect(page.text).toContain('even when you are away');
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' https://app.example");
    const back = await surfer.follow(
      await surfer.send(page, [
        ['scope', 'user/Task.rs'],
        ['scope', 'user/Patient.rs'],
        ['offline', 'yes'],
        ['answer', 'allow'],
      ]),
    );
    const { code = '', state, iss } = cameBack(back);
    expect([state, iss]).toEqual(['state-1', ISSUER]);
    const { status, json } = await redeem(server, code, verifier);
    expect([status, json['token_type'], json['scope']]).toEqual([200, 'Bearer', scope]);
    expect(json['refresh_token']).toEqual(expect.any(String));
    expect(json['need_patient_banner']).toBe(true);
    const style = new URL(String(json['smart_style_url']));
    expect((await askAuth(server, style.pathname)).json).toHaveProperty('color_text');
    const read = await askAuth(server, '/fhir/Task', {
      headers: { authorization: `Bearer ${String(json['access_token'])}` },
    });
    expect(read.status).toBe(200);
    const again = await askForCode(surfer, BASE, { scope });
    expect(cameBack(again.answer)).toHaveProperty('code');
    const other = await askForCode(surfer, BASE, { scope: 'openid user/Task.rs' });
    expect(other.answer.text).toContain('Let An App in?');
  });

  test('(g10 2.4.09) allows less than is asked for', async () => {
    surfer = await signedIn();
    const { answer: page, verifier } = await askForCode(surfer, BASE, {
      scope: 'openid user/Task.rs user/Patient.rs user/Condition.rs',
    });
    const back = await surfer.follow(
      await surfer.send(page, [
        ['scope', 'user/Patient.rs'],
        ['answer', 'allow'],
      ]),
    );
    const { json } = await redeem(server, cameBack(back)['code'] ?? '', verifier);
    expect(json['scope']).toBe('openid user/Patient.rs');
    const authorization = `Bearer ${String(json['access_token'])}`;
    expect((await askAuth(server, '/fhir/Patient', { headers: { authorization } })).status).toBe(200);
    expect((await askAuth(server, '/fhir/Condition', { headers: { authorization } })).status).toBe(403);
  });

  test('(g10 9.26.4) allows parts instead of the whole', async () => {
    surfer = await signedIn();
    const { answer: page, verifier } = await askForCode(surfer, BASE, {
      scope: 'user/Observation.rs user/Patient.rs',
    });
    const part =
      'user/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory';
    expect(page.text).toContain('only laboratory results');
    const back = await surfer.follow(
      await surfer.send(page, [
        ['scope', part],
        ['scope', 'user/Patient.rs'],
        ['answer', 'allow'],
      ]),
    );
    const { json } = await redeem(server, cameBack(back)['code'] ?? '', verifier);
    expect(json['scope']).toBe(`${part} user/Patient.rs`);
  });

  test('what the page did not offer is not granted', async () => {
    surfer = await signedIn();
    const { answer: page, verifier } = await askForCode(surfer, BASE, {
      scope: 'user/Task.r user/Patient.rs',
    });
    const back = await surfer.follow(
      await surfer.send(page, [
        ['scope', 'user/*.cruds'],
        ['scope', 'user/Task.r'],
        ['offline', 'yes'],
        ['answer', 'allow'],
      ]),
    );
    const { json } = await redeem(server, cameBack(back)['code'] ?? '', verifier);
    expect([json['scope'], json['refresh_token']]).toEqual(['user/Task.r', undefined]);
  });

  test.each([
    ['says no', [['answer', 'deny']]],
    ['ticks nothing', [['answer', 'allow']]],
  ] as const)('who %s sends the app away', async (_what, fields) => {
    surfer = await signedIn();
    const { answer: page } = await askForCode(surfer, BASE, { scope: 'user/Task.r user/Organization.r' });
    const back = await surfer.follow(await surfer.send(page, fields));
    expect(cameBack(back)).toMatchObject({ error: 'access_denied', state: 'state-1' });
  });

  test('is not asked for an app of this server', async () => {
    surfer = await signedIn();
    const { answer } = await askForCode(surfer, BASE, { client_id: 'own' });
    expect(cameBack(answer)).toHaveProperty('code');
  });

  test('(identity ID-3) says for whom, where there are several', async () => {
    surfer = await signedIn(both);
    const { answer: page, verifier } = await askForCode(surfer, BASE, { client_id: 'own' });
    expect(page.text).toContain('Where do you work now?');
    const back = await surfer.follow(await surfer.send(page, [['organization', 'Organization/initiator']]));
    const { code = '' } = cameBack(back);
    const { json } = await redeem(server, code, verifier, { client_id: 'own' });
    const authorization = `Bearer ${String(json['access_token'])}`;
    expect((await askAuth(server, '/fhir/Task', { headers: { authorization } })).status).toBe(200);
    const elsewhere = await surfer.send(page, [['organization', 'Organization/stranger']]);
    expect(elsewhere.status).not.toBe(200);
    const again = await askForCode(surfer, BASE, { client_id: 'own' });
    expect(cameBack(again.answer)).toHaveProperty('code');
  });
});

const silently = async (surfer: Surfer, more: Readonly<Record<string, string>> = {}) =>
  cameBack((await askForCode(surfer, BASE, { prompt: 'none', ...more })).answer);

describe('without a page (smart SM-18)', () => {
  test('nobody is signed in: login_required', async () => {
    expect(await silently(createSurfer(server))).toMatchObject({ error: 'login_required', state: 'state-1' });
  });

  test('the app was not let in yet: consent_required', async () => {
    const surfer = createSurfer(server);
    await surfer.signIn(ada);
    expect(await silently(surfer, { scope: 'user/Location.r' })).toMatchObject({ error: 'consent_required' });
  });

  test('there is something to choose: interaction_required', async () => {
    const surfer = createSurfer(server);
    await surfer.signIn(both);
    expect(await silently(surfer, { client_id: 'own' })).toMatchObject({ error: 'interaction_required' });
  });

  test('all is known: a code', async () => {
    const surfer = createSurfer(server);
    await surfer.signIn(ada);
    expect(await silently(surfer, { client_id: 'own' })).toHaveProperty('code');
  });

  test('(identity ID-37) the session is locked: login_required', async () => {
    const surfer = createSurfer(server);
    const id = await surfer.signIn(ada);
    await sessionsOf(server.running.store).lock(id, {
      agent: { organization: '', client: 'test', subject: ada },
      requestId: 'test',
    });
    expect(await silently(surfer, { client_id: 'own' })).toMatchObject({ error: 'login_required' });
    const { answer } = await askForCode(surfer, BASE, { client_id: 'own' });
    expect(answer.text).toContain('<h1>Locked</h1>');
  });
});
