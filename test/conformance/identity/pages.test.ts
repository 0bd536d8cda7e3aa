/** Every page of sign-in, consent and account in a browser: no violation of WCAG 2.2 AA, on a desk and on a phone. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { readPageFiles } from '../../../src/http/auth/pages/files.ts';
import { pageHeaders } from '../../../src/http/auth/pages/headers.ts';
import { renderPage } from '../../../src/http/auth/pages/layout.ts';
import { openBrowser, type Browser, type BrowserPage } from '../../browser.ts';
import { judged, whyAbsent } from '../../judges.ts';
import { PAGES } from '../../page-views.ts';

const LOOKS = [
  { width: 1024 },
  { width: 1024, dark: true },
  { width: 375 },
  { width: 375, dark: true },
] as const;

describe('pages in a browser', () => {
  const files = readPageFiles('/auth');
  let server: Server;
  let browser: Browser | undefined;
  let page: BrowserPage;

  beforeAll(async () => {
    if (whyAbsent('chromium') !== undefined) return;
    server = createServer(({ url = '/' }, res) => {
      const { pathname } = new URL(url, 'http://localhost');
      const file = files.find(pathname.replace(/^\/auth/, ''));
      if (file !== undefined) {
        res.setHeader('Content-Type', file.type).end(file.bytes);
        return;
      }
      const shown = PAGES[decodeURIComponent(pathname.slice(1))];
      for (const [name, value] of Object.entries(pageHeaders({}))) res.setHeader(name, value);
      res.end(shown === undefined ? '' : renderPage(shown, files.addresses));
    }).listen(0, '127.0.0.1');
    browser = await openBrowser();
    page = await browser.open();
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const show = async (name: string): Promise<void> => {
    const { port } = server.address() as AddressInfo; // of a server that listens on TCP
    await page.goto(`http://localhost:${port}/${encodeURIComponent(name)}`);
  };

  for (const name of Object.keys(PAGES))
    judged('chromium', `${name}: axe finds nothing, nothing goes sideways, no policy is broken`, async () => {
      await show(name);
      for (const look of LOOKS) {
        await page.look(look);
        expect({ look, violations: await page.violations() }).toEqual({ look, violations: [] });
        expect(await page.value('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      }
      expect(page.complaints).toEqual([]);
    });

  judged(
    'chromium',
    'a person gets through the login page by keyboard, in the order of the page',
    async () => {
      await show('login');
      await page.value('document.body.focus()');
      const order: string[] = [];
      for (let stop = 0; stop < 6; stop += 1) {
        await page.press('Tab');
        order.push(await page.value('document.activeElement.innerText || document.activeElement.name'));
      }
      expect(order).toEqual([
        'Skip to the content',
        'Use a passkey',
        'login',
        'password',
        'Show password',
        'Continue',
      ]);
    },
  );
});
