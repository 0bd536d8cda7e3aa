/** This server as a client of somebody else's provider: what of its answers is believed (identity 8). */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createRelyingParty } from '../../../../src/http/sign-on/relying-party.ts';
import type { HttpClient } from '../../../../src/ports/outgoing.ts';
import { OutsideRefused, type OutsideAccess, type OutsideProviders } from '../../../../src/ports/sign-on.ts';
import { httpOf } from '../../../guarded.ts';
import { startProvider, type ProviderFault, type TestProvider } from '../../../outside-provider.ts';

const CLOCK = { now: () => Date.now() };
const BINDING = {
  redirectUri: 'https://closeloop.example/auth/sign-on/clinic/callback',
  state: 'state-of-this-browser',
  nonce: 'nonce-of-this-browser',
  verifier: 'v'.repeat(43),
};

let provider: TestProvider;
let http: HttpClient;
let party: OutsideProviders;
let access: OutsideAccess;

beforeAll(async () => {
  provider = await startProvider();
  http = httpOf({ purpose: 'sign-on', allowList: ['127.0.0.1'] });
});
afterAll(async () => {
  await http.close();
  await provider.close();
});
beforeEach(() => {
  party = createRelyingParty(http, CLOCK);
  Object.assign(provider, {
    fault: undefined,
    refreshes: 'given',
    person: { sub: 'ann' },
    clientKey: undefined,
    context: {},
  });
  access = {
    protocol: 'openid',
    issuer: provider.issuer,
    clientId: 'closeloop',
    credential: 'none',
    scopes: ['openid', 'email'],
    secret: undefined,
  };
});

const logIn = async (change: Partial<typeof BINDING> = {}, of = access) => {
  const address = await party.address(of, { ...BINDING, anew: false });
  return party.login(of, { ...BINDING, ...change, address: await provider.visit(address) });
};

const refresh = async () => {
  const { tokens } = await logIn();
  return party.refresh(access, tokens.refreshToken ?? '', 'ann');
};

const refusalOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'believed',
    (error: unknown) => (error instanceof OutsideRefused ? error.refusal : String(error)),
  );

describe('(identity 8) a login at somebody else’s provider', () => {
  test('says who it is, how and when they logged in, and in which session', async () => {
    provider.person = {
      sub: 'ann',
      auth_time: 1_800_000_000,
      amr: ['pwd', 'otp'],
      acr: '1',
      sid: 's1',
      groups: ['/North'],
    };
    const login = await logIn();
    expect(login).toMatchObject({
      issuer: provider.issuer,
      subject: 'ann',
      session: 's1',
      proof: { methods: ['pwd', 'otp'], level: '1', authenticatedAt: 1_800_000_000_000 },
      claims: { groups: ['/North'] },
    });
    expect(login.tokens.refreshToken).toBeDefined();
    expect(Object.fromEntries(provider.lastQuestion)).toMatchObject({
      response_type: 'code',
      scope: 'openid email',
      code_challenge_method: 'S256',
      state: BINDING.state,
      nonce: BINDING.nonce,
    });
  });

  test.each<[ProviderFault, string]>([
    ['foreign-audience', 'invalid'],
    ['foreign-authorized-party', 'invalid'],
    ['foreign-issuer', 'invalid'],
    ['foreign-nonce', 'invalid'],
    ['no-nonce', 'invalid'],
    ['expired', 'invalid'],
    ['foreign-key', 'invalid'],
    ['unsigned', 'invalid'],
    ['foreign-at-hash', 'invalid'],
    ['no-id-token', 'invalid'],
    ['foreign-answer-issuer', 'invalid'],
    ['no-answer-issuer', 'invalid'],
    ['refusal', 'denied'],
    ['trouble', 'unreachable'],
  ])('with the fault %s is %s', async (fault, expected) => {
    provider.fault = fault;
    expect(await refusalOf(logIn())).toBe(expected);
  });

  test.each([
    ['the state of another browser', { state: 'another' }, 'invalid'],
    ['the nonce of another login', { nonce: 'another' }, 'invalid'],
    ['the verifier of another login', { verifier: 'w'.repeat(43) }, 'ended'],
  ])('with %s', async (_name, change, expected) => {
    expect(await refusalOf(logIn(change))).toBe(expected);
  });

  test('a code is taken once', async () => {
    const back = await provider.visit(await party.address(access, { ...BINDING, anew: false }));
    await party.login(access, { ...BINDING, address: back });
    expect(await refusalOf(party.login(access, { ...BINDING, address: back }))).toBe('ended');
  });

  test('an answer of one provider is none of another (mix-up)', async () => {
    const other = await startProvider();
    const back = await other.visit(
      await party.address({ ...access, issuer: other.issuer }, { ...BINDING, anew: false }),
    );
    const before = provider.asked.filter((path) => path === '/token').length;
    expect(await refusalOf(party.login(access, { ...BINDING, address: back }))).toBe('invalid');
    expect(provider.asked.filter((path) => path === '/token')).toHaveLength(before);
    await other.close();
  });

  test('step-up asks for a login anew', async () => {
    const address = new URL(await party.address(access, { ...BINDING, anew: true }));
    expect([address.searchParams.get('prompt'), address.searchParams.get('max_age')]).toEqual(['login', '0']);
  });

  test('we prove who we are by a key, to an issuer of OpenID Connect and to the token endpoint of an EHR', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    provider.clientKey = publicKey.export({ format: 'jwk' });
    const secret = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'ours', alg: 'ES384' });
    const keyed: OutsideAccess = { ...access, credential: 'private_key_jwt', secret };
    await logIn({}, keyed);
    provider.context = { patient: 'p1', need_patient_banner: true };
    const { context } = await logIn({}, { ...keyed, protocol: 'smart' });
    expect(provider.assertions).toEqual([
      { aud: provider.issuer, typ: undefined },
      { aud: `${provider.issuer}/token`, typ: 'JWT' },
    ]);
    expect(context).toMatchObject({ patient: 'p1', need_patient_banner: true });
    expect(provider.lastQuestion.get('aud')).toBe(provider.issuer);
  });
});

