/** Tokens of apps: a code is taken once, a refresh token is another at each use, and what ends, ends at once. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSessions } from '../../../src/accounts/sessions.ts';
import { keyOfSecret } from '../../../src/http/auth/records.ts';
import { openUnit } from '../../../src/http/auth/unit.ts';
import { SERVER_AGENT } from '../../../src/ports/audit.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import { organization as organizationOf } from '../../resources.ts';
import { openServerWith, type TestServer } from '../../server.ts';
import {
  askAuth,
  BEHIND_PROXY,
  ISSUER,
  putClient,
  putCode,
  putPerson,
  redeem,
  REDIRECT,
  TEST_ROW,
  refresh,
  type AuthAnswer,
  type TestPerson,
} from '../../smart.ts';
import { BASE } from '../../world.ts';

const SCOPE = 'openid fhirUser offline_access user/Task.rs user/Practitioner.rs';

let server: TestServer;
let person: TestPerson;
beforeAll(async () => {
  server = await openServerWith({ organizations: ['recipient', 'initiator'], argv: [...BEHIND_PROXY] });
  const { store } = server.running;
  // Races have clients of their own: how often a client may ask is counted by it (smart SM-46).
  for (const id of ['app', 'racer', 'runner'])
    await putClient(store, id, { redirectUris: [REDIRECT], corsOrigins: ['https://app.example.org'] });
  person = await putPerson(store, 'ada', {
    organization: 'Organization/recipient',
    links: [{ ref: 'Practitioner/ada', custodian: 'Organization/recipient' }],
  });
}, 60_000);
afterAll(() => server.close());

const issue = (scope = SCOPE, who = person, client = 'app'): ReturnType<typeof putCode> =>
  putCode(server.running.store, {
    client,
    person: who,
    scope,
    nonce: 'n-1',
    context: { organization: 'Organization/recipient' },
  });
const login = async (client = 'app'): Promise<AuthAnswer['json']> =>
  (await redeem(server, client, await issue(SCOPE, person, client))).json;
const fhir = (token: unknown, path = 'Task'): Promise<AuthAnswer> =>
  askAuth(server, `/fhir/${path}`, { headers: { authorization: `Bearer ${String(token)}` } });

describe('a code', () => {
  test('(g10 1.9.05–07) becomes tokens with all that was granted', async () => {
    const { status, json, headers } = await redeem(server, 'app', await issue());
    expect([status, json['token_type'], json['scope'], json['expires_in']]).toEqual([
      200,
      'Bearer',
      SCOPE,
      900,
    ]);
    expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache']);
    expect(Object.keys(json).toSorted()).toEqual([
      'access_token',
      'expires_in',
      'id_token',
      'refresh_token',
      'scope',
      'token_type',
    ]);
    expect((await fhir(json['access_token'])).status).toBe(200);
  });

  test('(g10 1.11, smart SM-53, SM-76) its id_token says who, when, how and where', async () => {
    const { json } = await redeem(server, 'app', await issue());
    const token = String(json['id_token']);
    const { json: keys } = await askAuth(server, '/auth/jwks');
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys as unknown as JSONWebKeySet), {
      issuer: ISSUER,
      audience: 'app',
      algorithms: ['RS256'],
    });
    expect(decodeProtectedHeader(token).kid).toEqual(expect.any(String));
    expect(payload).toMatchObject({
      sub: 'ada',
      nonce: 'n-1',
      acr: 'urn:closeloop:acr:mfa',
      amr: ['mfa', 'otp', 'pwd'],
      sid: person.session,
      fhirUser: `${BASE}/Practitioner/ada`,
      auth_time: expect.any(Number),
    });
  });

  test.each([
    ['no verifier', { code_verifier: '' }],
    ['another verifier', { code_verifier: 'x'.repeat(64) }],
    ['another redirect_uri', { redirect_uri: 'https://app.example.org/other' }],
    ['another client', { client_id: 'nobody' }],
  ])('(g10 9.17, 9.18) is not taken with %s', async (_what, form) => {
    const { status } = await redeem(server, 'app', await issue(), form);
    expect([400, 401]).toContain(status);
  });

  test('(g10 9.18.12) is not taken with its challenge as the verifier, and BAD_CODE is 400', async () => {
    const issued = await issue();
    expect((await redeem(server, 'app', { ...issued, verifier: 'short' })).status).toBe(400);
    const bad = await redeem(server, 'app', { ...issued, code: 'BAD_CODE' });
    expect([bad.status, bad.json['error']]).toEqual([400, 'invalid_grant']);
  });

  test('(smart SM-20) that is shown twice ends the tokens of the first use', async () => {
    const issued = await issue();
    const { json } = await redeem(server, 'app', issued);
    const again = await redeem(server, 'app', issued);
    expect([again.status, again.json['error']]).toEqual([400, 'invalid_grant']);
    expect((await fhir(json['access_token'])).status).toBe(401);
    expect((await refresh(server, 'app', json['refresh_token'])).status).toBe(400);
  });

  test('(smart SM-20, SM-45) that 30 requests show at once is one grant at most, and dead', async () => {
    const issued = await issue(SCOPE, person, 'racer');
    const answers = await Promise.all(Array.from({ length: 30 }, () => redeem(server, 'racer', issued)));
    const won = answers.filter(({ status }) => status === 200);
    expect(won.length).toBeLessThanOrEqual(1);
    for (const { json } of won) {
      expect((await fhir(json['access_token'])).status).toBe(401);
      expect((await refresh(server, 'racer', json['refresh_token'])).status).toBe(400);
    }
  });
});

test('(smart SM-62, SM-63) a token that was issued while its grant ended ends with it', async () => {
  const { store } = server.running;
  const issued = await issue();
  const { json } = await redeem(server, 'app', issued);
  // As when the grant was withdrawn by somebody who had not seen the token yet.
  const grant = {
    kind: 'app-grant',
    key: keyOfSecret(issued.grant),
    expect: 'any',
    body: undefined,
  } as const;
  await store.commit(auditedCommit([TEST_ROW], { records: [grant] }));
  expect((await fhir(json['access_token'])).status).toBe(401);
});

describe('a refresh token', () => {
  test('(g10 1.6.01–04, smart SM-47, SM-49, SM-50) is another at each use, and narrows for once', async () => {
    const first = await login();
    const narrowed = await refresh(server, 'app', first['refresh_token'], { scope: 'user/Task.rs' });
    expect([narrowed.status, narrowed.json['scope']]).toEqual([200, 'user/Task.rs']);
    const next = await refresh(server, 'app', narrowed.json['refresh_token'], { scope: SCOPE });
    expect([next.status, next.json['scope']]).toEqual([200, SCOPE]);
    const wider = await refresh(server, 'app', next.json['refresh_token'], {
      scope: `${SCOPE} user/Patient.rs`,
    });
    expect([wider.status, wider.json['error']]).toEqual([400, 'invalid_scope']);
    expect((await fhir(narrowed.json['access_token'])).status).toBe(200);
  });

  test('(g10 1.6.06) that nobody issued is refused', async () => {
    const { status, json } = await refresh(server, 'app', 'f5f2f5f0-0000-4000-8000-000000000000');
    expect([status, json['error']]).toEqual([400, 'invalid_grant']);
  });

  test('(smart SM-45, SM-49) of 30 at once one wins, and lives', async () => {
    const { refresh_token: token } = await login('runner');
    const answers = await Promise.all(Array.from({ length: 30 }, () => refresh(server, 'runner', token)));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect((await fhir(won[0]?.json['access_token'])).status).toBe(200);
    expect((await refresh(server, 'runner', won[0]?.json['refresh_token'])).status).toBe(200);
  });

  test('(smart SM-49) that is shown again after ten seconds ends the chain', async () => {
    const { store } = server.running;
    const first = await login();
    const next = await refresh(server, 'app', first['refresh_token']);
    expect((await refresh(server, 'app', first['refresh_token'])).status).toBe(400);
    expect((await fhir(next.json['access_token'])).status).toBe(200);
    // The clock of a server stands still for nobody: the record says that it was used eleven seconds ago.
    const used = await store.snapshot().record('refresh-token', keyOfSecret(String(first['refresh_token'])));
    if (used === undefined) throw new Error('a used refresh token is remembered');
    const { kind, key, body, expiresAt, version } = used;
    const earlier = { ...body, consumed: Date.now() - 11_000 };
    await store.commit(
      auditedCommit([TEST_ROW], { records: [{ kind, key, expect: version, body: earlier, expiresAt }] }),
    );
    expect((await refresh(server, 'app', first['refresh_token'])).status).toBe(400);
    expect((await fhir(next.json['access_token'])).status).toBe(401);
    expect((await refresh(server, 'app', next.json['refresh_token'])).status).toBe(400);
  });

  test('(smart SM-48) without offline access ends with its session, and no earlier', async () => {
    const short = await putPerson(server.running.store, 'brief', { organization: 'Organization/recipient' });
    const online = await redeem(server, 'app', await issue('openid online_access user/Task.rs', short));
    const offline = await redeem(server, 'app', await issue('openid offline_access user/Task.rs', short));
    expect((await fhir(online.json['access_token'])).status).toBe(200);
    const sessions = createSessions({
      store: server.running.store,
      clock: { now: () => Date.now() },
      random: () => Buffer.alloc(32),
      settings: { sessionIdleMs: 900_000 },
    });
    const by = { agent: SERVER_AGENT, requestId: 'test' };
    await sessions.lock(short.session, by);
    const locked = await fhir(online.json['access_token']);
    expect([locked.status, locked.text.includes('session-locked')]).toEqual([401, true]);
    expect((await refresh(server, 'app', online.json['refresh_token'])).status).toBe(400);
    await sessions.end(short.session, by);
    expect((await fhir(online.json['access_token'])).status).toBe(401);
    expect((await refresh(server, 'app', online.json['refresh_token'])).status).toBe(400);
    expect((await fhir(offline.json['access_token'])).status).toBe(200);
    expect((await refresh(server, 'app', offline.json['refresh_token'])).status).toBe(200);
  });

  test('(smart SM-51, SM-63) of an account that is suspended, or that works there no more, is of no use', async () => {
    const { store } = server.running;
    const organization = 'Organization/recipient' as const;
    const leaver = await putPerson(store, 'leaver', { organization });
    const { json } = await redeem(server, 'app', await issue(SCOPE, leaver));
    await putPerson(store, 'leaver', { organization, state: 'suspended' });
    expect((await fhir(json['access_token'])).status).toBe(401);
    const answer = await refresh(server, 'app', json['refresh_token']);
    expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_grant']);
  });
});

describe('what is kept', () => {
  test('(smart SM-3) no file of the data folder holds a token, and a restart keeps them all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'closeloop-tokens-'));
    const kept = await openServerWith({ organizations: [], argv: [...BEHIND_PROXY], folder });
    try {
      const { store } = kept.running;
      await kept.ask('administrator', 'PUT', 'Organization/here', organizationOf('here'));
      await kept.ask('administrator', 'POST', 'Organization/here/$admit');
      await putClient(store, 'app', { redirectUris: [REDIRECT] });
      const organization = 'Organization/here' as const;
      const who = await putPerson(store, 'eve', { organization });
      const issued = await putCode(store, {
        client: 'app',
        person: who,
        scope: SCOPE,
        context: { organization },
      });
      const { json, status } = await redeem(kept, 'app', issued);
      expect(status).toBe(200);
      await kept.restart();
      const read = await askAuth(kept, '/fhir/Task', {
        headers: { authorization: `Bearer ${String(json['access_token'])}` },
      });
      expect(read.status).toBe(200);
      const again = await refresh(kept, 'app', json['refresh_token']);
      expect(again.status).toBe(200);
      await kept.running.stop();
      const bytes = Buffer.concat(
        readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => readFileSync(join(entry.parentPath, entry.name))),
      ).toString('latin1');
      const secrets = [
        issued.code,
        json['access_token'],
        json['refresh_token'],
        again.json['access_token'],
        again.json['refresh_token'],
        who.cookie,
      ];
      expect(secrets.filter((secret) => bytes.includes(String(secret)))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});

describe('the own resource of a user', () => {
  test('(smart SM-53) is read with openid and fhirUser alone, and nothing else is', async () => {
    const self = await server.create('recipient', {
      resourceType: 'Practitioner',
      name: [{ family: 'Lovelace' }],
    });
    const other = await server.create('recipient', {
      resourceType: 'Practitioner',
      name: [{ family: 'Babbage' }],
    });
    const who = await putPerson(server.running.store, 'countess', {
      organization: 'Organization/recipient',
      links: [{ ref: `Practitioner/${self.id}`, custodian: 'Organization/recipient' }],
    });
    const { json } = await redeem(server, 'app', await issue('openid fhirUser', who));
    const statuses = [];
    for (const path of [
      `Practitioner/${self.id}`,
      `Practitioner/${other.id}`,
      'Practitioner',
      `Practitioner/${self.id}/_history`,
    ])
      statuses.push((await fhir(json['access_token'], path)).status);
    expect(statuses).toEqual([200, 403, 403, 403]);
    const without = await redeem(server, 'app', await issue('openid', who));
    expect((await fhir(without.json['access_token'], `Practitioner/${self.id}`)).status).toBe(403);
  });
});

test('(smart SM-26, SM-27) a token with a narrowed scope finds and reads what its query leaves', async () => {
  const [narrow, other] = await Promise.all(
    ['Narrow', 'Other'].map((family) =>
      server.create('recipient', { resourceType: 'Patient', name: [{ family }] }),
    ),
  );
  const token = (await redeem(server, 'app', await issue('openid fhirUser user/Patient.rs?family=Narrow')))
    .json['access_token'];
  const { text } = await fhir(token, 'Patient?_total=accurate');
  expect([JSON.parse(text), (await fhir(token, `Patient/${narrow?.id}`)).status]).toEqual([
    expect.objectContaining({ total: 1 }),
    200,
  ]);
  expect((await fhir(token, `Patient/${other?.id}`)).status).toBe(404);
});

test('(smart SM-45) a request that has read a code before another used it does not use it again', async () => {
  const { store } = server.running;
  const write = { kind: 'code', key: 'read-by-two', body: { client: 'app' } } as const;
  await store.commit(auditedCommit([TEST_ROW], { records: [{ ...write, expect: 'absent' }] }));
  const units = ['one', 'other'].map((requestId) => openUnit(store, { requestId }));
  for (const unit of units) await unit.find('code', write.key);
  const outcomes = [];
  for (const unit of units) {
    const { version = 0 } = (await unit.find('code', write.key)) ?? {};
    unit.hold({ ...write, expect: version, body: { consumed: 1 } }, 'end');
    outcomes.push(await unit.commit().then(() => 'used', String));
  }
  expect(outcomes).toEqual(['used', 'RaceLost: code']);
});
