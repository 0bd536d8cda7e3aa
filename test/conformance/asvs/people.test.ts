/**
 * Rows of OWASP ASVS 4.0.3 that we claim of people, their factors and their sessions, each by its number and over HTTP. What needs
 * a clock that is moved (3.3.2, 3.7.1) is judged in the tests of the rules themselves; what we do not claim is not here.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSurfer, locationOf, type Surfer } from '../../people.ts';
import { openServer, type TestServer } from '../../server.ts';
import { askAuth, BEHIND_PROXY, type AuthAnswer } from '../../smart.ts';
import { enrolPerson, openEnrolment, signOut, titleOf, type SmartPerson } from '../../smart-person.ts';

const COOKIE = '__Host-closeloop';

let server: TestServer;
let person: SmartPerson;
/** The answer that began the person's session. */
let signedIn: AuthAnswer;

const works = { recipient: ['coordinator'] } as const;

beforeAll(async () => {
  server = await openServer(['recipient'], ...BEHIND_PROXY);
  person = await enrolPerson(server, 'ada@clinic.example', { name: 'Ada Byron', works });
}, 60_000);
afterAll(() => server.close());

const password = async ({ surfer, login }: SmartPerson, typed: string): Promise<AuthAnswer> =>
  surfer.send(
    await surfer.get('/auth/login'),
    [
      ['login', login],
      ['password', typed],
    ],
    /\/login\?/,
  );

describe('V2 authentication', () => {
  let enrolling: Awaited<ReturnType<typeof openEnrolment>>;
  beforeAll(async () => {
    enrolling = await openEnrolment(server, 'new@clinic.example', { works });
  });
  const choose = async (typed: string): Promise<boolean> => {
    const { surfer, page } = enrolling;
    const { status } = await surfer.send(page, [['password', typed]], /\/enrol\/password/);
    return status === 303;
  };

  test.each<[string, string, string, boolean]>([
    ['2.1.1', 'eleven characters', 'qhvz kwjx p', false],
    ['2.1.2', 'more than 64 characters', `${'qhvz kwjx pgyf '.repeat(6)}end`, true],
    ['2.1.3', 'spaces in it', 'qhvz kwjx pgyf wmtb', true],
    ['2.1.4', 'letters of any script, and emoji', 'жираф 麒麟 🦒🦓🐘🦏🐪🦘🦛🦔', true],
    ['2.1.7', 'what everybody chooses', 'password1234', false],
    ['2.1.9', 'small letters alone', 'lantern gravel sparrow', true],
  ])('asvs 4.0.3-%s a password of %s', async (_id, _what, typed, taken) => {
    expect(await choose(typed)).toBe(taken);
  });

  test('asvs 4.0.3-2.1.3 nothing of a password is cut off', async () => {
    const half = await openEnrolment(server, 'long@clinic.example', { works });
    const long = `${'qhvz kwjx pgyf '.repeat(7)}end`;
    await half.surfer.send(half.page, [['password', long]], /\/enrol\/password/);
    const one = createSurfer(server);
    const typed = async (text: string): Promise<number> => {
      const fields = [
        ['login', 'long@clinic.example'],
        ['password', text],
      ] as const;
      return (await one.send(await one.get('/auth/login'), fields, /\/login\?/)).status;
    };
    expect([await typed(long.slice(0, -1)), await typed(long)]).toEqual([400, 303]);
  });

  test('asvs 4.0.3-2.1.11, 2.1.12 password keepers may fill it in, and it can be shown', async () => {
    const { text } = await createSurfer(server).get('/auth/login');
    expect(text).toMatch(/autocomplete="current-password"/);
    expect(text).toMatch(/autocomplete="username"/);
    expect(text).toMatch(/data-reveal="password"/);
    expect(text).not.toMatch(/onpaste/i);
  });

  test('asvs 4.0.3-4.3.1 a password alone reaches nothing: neither pages nor apps', async () => {
    const { surfer } = enrolling;
    for (const path of ['/auth/account', '/auth/apps', '/auth/organization'])
      expect(locationOf(await surfer.get(path))?.pathname).toMatch(/^\/auth\/(enrol|login)/);
  });

  test('asvs 4.0.3-2.2.7, 2.8.4 a login needs a code, which is taken once', async () => {
    const half = await password(person, person.password);
    expect(locationOf(half)?.pathname).toBe('/auth/second-factor');
    const page = await person.surfer.follow(half);
    const code = person.nextCode();
    signedIn = await person.surfer.send(page, [['code', code]], /\/second-factor/);
    expect(signedIn.status).toBe(303);
    const other = { ...person, surfer: createSurfer(server) };
    const again = await other.surfer.follow(await password(other, person.password));
    const replayed = await other.surfer.send(again, [['code', code]], /\/second-factor/);
    expect([replayed.status, other.surfer.cookies.has(COOKIE)]).toEqual([400, false]);
  });

  test('asvs 4.0.3-2.2.1 guesses are slowed down, whether the name exists or not, and say the same', async () => {
    const slow = await enrolPerson(server, 'slow@clinic.example', { works });
    const said = async (login: string): Promise<readonly unknown[]> => {
      const stranger = createSurfer(server);
      const answers: unknown[] = [];
      for (let tries = 0; tries < 6; tries += 1) {
        const { status, text } = await password(
          { ...slow, surfer: stranger, login },
          `guess number ${tries}`,
        );
        answers.push([status, /role="alert"><p>([^<]*)/.exec(text)?.[1]?.replaceAll(/\d+/g, 'n')]);
      }
      return answers;
    };
    const known = await said(slow.login);
    expect(known).toContainEqual([429, expect.stringContaining('too many attempts')]);
    expect(await said('nobody@clinic.example')).toEqual(known); // asvs 5.0-6.3.8
  });
});

