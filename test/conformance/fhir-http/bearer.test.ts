/** Who asks: RFC 6750, RFC 9068, SMART App Launch 2.2; rules 1.8, 2.5, 4.3, 5.2. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import type { DevClaims } from '../../../src/http/dev-issuer.ts';
import { isInPerson, type AskingCaller } from '../../../src/http/purposes.ts';
import { usualPurpose } from '../../../src/policies/purpose.ts';
import { BASE, INITIATOR, openDoor, type Door } from './door.ts';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const CLAIMS = { subject: 'ana', client: 'test', scope: 'system/*.cruds', organization: INITIATOR } as const;

async function tokenOfOther(): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256');
  return new SignJWT({ organization: INITIATOR })
    .setProtectedHeader({ alg: 'ES256', kid: 'demo' })
    .setIssuer(door.issuer.issuer)
    .setAudience(BASE)
    .setSubject('ana')
    .setExpirationTime('1h')
    .sign(privateKey);
}

describe('refused with 401 and a challenge', () => {
  test.each<[name: string, authorization: () => string | Promise<string>, challenge: string]>([
    ['none', () => '', 'Bearer realm="closeloop"'],
    ['Basic', () => 'Basic YTpi', 'Bearer realm="closeloop"'],
    ['no token', () => 'Bearer', 'invalid_token'],
    ['not a JWT', () => 'Bearer abc', 'invalid_token'],
    ['three dots of nothing', () => 'Bearer a.b.c', 'invalid_token'],
    [
      'expired',
      async () => `Bearer ${await door.issuer.sign({ ...CLAIMS, lifetimeS: -60 })}`,
      'invalid_token',
    ],
    ['signed by another key of the same name', async () => `Bearer ${await tokenOfOther()}`, 'invalid_token'],
    [
      'unsigned',
      () =>
        `Bearer ${new UnsecuredJWT({ organization: INITIATOR }).setSubject('a').setExpirationTime('1h').encode()}`,
      'invalid_token',
    ],
    ['cut', () => `Bearer ${door.token.slice(0, -3)}`, 'invalid_token'],
    [
      'patient that is no id',
      async () => `Bearer ${await door.issuer.sign({ ...CLAIMS, patient: 'a/b' })}`,
      'invalid_token',
    ],
  ])('%s', async (_name, authorization, challenge) => {
    const response = await door.fetch('/Task', {
      anonymous: true,
      headers: { authorization: await authorization() },
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain(challenge);
  });

  test('a symmetric signature with the public key (RFC 8725, 2.1)', async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey)));
    const token = await new SignJWT({ organization: INITIATOR })
      .setProtectedHeader({ alg: 'HS256', kid: 'demo' })
      .setIssuer(door.issuer.issuer)
      .setAudience(BASE)
      .setSubject('ana')
      .setExpirationTime('1h')
      .sign(secret);
    expect((await door.fetch('/Task', bearer(token))).status).toBe(401);
  });

  test.each([
    ['issuer', { issuer: 'https://other.example' }, 'of another issuer'],
    ['audience', { audience: 'https://other.example/fhir' }, 'for another audience'],
    ['time', { clock: { now: () => Date.now() * 2 } }, 'has expired'],
  ])('a token for another %s, and the refusal says so', async (_what, changed, says) => {
    const other = await openDoor({ bearer: changed });
    const response = await other.fetch('/Task');
    expect([response.status, await response.text()]).toEqual([401, expect.stringContaining(says)]);
    await other.close();
  });

  test.each([
    ['our issuer and another key', 'own', 'The signature of the token is wrong.'],
    ['another issuer and another key', 'https://other.example', 'The token is of another issuer.'],
  ])('a token of %s is told apart', async (_what, named, says) => {
    const { privateKey } = await generateKeyPair('ES256');
    const token = await new SignJWT({ organization: INITIATOR })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
      .setIssuer(named === 'own' ? door.issuer.issuer : named)
      .setAudience(BASE)
      .setSubject('ana')
      .setExpirationTime('1h')
      .sign(privateKey);
    const response = await door.fetch('/Task', bearer(token));
    expect([response.status, await response.text()]).toEqual([401, expect.stringContaining(says)]);
  });
});

test('the issuer out of reach is no fault of the token: 503', async () => {
  const keys = {
    find: () => Promise.reject(new TypeError('fetch failed')),
    generation: () => 0,
    reload: () => undefined,
    close: () => undefined,
  };
  const deaf = await openDoor({ bearer: { keys } });
  const response = await deaf.fetch('/Task');
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
  await deaf.close();
});

describe('organization', () => {
  test.each([
    ['unknown here', 'Organization/ghost'],
    ['of another type', 'Patient/1'],
    ['with a path', 'Organization/../initiator'],
  ] as const)('%s: 403', async (_name, organization) => {
    const token = await door.issuer.sign({ ...CLAIMS, organization });
    expect((await door.fetch('/Task', bearer(token))).status).toBe(403);
  });

  test('absent, without being an administrator: 403', async () => {
    const token = await door.issuer.sign({ subject: 'ana', client: 'test', scope: 'system/*.cruds' });
    expect((await door.fetch('/Task', bearer(token))).status).toBe(403);
  });

  test('named by an identifier', async () => {
    const asked: unknown[] = [];
    const hub = await openDoor({
      bearer: {
        organizationClaimForm: 'identifier',
        findOrganization: async (name) => {
          asked.push(name);
          return INITIATOR;
        },
      },
    });
    const organization = 'http://hl7.org/fhir/sid/us-npi|1234567893' as 'a/b'; // the issuer signs what it is given
    const token = await hub.issuer.sign({ ...CLAIMS, organization });
    expect((await hub.fetch('/Task', bearer(token))).status).toBe(200);
    expect(asked).toEqual([{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' }]);
    expect((await hub.fetch('/Task')).status).toBe(403);
    await hub.close();
  });

  test('(directory DR18) named by an identifier that is verified no more, though the token is remembered', async () => {
    let holder: typeof INITIATOR | undefined = INITIATOR;
    const hub = await openDoor({
      bearer: { organizationClaimForm: 'identifier', findOrganization: async () => holder },
    });
    const organization = 'http://hl7.org/fhir/sid/us-npi|1234567893' as 'a/b'; // as above
    const token = await hub.issuer.sign({ ...CLAIMS, organization });
    const status = async () => (await hub.fetch('/Task', bearer(token))).status;
    expect([await status(), await status()]).toEqual([200, 200]);
    holder = undefined;
    expect(await status()).toBe(403);
    holder = INITIATOR;
    expect(await status()).toBe(200);
    await hub.close();
  });
});

describe('an administrator', () => {
  test('sees everything and is nobody', async () => {
    await door.fetch('/Task', bearer(door.adminToken));
    expect(door.performed.at(-1)?.caller).toMatchObject({
      administrator: true,
      organization: undefined,
      client: 'admin',
    });
  });

  test('acts for a named organization', async () => {
    const headers = { authorization: `Bearer ${door.adminToken}`, 'x-on-behalf-of': INITIATOR };
    await door.fetch('/Task', { headers });
    expect(door.performed.at(-1)?.caller).toMatchObject({
      organization: INITIATOR,
      onBehalfOf: INITIATOR,
      administrator: true,
    });
    await door.fetch('/Task', bearer(door.adminToken));
    expect(door.performed.at(-1)?.caller.onBehalfOf).toBeUndefined();
  });

  test.each([
    ['Organization/ghost', 403],
    ['Practitioner/1', 400],
  ])('not for %s: %i', async (name, status) => {
    const headers = { authorization: `Bearer ${door.adminToken}`, 'x-on-behalf-of': name };
    expect((await door.fetch('/Task', { headers })).status).toBe(status);
  });

  test('others act for nobody else', async () => {
    const response = await door.fetch('/Task', { headers: { 'x-on-behalf-of': INITIATOR } });
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toContain('insufficient_scope');
  });
});

describe('(smart SM-73) a token in the query or in a form is refused, beside the header and without', () => {
  test('query', async () => {
    for (const headers of [{}, { authorization: `Bearer ${door.adminToken}` }]) {
      const response = await door.fetch(`/Task?access_token=${door.adminToken}`, { headers });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('token-misplaced');
    }
  });

  test('form', async () => {
    const response = await door.fetch('/Task/_search', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${door.adminToken}`,
        'content-type': 'application/x-www-form-urlencoded',
        prefer: 'handling=lenient',
      },
      body: new URLSearchParams({ access_token: 'x' }).toString(),
    });
    expect(response.status).toBe(400);
  });
});

describe('claims', () => {
  test('scopes, patient and launch context', async () => {
    const token = await door.issuer.sign({
      ...CLAIMS,
      scope: 'patient/Task.rs launch/patient',
      patient: '123',
    });
    await door.fetch('/Task', bearer(token));
    expect(door.performed.at(-1)?.caller).toMatchObject({
      patient: 'Patient/123',
      scopes: [{ level: 'patient', type: 'Task', rights: new Set(['r', 's']) }],
    });
  });

  test('a token is asked about once, until it is forgotten', async () => {
    let asked = 0;
    let now = Date.now();
    const counting = await openDoor({
      bearer: {
        clock: { now: () => now },
        tokenCacheMs: 1000,
        findOrganization: async () => {
          asked += 1;
          return INITIATOR;
        },
      },
    });
    for (let at = 0; at < 3; at += 1) await counting.fetch('/Task');
    expect(asked).toBe(1);
    now += 1001;
    await counting.fetch('/Task');
    expect(asked).toBe(2);
    now += 2 * 86_400_000;
    expect((await counting.fetch('/Task')).status).toBe(401);
    await counting.close();
  });
});

/** What of the login reaches the FHIR engine. */
async function loginOf(claims: Readonly<Record<string, unknown>>, headers: Record<string, string> = {}) {
  const token = await door.issuer.sign({ ...CLAIMS, claims });
  const { status } = await door.fetch('/Task', {
    headers: { ...headers, authorization: `Bearer ${token}` },
  });
  return { status, token, caller: door.performed.at(-1)?.caller };
}

