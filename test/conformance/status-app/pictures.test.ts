/**
 * The pictures of the README: the test takes each, and holds its size against the one that is kept, because the rest of a
 * picture (times, passwords, the fonts of a machine) is another each time. `npm run pictures` writes them anew.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { openBrowser, type Browser, type BrowserPage } from '../../browser.ts';
import type { Engines } from '../../../tools/demo/engines.ts';
import { judged, whyAbsent } from '../../judges.ts';
import { openAppWorld, type AppWorld } from './world.ts';
import { allow, passSignIn } from './person.ts';
import { playWeek } from './week.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const FOLDER = join(ROOT, 'docs/images');
const IS_WRITING = process.env['PICTURES'] === 'write';

let world: AppWorld;
let browser: Browser;
let page: BrowserPage;
let engines: Engines;
let shown = '';

beforeAll(async () => {
  if (whyAbsent('chromium') !== undefined) return;
  ({ world, shown, engines } = await playWeek(() => openAppWorld('server')));
  browser = await openBrowser();
  page = await browser.open();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  engines?.close();
  await world?.close();
});

const DESK = { width: 1100, height: 800, scale: 2 };
const PHONE = { width: 390, height: 760, scale: 2 };

const PICTURES: readonly (readonly [
  name: string,
  look: Parameters<BrowserPage['look']>[0],
  show: () => Promise<void>,
])[] = [
  ['start.png', { ...DESK, height: 1000 }, () => page.goto(`${world.origin}/`)],
  ['referrals.png', DESK, () => signIn()],
  ['timeline.png', { ...DESK, height: 1180 }, () => open()],
  ['timeline-phone.png', { ...PHONE, dark: true }, () => open()],
];

async function signIn(): Promise<void> {
  const [user] = world.users;
  if (user === undefined) throw new Error('nobody may sign in');
  await page.goto(`${world.origin}/status-app/?login_hint=${encodeURIComponent(user.username)}`);
  await passSignIn(page, user);
  await allow(page);
  await page.until(`document.querySelectorAll('main li').length > 0`);
}

async function open(): Promise<void> {
  await page.value(`location.hash = ''; location.hash = '${shown}'`);
  await page.until(`document.querySelector('main ol article')`);
  await page.value('scrollTo(0, 0)');
}

/** Width and height in dots, as the first chunk of a PNG has them. */
const sizeOf = (png: Buffer): readonly number[] => [png.readUInt32BE(16), png.readUInt32BE(20)];

for (const [name, look, show] of PICTURES) {
  judged(
    'chromium',
    `docs/images/${name} has the size of what the page shows, and stands in the README`,
    async () => {
      await page.look(look);
      await show();
      const taken = await page.picture('window');
      const kept = join(FOLDER, name);
      if (IS_WRITING) writeFileSync(kept, taken);
      expect(sizeOf(taken)).toEqual([look.width * 2, (look.height ?? 0) * 2]);
      expect(existsSync(kept) && sizeOf(readFileSync(kept))).toEqual(sizeOf(taken));
      expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(`docs/images/${name}`);
    },
  );
}
