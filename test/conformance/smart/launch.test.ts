/** Launches from where somebody works, and what becomes of what an app was given (smart 2, SM-20, SM-55, SM-62). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  askForCode,
  cameBack,
  createSurfer,
  locationOf,
  putPerson,
  REDIRECT,
  redeem,
  type Surfer,
} from '../../people.ts';
import { allRecords } from '../../../src/ports/record.ts';
import { openServer, type TestServer } from '../../server.ts';
import { askAuth, BEHIND_PROXY, postForm, putClient, type AuthAnswer } from '../../smart.ts';
import { BASE } from '../../world.ts';

let server: TestServer;
let ada: string;
let grace: string;
let patient: string;

const SCOPES = ['user/*.rs', 'patient/*.rs', 'offline_access'];

beforeAll(async () => {
  server = await openServer(['recipient'], ...BEHIND_PROXY);
  const { store } = server.running;
  const app = { redirectUris: [REDIRECT], scopes: SCOPES, firstParty: true } as const;
  await putClient(store, 'app', { ...app, postLogoutRedirectUris: ['https://app.example/bye'] });
  await putClient(store, 'chart', {
    ...app,
    name: 'Growth Chart',
    launchUri: 'https://app.example/launch',
    intents: ['summary'],
  });
  ada = await putPerson(store, 'ada@clinic.example', { works: { recipient: ['coordinator'] } });
  grace = await putPerson(store, 'grace@clinic.example', { works: { recipient: ['coordinator'] } });
  const created = await server.create('recipient', {
    resourceType: 'Patient',
    name: [{ family: 'Byron', given: ['George'] }],
    birthDate: '1988-01-22',
  });
  patient = String(created.id);
}, 30_000);
afterAll(() => server.close());

interface Tokens {
  readonly surfer: Surfer;
  readonly code: string;
  readonly verifier: string;
  readonly json: AuthAnswer['json'];
  readonly bearer: { readonly authorization: string };
}

/** Signs somebody in, and lets the app of this server in. */
async function tokensFor(account: string, scope = 'openid user/Patient.rs'): Promise<Tokens> {
  const surfer = createSurfer(server);
  await surfer.signIn(account);
  const { answer, verifier } = await askForCode(surfer, BASE, { scope });
  const { code = '' } = cameBack(answer);
  const { json } = await redeem(server, code, verifier);
  return {
    surfer,
    code,
    verifier,
    json,
    bearer: { authorization: `Bearer ${String(json['access_token'])}` },
  };
}

const launchWith = async ({ bearer }: Pick<Tokens, 'bearer'>, body: object): Promise<AuthAnswer> =>
  askAuth(server, '/auth/launches', { method: 'POST', headers: bearer, body: JSON.stringify(body) });

const reads = async ({ authorization }: Tokens['bearer']): Promise<number> =>
  (await askAuth(server, '/fhir/Patient', { headers: { authorization } })).status;