const now = Math.floor(Date.now() / 1000);

describe('the login (house 9b8)', () => {
  test.each<[string, Record<string, unknown>, object]>([
    [
      'nothing is claimed',
      {},
      { purposes: ['TREAT'], authenticatedAt: undefined, methods: [], tab: undefined, roles: undefined },
    ],
    ['a purpose (compliance D4)', { purpose_of_use: 'TREAT' }, { purposes: ['TREAT'] }],
    [
      'purposes, each once',
      { purpose_of_use: ['TREAT', 'HPAYMT', 'TREAT'] },
      { purposes: ['TREAT', 'HPAYMT'] },
    ],
    [
      'a purpose with its system',
      {
        purpose_of_use: [
          'http://terminology.hl7.org/CodeSystem/v3-ActReason|ETREAT',
          'urn:oid:2.16.840.1.113883.5.8#PATRQT',
        ],
      },
      { purposes: ['ETREAT', 'PATRQT'] },
    ],
    [
      'the purpose of a token of IHE IUA',
      {
        extensions: {
          ihe_iua: { purpose_of_use: [{ system: 'urn:oid:2.16.840.1.113883.5.8', code: 'HOPERAT' }] },
        },
      },
      { purposes: ['HOPERAT'] },
    ],
    ['the time of the login', { auth_time: now - 60 }, { authenticatedAt: (now - 60) * 1000 }],
    ['how it was proven (audit-compliance AU14)', { amr: ['pwd', 'otp'] }, { methods: ['pwd', 'otp'] }],
    ['the session (audit-compliance AU10)', { sid: 's-1', jti: 't-1' }, { session: 's-1' }],
    ['without a session, the token', { jti: 't-1' }, { session: 't-1' }],
    ['roles (harmony Z19)', { roles: ['clinician', 'front-desk'] }, { roles: ['clinician', 'front-desk'] }],
    ['one role', { roles: 'clinician' }, { roles: ['clinician'] }],
    ['roles as SCIM has them', { roles: [{ value: 'clinician', primary: true }] }, { roles: ['clinician'] }],
  ])('%s', async (_what, claims, expected) => {
    expect((await loginOf(claims)).caller).toMatchObject(expected);
  });

  test.each<[string, Record<string, unknown>]>([
    ['a purpose that is no code', { purpose_of_use: 'for treatment' }],
    ['a purpose of another system', { purpose_of_use: [{ system: 'urn:oid:1.0.14265.1', code: 'TREAT' }] }],
    ['a purpose without its system', { purpose_of_use: { code: 'TREAT' } }],
    ['one purpose of two', { purpose_of_use: ['TREAT', 7] }],
    ['an empty purpose', { purpose_of_use: '' }],
    ['a purpose of IHE IUA', { extensions: { ihe_iua: { purpose_of_use: 4 } } }],
    ['roles that are a number', { roles: 7 }],
    ['roles that are an object', { roles: { clinician: true } }],
    ['one role of two', { roles: ['clinician', null] }],
    ['an empty role', { roles: [''] }],
  ])('malformed, and refused since without it more might be allowed: %s', async (_what, claims) => {
    const before = door.performed.length;
    expect((await loginOf(claims)).status).toBe(401);
    expect(door.performed.length).toBe(before);
  });

  test.each<[string, Record<string, unknown>, object]>([
    ['a time that is a text', { auth_time: String(now) }, { authenticatedAt: undefined }],
    ['a time after the token was issued', { auth_time: now + 3600 }, { authenticatedAt: undefined }],
    ['a time before all time', { auth_time: -1 }, { authenticatedAt: undefined }],
    ['methods that are one text (identity ID-47)', { amr: 'mfa' }, { methods: [] }],
    ['methods that are not all texts', { amr: ['mfa', 1] }, { methods: [] }],
    ['a session that is a number', { sid: 7, jti: 't-1' }, { session: 't-1' }],
    ['a session with a space', { sid: 'a b', jti: 't-1' }, { session: 't-1' }],
    ['a session too long', { sid: 's'.repeat(256), jti: 't-1' }, { session: 't-1' }],
  ])('malformed, and proves nothing: %s', async (_what, claims, expected) => {
    const { status, caller } = await loginOf(claims);
    expect([status, caller]).toEqual([200, expect.objectContaining(expected)]);
  });

  test('(audit-compliance AU10) a token without session and id is known by its digest, never by its text', async () => {
    const [first, second] = [await loginOf({ n: 1 }), await loginOf({ n: 2 })];
    expect(first.caller?.session).toMatch(/^[\w-]{22}$/);
    expect(first.caller?.session).not.toBe(second.caller?.session);
    expect(first.token).not.toContain(first.caller?.session);
    await door.fetch('/Task', bearer(first.token));
    expect(door.performed.at(-1)?.caller.session).toBe(first.caller?.session);
  });

  describe('(compliance D4) the purpose', () => {
    const asked = async (changed: Parameters<typeof openDoor>[0], claims: DevClaims) => {
      const other = await openDoor(changed);
      const { status } = await other.fetch('/Task', bearer(await other.issuer.sign(claims)));
      const caller = other.performed.at(-1)?.caller;
      await other.close();
      return { status, purposes: caller?.purposes };
    };

    test.each<[string, readonly string[], string | readonly string[], number]>([
      ['the usual one', [], 'HOPERAT', 200],
      ['a kind of a usual one', [], ['COC', 'ERTREAT'], 200],
      ['one of another group', [], 'PUBHLTH', 403],
      ['breaking the glass', [], 'BTG', 403],
      ['one allowed and one not', [], ['TREAT', 'HRESCH'], 403],
      ['one that is none', [], 'MEDNEC', 403],
      ['one that the row of its client has', ['ehr-client=PUBHLTH BTG'], ['THREAT', 'BTG'], 200],
      ['one that the row of its client lacks', ['ehr-client=PUBHLTH'], 'TREAT', 403],
      ['one that the row of another client has', ['other=PUBHLTH'], 'PUBHLTH', 403],
    ])('%s', async (_says, clientPurposes, purpose, status) => {
      const claims = { ...CLAIMS, client: 'ehr-client', claims: { purpose_of_use: purpose } };
      const answer = await asked({ bearer: { clientPurposes } }, claims);
      expect([answer.status, answer.purposes]).toEqual([
        status,
        status === 200 ? [purpose].flat() : undefined,
      ]);
    });

    test.each<[string, Partial<DevClaims>, boolean]>([
      ['a system', {}, false],
      ['a person of a provider', { claims: { fhirUser: 'Practitioner/1' } }, false],
      ['a patient', { claims: { fhirUser: 'Patient/1' } }, true],
      ['a patient by a url', { claims: { fhirUser: `${BASE}/Patient/1` } }, true],
      ['a relative', { claims: { fhirUser: 'RelatedPerson/1' } }, true],
      ['an application of one patient', { scope: 'patient/*.rs', patient: '1' }, true],
      ['an application that a clinician opened for a patient', { scope: 'user/*.rs', patient: '1' }, false],
      [
        'the same with scopes of the patient',
        { scope: 'patient/*.rs', patient: '1', claims: { fhirUser: 'Practitioner/1' } },
        false,
      ],
    ])('of %s that claims none', async (_says, claims, inPerson) => {
      const usual = async (asking: AskingCaller) =>
        usualPurpose({ inPerson: isInPerson(asking), provider: true });
      const { purposes } = await asked({ bearer: { usualPurpose: usual } }, { ...CLAIMS, ...claims });
      expect(purposes).toEqual([inPerson ? 'PATRQT' : 'TREAT']);
    });
  });

  test('claims of other names, and below objects', async () => {
    const named = await openDoor({
      bearer: {
        purposeClaim: 'https://example.org/purpose',
        sessionClaim: 'session_state',
        rolesClaim: 'realm_access.roles',
      },
    });
    const claims = {
      'https://example.org/purpose': 'TREAT',
      session_state: 's-2',
      realm_access: { roles: ['clinician'] },
      sid: 's-1',
      roles: 7,
    };
    await named.fetch('/Task', bearer(await named.issuer.sign({ ...CLAIMS, claims })));
    expect(named.performed.at(-1)?.caller).toMatchObject({
      purposes: ['TREAT'],
      session: 's-2',
      roles: ['clinician'],
    });
    await named.close();
  });

  test.each(['12345678', 'a'.repeat(64), '8f14e45f-ceea-467f-a0a1-2f2b2f2b2f2b'])(
    '(harmony Z22) the tab: %s',
    async (tab) => {
      expect((await loginOf({}, { 'x-tab-id': tab })).caller).toMatchObject({ tab });
    },
  );

  test.each(['1234567', 'a'.repeat(65), 'with a space', 'under_score', 'two-tabs, of-one', '12345678é'])(
    '(harmony Z22) a malformed tab is 400 and audited: %s',
    async (tab) => {
      const before = door.performed.length;
      const bytes = Buffer.from(tab, 'utf8').toString('latin1');
      expect((await loginOf({}, { 'x-tab-id': bytes })).status).toBe(400);
      expect(door.performed.length).toBe(before);
      expect(door.refused.at(-1)?.issue).toBe('header-invalid');
    },
  );

  test('(harmony Z27) the token is judged before the tab, and open documents take no notice of it', async () => {
    const headers = { 'x-tab-id': 'short' };
    expect((await door.fetch('/Task', { anonymous: true, headers })).status).toBe(401);
    expect((await door.fetch('/metadata', { anonymous: true, headers })).status).toBe(200);
  });
});

test('failed logins leave one audit row per source and window', async () => {
  const watched = await openDoor();
  for (let at = 0; at < 5; at += 1) await watched.fetch('/Task', bearer('nonsense'));
  await watched.fetch('/Task');
  expect(watched.logins).toEqual([]);
  await watched.flushLogins();
  expect(watched.logins).toEqual([
    expect.objectContaining({
      event: 'login',
      outcome: '4',
      issue: 'token-invalid',
      times: 5,
      agent: expect.objectContaining({ address: '127.0.0.1', organization: '' }),
    }),
  ]);
  await watched.flushLogins();
  expect(watched.logins).toHaveLength(1);
  await watched.close();
});