const copyOf = ({ cookies }: Surfer): Surfer => {
  const copy = createSurfer(server);
  for (const [name, value] of cookies) copy.cookies.set(name, value);
  return copy;
};
const isIn = async (one: Surfer): Promise<boolean> => (await one.get('/auth/account')).status === 200;

describe('V3 sessions', () => {
  test('asvs 4.0.3-3.2.2, 3.4.1, 3.4.2, 3.4.3, 3.4.4 the cookie is long, of this host, for HTTPS, and out of reach', () => {
    const line = signedIn.headers.getSetCookie().find((one) => one.startsWith(`${COOKIE}=`)) ?? '';
    expect(line).toMatch(/^__Host-closeloop=[\w-]{43};/);
    expect(line).toMatch(/; Secure(;|$)/);
    expect(line).toMatch(/; HttpOnly(;|$)/);
    expect(line).toMatch(/; SameSite=(Lax|Strict)(;|$)/);
    expect(line).toMatch(/; Path=\/(;|$)/);
    expect(line).not.toMatch(/Domain=/i);
  });

  test('asvs 4.0.3-3.1.1 it stands in no address and in no page', async () => {
    const value = person.surfer.cookies.get(COOKIE) ?? 'none';
    expect(signedIn.headers.get('location')).not.toContain(value);
    for (const path of ['/auth/account', '/auth/apps'])
      expect((await person.surfer.get(path)).text).not.toContain(value);
  });

  test('asvs 4.0.3-3.2.1 a login makes a new one, whatever the browser brought', async () => {
    const fixed = await enrolPerson(server, 'fixed@clinic.example', { works });
    const planted = 'A'.repeat(43);
    fixed.surfer.cookies.set(COOKIE, planted);
    await fixed.passSignIn(await fixed.surfer.get('/auth/login'));
    expect(fixed.surfer.cookies.get(COOKIE)).toMatch(/^[\w-]{43}$/);
    expect(fixed.surfer.cookies.get(COOKIE)).not.toBe(planted);
  });

  test('asvs 4.0.3-3.3.4 a person sees the own sessions, and ends them all', async () => {
    const elsewhere = createSurfer(server);
    await elsewhere.signIn(person.account);
    const page = await person.surfer.get('/auth/account');
    expect([titleOf(page), await isIn(elsewhere)]).toEqual(['Your account', true]);
    await person.surfer.send(page, [], /\/account\/everywhere/);
    expect(await isIn(elsewhere)).toBe(false);
    await person.surfer.signIn(person.account);
  });

  test('asvs 4.0.3-4.2.2 a form of another site does nothing', async () => {
    const cookie = `${COOKIE}=${person.surfer.cookies.get(COOKIE) ?? ''}`;
    for (const path of [
      '/auth/account/everywhere',
      '/auth/account/codes',
      '/auth/apps',
      '/auth/organization',
    ]) {
      const sent = { method: 'POST', body: new URLSearchParams({ form_token: 'x', client: 'app' }) };
      const answer = await askAuth(server, path, {
        ...sent,
        headers: { cookie, origin: 'https://evil.example' },
      });
      expect([path, answer.status >= 400]).toEqual([path, true]);
    }
    expect(await isIn(person.surfer)).toBe(true);
  });

  test('asvs 4.0.3-3.3.1 after signing out the cookie is worth nothing', async () => {
    const copy = copyOf(person.surfer);
    expect(await isIn(copy)).toBe(true);
    await signOut(person.surfer);
    expect([await isIn(copy), await isIn(person.surfer)]).toEqual([false, false]);
  });
});

describe('V5, V8, V14 pages', () => {
  test.each([
    '/auth/logout?post_logout_redirect_uri=https://evil.example',
    '/auth/login?to=https://evil.example',
    '/auth/login?interaction=https://evil.example',
  ])('asvs 4.0.3-5.1.5 %s leads nowhere else', async (path) => {
    const to = locationOf(await createSurfer(server).get(path));
    expect(to?.hostname ?? 'a page').not.toContain('evil');
  });

  test('asvs 4.0.3-8.2.1, 14.4.1, 14.4.3 to 14.4.7 the headers of a page', async () => {
    const { headers } = await createSurfer(server).get('/auth/login');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe/);
    expect(headers.get('content-type')).toMatch(/^text\/html; ?charset=utf-8$/i);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toMatch(/max-age=\d{8}/);
    expect(headers.get('referrer-policy')).toMatch(/^(no-referrer|same-origin)$/);
    expect(headers.get('cache-control')).toContain('no-store');
  });
});