describe('(identity ID-46) asking again', () => {
  test('says what the claims are now, with another refresh token', async () => {
    const { tokens } = await logIn();
    provider.person = { sub: 'ann', groups: ['/South'] };
    const again = await party.refresh(access, tokens.refreshToken ?? '', 'ann');
    expect(again.claims['groups']).toEqual(['/South']);
    expect(again.tokens.refreshToken).not.toBe(tokens.refreshToken);
  });

  test('a provider without an id_token then says it at its userinfo endpoint', async () => {
    provider.fault = 'no-id-token-at-refresh';
    provider.person = { sub: 'ann', groups: ['/South'] };
    expect((await refresh()).claims['groups']).toEqual(['/South']);
  });

  test.each<[string, () => void, string]>([
    ['ended there', () => (provider.refreshes = 'ended'), 'ended'],
    ['about somebody else', () => (provider.fault = 'foreign-subject-at-refresh'), 'invalid'],
    ['in trouble', () => (provider.fault = 'trouble'), 'unreachable'],
  ])('%s', async (_name, change, expected) => {
    const { tokens } = await logIn();
    change();
    expect(await refusalOf(party.refresh(access, tokens.refreshToken ?? '', 'ann'))).toBe(expected);
  });
});

describe('(identity ID-48) logging off', () => {
  test('the page of the provider where a log-off goes on', async () => {
    const { tokens } = await logIn();
    const address = new URL(
      (await party.logoutAddress(access, tokens.idToken, 'https://closeloop.example/')) ?? '',
    );
    expect(address.pathname).toBe('/logout');
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      id_token_hint: tokens.idToken,
      post_logout_redirect_uri: 'https://closeloop.example/',
    });
  });

  test.each<[string, object, string]>([
    ['a logout token', {}, 'believed'],
    ['of another issuer', { iss: 'https://other.example' }, 'invalid'],
    ['for another client', { aud: 'other' }, 'invalid'],
    ['that has expired', { exp: 1 }, 'invalid'],
  ])('%s', async (_name, change, expected) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: provider.issuer, aud: 'closeloop', iat: now, exp: now + 60, sub: 'ann', ...change };
    expect(await refusalOf(party.readLogout(access, await provider.logoutToken(claims)))).toBe(expected);
  });

  test('a logout token with the key of somebody else', async () => {
    const other = await startProvider();
    const now = Math.floor(Date.now() / 1000);
    const token = await other.logoutToken({ iss: provider.issuer, aud: 'closeloop', iat: now, sub: 'ann' });
    expect(await refusalOf(party.readLogout(access, token))).toBe('invalid');
    await other.close();
  });
});

test('(rules 6.3) a provider in a network that nobody listed is not asked', async () => {
  const strict = httpOf({ purpose: 'sign-on' });
  const before = provider.asked.length;
  const asked = createRelyingParty(strict, CLOCK).address(access, { ...BINDING, anew: false });
  expect(await refusalOf(asked)).toBe('unreachable');
  expect(provider.asked).toHaveLength(before);
  await strict.close();
});
