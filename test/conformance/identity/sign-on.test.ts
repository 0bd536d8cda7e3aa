/** Sign-on from outside over HTTP: there and back, and everything that goes wrong on the way (identity 8). */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { findExternalIdentity } from '../../../src/accounts/external-identities.ts';
import { findProvider } from '../../../src/accounts/providers.ts';
import type { IdentityProvider } from '../../../src/identity/external.ts';
import { startProvider, type ProviderFault, type TestProvider } from '../../outside-provider.ts';
import { openSignOnWorld, type SignOnWorld, type TestBrowser } from '../../sign-on-world.ts';

const MINUTE = 60_000;
const A = 'Organization/a';

let world: SignOnWorld;
let ours: TestProvider;
let other: TestProvider;

const recordOf = (issuer: string): IdentityProvider => ({
  name: 'Clinic',
  issuer,
  organizations: [A],
  clientId: 'closeloop',
  credential: 'none',
  scopes: ['openid', 'email'],
  rules: [
    { when: [{ claim: 'groups', is: 'desk' }], organization: A, roles: ['front-desk'] },
    { when: [{ claim: 'groups', is: 'admins' }], organization: A, roles: ['org-admin'] },
  ],
  proof: { kind: 'methods', any: ['otp'] },
  justInTime: true,
  emailDomains: [],
  endsSessionThere: false,
  status: 'active',
});

beforeAll(async () => {
  [world, ours, other] = await Promise.all([openSignOnWorld(), startProvider(), startProvider()]);
  await world.provide('ours', { ...recordOf(ours.issuer), publicKey: { kty: 'EC', crv: 'P-384', kid: 'k' } });
  await world.provide('other', recordOf(other.issuer));
});
afterAll(async () => {
  await Promise.all([world.close(), ours.close(), other.close()]);
});
beforeEach(() => {
  for (const provider of [ours, other]) Object.assign(provider, { fault: undefined, refreshes: 'given' });
});

const tokensAsked = (): number => ours.asked.filter((path) => path === '/token').length;
const seconds = (): number => Math.floor(world.now() / 1000);

/** Logs somebody in, in a browser of their own. */
async function comeIn(sub: string, claims: object = {}, of = ours, key = 'ours'): Promise<TestBrowser> {
  const browser = world.browser();
  of.person = { sub, email: `${sub}@a.example`, groups: ['desk'], amr: ['pwd', 'otp'], ...claims };
  await browser.go(`${world.issuer}/sign-on/${key}?return=/auth/account`);
  return browser;
}

/** Leaves for a provider and comes back, without arriving here. */
async function questionOf(browser: TestBrowser, of: TestProvider, key: string): Promise<string> {
  const response = await fetch(`${world.issuer}/sign-on/${key}`, { redirect: 'manual' });
  for (const set of response.headers.getSetCookie()) {
    const [pair = ''] = set.split(';');
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    browser.cookies.set(`${new URL(world.issuer).host} ${name}`, value);
  }
  return of.visit(response.headers.get('location') ?? '');
}

describe('(identity 8) there and back', () => {
  test('a person is in, at the page from which they left, with the roles of now', async () => {
    const browser = world.browser();
    ours.person = { sub: 'ann', email: 'ann@a.example', name: 'Ann', groups: ['desk'], amr: ['pwd', 'otp'] };
    const landed = await browser.go(`${world.issuer}/sign-on/ours?return=/auth/account%3Ftab%3D1`);
    expect([landed.address.pathname, landed.address.search]).toEqual(['/auth/account', '?tab=1']);
    expect((await browser.session())?.session).toMatchObject({
      provider: 'ours',
      organization: A,
      acr: 'urn:closeloop:acr:mfa',
    });
    expect([...browser.cookies.keys()].filter((name) => name.includes('sign-on'))).toEqual([]);
  });

  test.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/auth//evil.example',
    '/fhir/Patient',
    'javascript:alert(1)',
    '/auth/%0d%0aSet-Cookie: a=b\r\n',
  ])('nobody is led elsewhere by %s', async (back) => {
    const browser = world.browser();
    ours.person = { sub: 'ann', groups: ['desk'], amr: ['otp'] };
    const landed = await browser.go(`${world.issuer}/sign-on/ours?return=${encodeURIComponent(back)}`);
    expect(landed.address.href).toBe(`${world.issuer}/account`);
  });

  test.each<[ProviderFault, number, RegExp]>([
    ['foreign-audience', 400, /cannot be trusted/],
    ['foreign-nonce', 400, /cannot be trusted/],
    ['foreign-key', 400, /cannot be trusted/],
    ['foreign-answer-issuer', 400, /cannot be trusted/],
    ['refusal', 403, /not signed in/],
    ['trouble', 503, /does not answer/],
  ])('%s: a page says so, and nobody is in', async (fault, status, says) => {
    ours.fault = fault;
    const browser = world.browser();
    const landed = await browser.go(`${world.issuer}/sign-on/ours`);
    expect([landed.status, await browser.session()]).toEqual([status, undefined]);
    expect(landed.text).toMatch(says);
    expect(landed.text).not.toMatch(/script|stack/);
  });

  test.each([
    ['without a role', { groups: [] }, /no role here yet/],
    ['without an address', { email: undefined }, /e-mail address is missing/],
  ])('%s: a page says with whom to speak', async (_name, claims, says) => {
    const browser = world.browser();
    ours.person = { sub: `none-${randomUUID()}`, email: 'none@a.example', groups: ['desk'], ...claims };
    const landed = await browser.go(`${world.issuer}/sign-on/ours`);
    expect([landed.status, await browser.session()]).toEqual([403, undefined]);
    expect(landed.text).toMatch(says);
  });

  test('a provider that is suspended, or that nobody knows, is not there', async () => {
    await world.provide('asleep', { ...recordOf(ours.issuer), status: 'suspended' });
    for (const key of ['asleep', 'nobody', '..%2Fours'])
      expect((await world.browser().go(`${world.issuer}/sign-on/${key}`)).status).toBe(404);
  });

  test('our key is where the provider looks for it', async () => {
    const { text } = await world.browser().go(`${world.issuer}/sign-on/ours/jwks`);
    expect(JSON.parse(text)).toEqual({ keys: [{ kty: 'EC', crv: 'P-384', kid: 'k' }] });
  });
});