describe('a launch (smart SM-7, SM-9)', () => {
  const scope = 'openid launch patient/Patient.rs';

  test('opens the app about the patient, once', async () => {
    const tokens = await tokensFor(ada);
    const made = await launchWith(tokens, {
      client_id: 'chart',
      patient: `Patient/${patient}`,
      intent: 'summary',
    });
    expect(made.status).toBe(201);
    const address = new URL(String(made.json['launch_url']));
    expect([address.origin, address.searchParams.get('iss')]).toEqual(['https://app.example', BASE]);
    const launch = address.searchParams.get('launch') ?? '';
    const asked = { client_id: 'chart', scope, launch };
    const { answer, verifier } = await askForCode(tokens.surfer, BASE, asked);
    const { json } = await redeem(server, cameBack(answer)['code'] ?? '', verifier, { client_id: 'chart' });
    expect(json).toMatchObject({ patient, intent: 'summary', need_patient_banner: true, scope });
    expect(json).toHaveProperty('smart_style_url');
    const again = await askForCode(tokens.surfer, BASE, asked);
    expect(cameBack(again.answer)).toMatchObject({ error: 'invalid_request' });
  });

  test('is of the user and of the session that made it, and of no other client', async () => {
    const tokens = await tokensFor(ada);
    const { json } = await launchWith(tokens, { client_id: 'chart', patient: `Patient/${patient}` });
    const launch = String(json['launch']);
    const asked = { client_id: 'chart', scope, launch };
    const other = await tokensFor(grace);
    const byOther = await askForCode(other.surfer, BASE, asked);
    expect(cameBack(byOther.answer)).toMatchObject({ error: 'access_denied' });
    const elsewhere = await tokensFor(ada);
    expect(cameBack((await askForCode(elsewhere.surfer, BASE, asked)).answer)).toMatchObject({
      error: 'access_denied',
    });
    const client = await askForCode(tokens.surfer, BASE, { ...asked, client_id: 'app' });
    expect(cameBack(client.answer)).toMatchObject({ error: 'invalid_request' });
  });

  test.each([
    ['an app without a launch address', { client_id: 'app' }],
    ['an unknown app', { client_id: 'nobody' }],
    ['an intent that is not registered', { client_id: 'chart', intent: 'delete' }],
    ['a patient whom nobody sees', { client_id: 'chart', patient: 'Patient/nobody' }],
    ['a Task that nobody sees', { client_id: 'chart', task: 'Task/nothing' }],
  ])('(smart SM-9) %s is refused', async (_what, body) => {
    expect((await launchWith(await tokensFor(ada), body)).status).toBe(400);
  });

  test('needs a token of somebody', async () => {
    const answer = await launchWith({ bearer: { authorization: 'Bearer nothing' } }, { client_id: 'chart' });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ]);
  });
});

describe('a code (smart SM-20)', () => {
  test.each([
    ['another verifier', { code_verifier: 'x'.repeat(43) }],
    ['another redirect address', { redirect_uri: `${REDIRECT}/other` }],
    ['another client', { client_id: 'chart' }],
    ['(g10 9.17.04) an unknown client', { client_id: 'BAD_CLIENT_ID' }],
    ['(g10 9.17.03) another code', { code: 'BAD_CODE' }],
  ])('%s: no token', async (_what, more) => {
    const surfer = createSurfer(server);
    await surfer.signIn(ada);
    const { answer, verifier } = await askForCode(surfer, BASE);
    const redeemed = await redeem(server, cameBack(answer)['code'] ?? '', verifier, more);
    expect([400, 401]).toContain(redeemed.status);
    expect(redeemed.json).not.toHaveProperty('access_token');
  });

  test('used twice, its tokens are dead', async () => {
    const { code, verifier, bearer } = await tokensFor(ada);
    expect(await reads(bearer)).toBe(200);
    expect((await redeem(server, code, verifier)).status).toBe(400);
    expect(await reads(bearer)).toBe(401);
  });

  test('used by many at once, at most one gets tokens, and those are dead', async () => {
    const surfer = createSurfer(server);
    await surfer.signIn(ada);
    const { answer, verifier } = await askForCode(surfer, BASE);
    const { code = '' } = cameBack(answer);
    const all = await Promise.all(Array.from({ length: 16 }, () => redeem(server, code, verifier)));
    const won = all.filter(({ status }) => status === 200);
    expect(won.length).toBeLessThanOrEqual(1);
    for (const { json } of won)
      expect(await reads({ authorization: `Bearer ${String(json['access_token'])}` })).toBe(401);
  });
});

