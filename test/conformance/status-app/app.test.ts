/** The status app in Chromium, by people: it signs in, lists, draws, is used by keys alone, and refuses a false answer. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { openBrowser, type Browser, type BrowserPage } from '../../browser.ts';
import { judged, whyAbsent } from '../../judges.ts';
import type { Trick } from './sign-in-stub.ts';
import { closeLoop, openAppWorld, sendReferral, type AppWorld } from './world.ts';

/** More than a page of the list has. */
const SENT = 22;

let world: AppWorld;
let browser: Browser;
let page: BrowserPage;
let closed = '';

beforeAll(async () => {
  if (whyAbsent('chromium') !== undefined) return;
  world = await openAppWorld();
  for (let sent = 0; sent < SENT; sent += 1) closed = await sendReferral(world);
  await closeLoop(world, closed);
  browser = await openBrowser();
  page = await browser.open();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const LISTED = `document.querySelectorAll('main li').length > 0`;
const app = () => `${world.origin}/status-app/`;
const texts = (selector: string) =>
  page.value<readonly string[]>(`[...document.querySelectorAll('${selector}')].map((one) => one.innerText)`);
const focused = () => page.value<string>('document.activeElement.innerText');

/** Presses Tab until what has the focus begins so, and shows that it has it. */
async function tabTo(begins: string): Promise<void> {
  for (let pressed = 0; pressed < 12; pressed += 1) {
    await page.press('Tab');
    if (!(await focused()).startsWith(begins)) continue;
    expect(await page.value('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    return;
  }
  throw new Error(`${begins}: not reached by Tab`);
}

/** Opens the app, and signs in by its button. */
async function signIn(trick?: Trick): Promise<void> {
  world.stub.play(trick);
  await page.goto(app());
  await page.until(`document.querySelector('main button')`);
  await page.submit('main button');
}

describe('(issue 14.8) the status app', () => {
  judged('chromium', 'signs in and lists referrals with status and age, a page at a time', async () => {
    await page.look({ width: 1100 });
    await signIn();
    await page.until(LISTED);
    const rows = await texts('main li');
    expect(rows).toHaveLength(20);
    expect(rows[0]).toMatch(/^Obesity: nutrition counselling\n/);
    expect(rows[0]).toContain('Sidney Sample · Elm Street Family Medicine → Riverside Nutrition Services');
    expect(rows[0]).toMatch(/Loop closed\s+closed after \d+ seconds?$/);
    expect(rows[1]).toMatch(/Waiting for an answer\s+open for \d+ seconds?$/);
    expect(await page.text()).toContain('Elm Street Family Medicine\nSign out');
    await page.click('main > button');
    await page.until(`document.querySelectorAll('main li').length === ${SENT}`);
    expect(await focused()).toBe((await texts('main li'))[20]);
    expect(await page.value('document.querySelector("main > button").hidden')).toBe(true);
  });

  judged('chromium', 'shows the open ones or the closed ones', async () => {
    await page.click('.choices button:nth-child(3)');
    await page.until(`document.querySelectorAll('main li').length === 1`);
    expect(await texts('[aria-pressed=true]')).toEqual(['Closed']);
    await page.click('.choices button:nth-child(2)');
    await page.until(`document.querySelectorAll('main li').length === 20`);
    expect((await texts('main li')).join('\n')).not.toContain('Loop closed');
  });

  judged('chromium', 'draws what each side did on the side of who did it, in order', async () => {
    await page.value(`location.hash = '${closed}'`);
    await page.until(`document.querySelector('main ol article')`);
    const steps = await page.value(
      `[...document.querySelectorAll('main ol > li')].map((li) => [li.className, li.querySelector('h2').innerText])`,
    );
    expect(steps).toEqual([
      ['initiator', 'Referral sent'],
      ['recipient', 'Referral accepted'],
      ['recipient', 'Visit booked'],
      ['recipient', 'Outcome reported: loop closed'],
    ]);
    const [sent, accepted] = await page.value<readonly number[]>(
      `[...document.querySelectorAll('article')].map((card) => card.getBoundingClientRect().left)`,
    );
    expect(accepted).toBeGreaterThan((sent ?? 0) + 400);
    expect(await focused()).toBe('Obesity: nutrition counselling');
    expect(await page.value('document.title')).toBe('Obesity: nutrition counselling · Referral status');
  });

  judged(
    'chromium',
    '(dashboard D2, D4) keeps no token outside memory, and no name in an address',
    async () => {
      expect(
        await page.value('JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])'),
      ).toBe('[{},{},""]');
      expect(await page.address()).toBe(`${app()}#${closed}`);
      const asked = world.stub.heard.find(([endpoint]) => endpoint === 'authorize')?.[1] ?? {};
      expect(asked).toMatchObject({
        response_type: 'code',
        client_id: 'status-app',
        redirect_uri: app(),
        aud: world.base,
        code_challenge_method: 'S256',
      });
      expect([asked['state'], asked['nonce'], asked['code_challenge']].map((text) => text?.length)).toEqual([
        43, 43, 43,
      ]);
    },
  );

  judged('chromium', 'withdraws its tokens and ends the session when a person signs out', async () => {
    await page.submit('header button');
    await page.until(`document.querySelector('h1').innerText === 'Where is my referral?'`);
    const [revoked, out] = world.stub.heard.slice(-2);
    expect(revoked).toEqual(['revoke', { client_id: 'status-app', token: 'first' }]);
    expect(out).toEqual(['logout', { id_token_hint: expect.any(String), post_logout_redirect_uri: app() }]);
    await page.value('history.back()');
    await page.until(`document.querySelector('main h1')`);
    expect(await page.text()).not.toContain('Sample');
  });

  judged('chromium', 'is used by keys alone', async () => {
    world.stub.play(undefined);
    await page.goto(app());
    await page.until(`document.querySelector('main button')`);
    await tabTo('Sign in');
    await page.press('Enter');
    await page.until(LISTED);
    await tabTo('Obesity: nutrition counselling');
    await page.press('Enter');
    await page.until(`document.querySelector('main ol article')`);
    await tabTo('Sign out');
  });

  judged('chromium', 'renews a token that has run out, once and unseen', async () => {
    await signIn('late-token');
    await page.until(LISTED);
    expect(world.stub.heard.at(-1)).toEqual([
      'token',
      { client_id: 'status-app', grant_type: 'refresh_token', refresh_token: 'first' },
    ]);
  });

  judged('chromium', 'says in plain words that the sign-in has ended', async () => {
    await signIn('ended');
    await page.until(`document.querySelector('[role=alert]')`);
    expect(await texts('[role=alert], main button')).toEqual(['Your sign-in has ended.', 'Sign in again']);
    await signIn();
    await page.until(LISTED);
  });

  judged('chromium', 'says in plain words that a referral is not there', async () => {
    await page.value(`location.hash = 'no-such-referral'`);
    await page.until(`document.querySelector('[role=alert]')`);
    expect(await texts('[role=alert]')).toEqual(['There is no such referral, or it is not for you to see.']);
  });
});

describe('(smart 3, RFC 9207) a false answer to a sign-in', () => {
  const cases: readonly (readonly [trick: Trick, says: string, isTokenAsked: boolean])[] = [
    ['other-state', 'This sign-in was not begun here.', false],
    ['other-issuer', 'This sign-in was not begun here.', false],
    ['no-issuer', 'This sign-in was not begun here.', false],
    ['denied', 'You did not let this app see your referrals.', false],
    ['other-nonce', 'The server answered another sign-in.', true],
    ['other-audience', 'The server answered another sign-in.', true],
  ];
  for (const [trick, says, isTokenAsked] of cases) {
    judged('chromium', `${trick} ends with a sentence, and nothing is read`, async () => {
      const before = world.stub.heard.length;
      await signIn(trick);
      await page.until(`document.querySelector('[role=alert]')`);
      expect(await texts('[role=alert]')).toEqual([says]);
      const since = world.stub.heard.slice(before).map(([endpoint]) => endpoint);
      expect(since).toEqual(isTokenAsked ? ['authorize', 'token'] : ['authorize']);
      expect(await page.text()).not.toContain('Sample');
    });
  }
});

describe('(WCAG 2.2 AA) every view', () => {
  const looks = [
    { width: 1100, dark: false },
    { width: 1100, dark: true },
    { width: 375, dark: true },
    { width: 320, dark: false },
  ];
  for (const look of looks) {
    judged('chromium', `has no fault and no sideways scroll: ${JSON.stringify(look)}`, async () => {
      await page.look(look);
      const isGood = async () => {
        expect(await page.violations()).toEqual([]);
        expect(await page.value('document.documentElement.scrollWidth')).toBeLessThanOrEqual(look.width);
      };
      await page.goto(`${world.origin}/`);
      await isGood();
      await page.goto(app());
      await page.until(`document.querySelector('main button')`);
      await isGood();
      await signIn();
      await page.until(LISTED);
      await isGood();
      await page.value(`location.hash = '${closed}'`);
      await page.until(`document.querySelector('main ol article')`);
      await isGood();
    });
  }

  judged('chromium', 'and the browser complained of nothing but what was refused on purpose', () => {
    const refused =
      /status of 40[01]|alert|not begun here|did not let|another sign-in|has ended|no such referral/;
    expect(page.complaints.filter((complaint) => !refused.test(complaint))).toEqual([]);
  });
});