describe('(identity 8) an answer counts in one browser, once, from one provider', () => {
  test('not in another browser', async () => {
    const back = await questionOf(world.browser(), ours, 'ours');
    const before = tokensAsked();
    const stranger = world.browser();
    expect((await stranger.go(back)).text).toMatch(/not started here/);
    expect([tokensAsked(), await stranger.session()]).toEqual([before, undefined]);
  });

  test('not under another state, or a question of another window', async () => {
    const browser = world.browser();
    const [one, two] = [await questionOf(browser, ours, 'ours'), await questionOf(browser, ours, 'ours')];
    const mixed = new URL(one);
    mixed.searchParams.set('code', new URL(two).searchParams.get('code') ?? '');
    expect((await browser.go(mixed.href)).status).toBe(400);
    const foreign = new URL(two);
    foreign.searchParams.set('state', 'A'.repeat(43));
    expect((await browser.go(foreign.href)).text).toMatch(/not started here/);
  });

  test('not at the address of another provider (mix-up)', async () => {
    const browser = world.browser();
    const back = await questionOf(browser, other, 'other');
    const before = tokensAsked();
    expect((await browser.go(back.replace('/sign-on/other/', '/sign-on/ours/'))).text).toMatch(
      /not started here/,
    );
    expect([tokensAsked(), await browser.session()]).toEqual([before, undefined]);
  });

  test('not after ten minutes', async () => {
    const browser = world.browser();
    const back = await questionOf(browser, ours, 'ours');
    world.pass(10 * MINUTE + 1);
    expect((await browser.go(back)).text).toMatch(/not started here/);
  });

  test('not twice', async () => {
    const browser = world.browser();
    ours.person = { sub: 'twice', email: 'twice@a.example', groups: ['desk'] };
    const back = await questionOf(browser, ours, 'ours');
    const cookies = new Map(browser.cookies);
    await browser.go(back);
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    expect((await browser.go(back)).status).toBe(400);
  });
});

describe('(identity ID-44) somebody else’s e-mail address', () => {
  test('asks for the own login of that account, and links only then', async () => {
    const victim = await world.person('victim@a.example', 'coordinator');
    const browser = world.browser();
    ours.person = { sub: 'attacker', email: 'victim@a.example', groups: ['desk'], amr: ['otp'] };
    const asked = await browser.go(`${world.issuer}/sign-on/ours`);
    expect([asked.address.pathname, await browser.session()]).toEqual(['/auth/sign-on-link', undefined]);
    expect(asked.text).toContain('/auth/login?return=%2Fauth%2Fsign-on-link');

    const post = (token: string, headers: Record<string, string> = {}) =>
      browser.go(`${world.issuer}/sign-on-link`, {
        method: 'POST',
        body: new URLSearchParams({ form_token: token }),
        headers,
      });
    expect((await post('guess')).status).toBe(409);
    const own = await world.sessions.open(
      { session: { account: victim }, ways: ['pwd', 'otp'] },
      { agent: { organization: '', client: 't', subject: '' }, requestId: 'r' },
    );
    browser.cookies.set(`${new URL(world.issuer).host} __Host-closeloop`, own?.cookie ?? '');
    const page = await browser.go(`${world.issuer}/sign-on-link`);
    const token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect((await post(token, { origin: 'https://evil.example' })).status).toBe(409);
    expect(await findExternalIdentity(world.snapshot(), ours.issuer, 'attacker')).toBeUndefined();
    expect((await post(token)).text).toMatch(/is linked/);
    expect((await findExternalIdentity(world.snapshot(), ours.issuer, 'attacker'))?.account).toBe(victim);
  });

  test('a session by a provider is no own login', async () => {
    await world.person('second@a.example', 'coordinator');
    const browser = await comeIn('someone');
    ours.person = { sub: 'attacker-2', email: 'second@a.example', groups: ['desk'] };
    const page = await browser.go(`${world.issuer}/sign-on/ours`);
    expect(page.text).toContain('/auth/login');
    expect(page.text).not.toContain('form_token');
  });
});