describe('what ends', () => {
  test('(smart SM-62, g10 9.3.02, 9.3.03) a removed app', async () => {
    const { surfer, json, bearer } = await tokensFor(ada, 'openid user/Patient.rs offline_access');
    const page = await surfer.get('/auth/apps');
    expect(page.text).toContain('Remove A client');
    expect(page.text).toContain('It may come back when you are away.');
    const after = await surfer.send(page, [['client', 'app']]);
    expect(after.text).toContain('The app was removed');
    expect(await reads(bearer)).toBe(401);
    const refreshed = await postForm(server, '/auth/token', {
      grant_type: 'refresh_token',
      refresh_token: String(json['refresh_token']),
      client_id: 'app',
    });
    expect(refreshed.status).toBe(400);
  });

  test('(smart SM-55) a session that is signed out, and not what was granted for later', async () => {
    const online = await tokensFor(ada);
    const page = await online.surfer.get(
      '/auth/logout?client_id=app&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&state=s1',
    );
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' https://app.example");
    const carried = [
      ['logout', 'yes'],
      ['client_id', 'app'],
      ['post_logout_redirect_uri', 'https://app.example/bye'],
      ['state', 's1'],
    ] as const;
    const gone = await online.surfer.send(page, carried);
    expect(locationOf(gone)?.href).toBe('https://app.example/bye?state=s1');
    expect(await reads(online.bearer)).toBe(401);
    expect((await online.surfer.get('/auth/account')).status).toBe(303);
  });

  test('(smart SM-55) an address that is not registered is never gone to', async () => {
    const { surfer } = await tokensFor(ada);
    const page = await surfer.get(
      '/auth/logout?client_id=app&post_logout_redirect_uri=https%3A%2F%2Fevil.example',
    );
    const gone = await surfer.send(page, [
      ['logout', 'yes'],
      ['client_id', 'app'],
      ['post_logout_redirect_uri', 'https://evil.example'],
    ]);
    expect([gone.status, gone.headers.get('location')]).toEqual([200, null]);
  });

  test('all sessions, by "sign out everywhere"', async () => {
    const [here, there] = [await tokensFor(grace), await tokensFor(grace)];
    const page = await here.surfer.get('/auth/account');
    await here.surfer.send(page, [], /everywhere/);
    expect([await reads(here.bearer), await reads(there.bearer)]).toEqual([401, 401]);
  });

  test('(harmony Z23) a device of several people lets sessions lock after five minutes', async () => {
    const { surfer } = await tokensFor(ada);
    const page = await surfer.get('/auth/account');
    await surfer.send(page, [['shared', 'yes']], /\/account\/device/);
    expect((await surfer.get('/auth/account')).text).toContain('locks after five minutes');
    const sessions = await allRecords(server.running.store.snapshot(), 'session', 'account', ada);
    expect(sessions.filter(({ body }) => 'shared' in body && body.shared === true)).toHaveLength(1);
    const again = await surfer.send(
      await surfer.get('/auth/account'),
      [['shared', 'no']],
      /\/account\/device/,
    );
    expect(again.status).toBe(303);
    expect((await surfer.get('/auth/account')).text).not.toContain('locks after five minutes');
  });

  test('(identity ID-37) a session locked by its own page refuses its tokens', async () => {
    const { bearer } = await tokensFor(ada);
    expect((await askAuth(server, '/auth/lock', { method: 'POST', headers: bearer })).status).toBe(204);
    expect(await reads(bearer)).toBe(401);
  });
});

describe('forms', () => {
  test.each([
    ['of another site', { origin: 'https://evil.example' }, 'This came from another site'],
    ['without an origin that is known', { origin: 'null' }, 'This came from another site'],
    ['across sites', { 'sec-fetch-site': 'cross-site' }, 'This came from another site'],
    ['without its token', {}, 'This form is out of date'],
  ])('(smart 3) one %s is not taken', async (_what, headers, says) => {
    const answer = await postForm(
      server,
      '/auth/login',
      { login: 'ada@clinic.example', password: 'x' },
      headers,
    );
    expect([answer.status, answer.text.includes(says)]).toEqual([403, true]);
  });

  test('(identity ID-38) one of another browser is not taken', async () => {
    const [one, other] = [createSurfer(server), createSurfer(server)];
    const page = await one.get('/auth/login');
    await other.get('/auth/login');
    const sent = await other.send(
      page,
      [
        ['login', 'ada@clinic.example'],
        ['password', 'x'],
      ],
      /login\?/,
    );
    expect(sent.status).toBe(403);
  });
});