describe('(identity ID-47) step-up at the provider is what its answer proves', () => {
  test.each<[string, () => object, string]>([
    ['fresh, with the factor', () => ({ auth_time: seconds(), amr: ['pwd', 'otp'] }), 'in'],
    ['fresh, by a password', () => ({ auth_time: seconds(), amr: ['pwd'] }), 'refused'],
    ['"1" answered to a request for more', () => ({ auth_time: seconds(), acr: '1', amr: [] }), 'refused'],
    ['an old login', () => ({ auth_time: seconds() - 400, amr: ['otp'] }), 'refused'],
    ['without a time', () => ({ auth_time: undefined, amr: ['otp'] }), 'refused'],
    ['by another person', () => ({ sub: 'somebody-else', auth_time: seconds(), amr: ['otp'] }), 'refused'],
  ])('%s', async (name, claims, expected) => {
    const browser = await comeIn(`stepper-${name.replaceAll(/\W/g, '')}`);
    world.pass(6 * MINUTE);
    const before = await browser.session();
    ours.person = { ...ours.person, ...claims() };
    const landed = await browser.go(`${world.issuer}/sign-on/ours?purpose=step-up&return=/auth/account`);
    const after = await browser.session();
    expect(ours.lastQuestion.get('prompt')).toBe('login');
    expect(landed.status === 200 ? 'in' : 'refused').toBe(expected);
    expect((after?.session.authenticatedAt ?? 0) > (before?.session.authenticatedAt ?? 0)).toBe(
      expected === 'in',
    );
    expect(after?.id).toBe(before?.id);
  });

  test('a rule about levels counts when an administrator has tried it without and with the factor', async () => {
    await world.provide('levels', { ...recordOf(other.issuer), proof: { kind: 'level', any: ['gold'] } });
    const classOf = async (): Promise<string | undefined> =>
      (await (await comeIn('lead', { groups: ['admins'], acr: 'gold', amr: [] }, other, 'levels')).session())
        ?.session.acr;
    expect(await classOf()).toBe('urn:closeloop:acr:enrol');
    for (const [step, acr] of [
      ['without', 'silver'],
      ['with', 'gold'],
    ]) {
      other.person = { sub: 'lead', acr };
      const landed = await world.browser().go(`${world.issuer}/sign-on/levels?trial=${step}`);
      expect(landed.text).toMatch(/on record/);
    }
    expect((await findProvider(world.snapshot(), 'levels'))?.proof).toEqual({
      kind: 'level',
      any: ['gold'],
      trial: { without: { methods: [], level: 'silver' }, with: { methods: [], level: 'gold' } },
    });
    expect(await classOf()).toBe('urn:closeloop:acr:mfa');
  });

  test('nobody but an administrator tries it', async () => {
    await world.provide('levels', { ...recordOf(other.issuer), proof: { kind: 'level', any: ['gold'] } });
    await comeIn('clerk', {}, other, 'levels');
    expect((await world.browser().go(`${world.issuer}/sign-on/levels?trial=with`)).status).toBe(403);
    expect((await findProvider(world.snapshot(), 'levels'))?.proof).toEqual({ kind: 'level', any: ['gold'] });
  });
});

describe('(identity ID-46, ID-48) out of here when out of there', () => {
  test('a person whom the provider no longer knows is out within ten minutes', async () => {
    const browser = await comeIn('fired');
    world.pass(9 * MINUTE);
    ours.refreshes = 'ended';
    await world.renew();
    expect(await browser.session()).toBeUndefined();
  });

  test('a logout token ends the session, once', async () => {
    const browser = await comeIn('leaver', { sid: 'there-1' });
    const iat = Math.floor(world.now() / 1000);
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const token = await ours.logoutToken({
      iss: ours.issuer,
      aud: 'closeloop',
      iat,
      jti: randomUUID(),
      sid: 'there-1',
      events,
    });
    const tell = (text: string) =>
      fetch(`${world.issuer}/sign-on/ours/backchannel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: text }),
      });
    const told = await Promise.all(
      [
        'garbage',
        await other.logoutToken({
          iss: ours.issuer,
          aud: 'closeloop',
          iat,
          jti: 'x',
          sid: 'there-1',
          events,
        }),
      ].map(tell),
    );
    expect([told.map(({ status }) => status), (await browser.session()) !== undefined]).toEqual([
      [400, 400],
      true,
    ]);
    const { status, headers } = await tell(token);
    expect([status, headers.get('cache-control'), await browser.session()]).toEqual([
      200,
      'no-store',
      undefined,
    ]);
    expect((await tell(token)).status).toBe(400);
  });
});

test('(identity 8) nothing secret is in the log', () => {
  expect(world.logged.length).toBeGreaterThan(0);
  expect(world.logged.join('\n')).not.toMatch(/eyJ|code=|state=/);
});
