/** People in a browser: invited, enrolled, signed in by password and code or by passkey, and an app that they let in. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { decodeBase32 } from '../../../src/identity/base32.ts';
import { totpCode, totpStep } from '../../../src/identity/totp.ts';
import { openBrowser, type Browser, type BrowserPage } from '../../browser.ts';
import { judged, whyAbsent } from '../../judges.ts';
import { authorizeQuery, invite, putPerson, redeem } from '../../people.ts';
import { openServer, type TestServer } from '../../server.ts';
import { makePkce, putClient } from '../../smart.ts';

const PASSWORD = 'four plain words together';

let server: TestServer;
let app: Server;
let browser: Browser | undefined;
let origin: string;
let redirect: string;

const portOf = (one: Server): number => (one.address() as AddressInfo).port; // of a server that listens on TCP

/** A server that shows the address at which it is asked. */
const listenAnywhere = async (): Promise<Server> => {
  const one = createServer((req, res) => {
    res
      .setHeader('Content-Type', 'text/html')
      .end(`<title>app</title><link rel="icon" href="data:,"><p>${req.url ?? ''}</p>`);
  });
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  return one;
};

beforeAll(async () => {
  if (whyAbsent('chromium') !== undefined) return;
  const free = await listenAnywhere();
  const port = portOf(free);
  await new Promise((resolve) => free.close(resolve));
  origin = `http://localhost:${port}`;
  server = await openServer(['recipient'], '--port', String(port), '--public-base-url', `${origin}/fhir`);
  app = await listenAnywhere();
  redirect = `http://127.0.0.1:${portOf(app)}/callback`;
  const { store } = server.running;
  await putClient(store, 'app', {
    name: 'Growth Chart',
    redirectUris: [redirect],
    scopes: ['patient/*.rs', 'user/*.rs', 'offline_access'],
  });
  await server.create('recipient', {
    resourceType: 'Patient',
    name: [{ family: 'Byron', given: ['George'] }],
    birthDate: '1988-01-22',
  });
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await server?.close();
  app?.close();
});

const heading = (page: BrowserPage) => page.value<string>('document.querySelector("h1").innerText');

/** Invites somebody, and opens the link in a window of its own. */
async function openInvitation(login: string, name: string): Promise<BrowserPage> {
  const { store } = server.running;
  const account = await putPerson(store, login, {
    name,
    works: { recipient: ['coordinator'] },
    state: 'invited',
  });
  const { secret } = await invite(store, account);
  const page = await browser?.open();
  if (page === undefined) throw new Error('there is no browser');
  await page.goto(`${origin}/auth/invitation/${secret}`);
  expect(await heading(page)).toBe('Your invitation');
  expect(await page.violations()).toEqual([]);
  await page.submit('main form button');
  expect(await heading(page)).toBe('Choose how you sign in');
  return page;
}

/** Sends the browser to the authorization endpoint. @returns the verifier of the request */
async function launch(page: BrowserPage, scope: string): Promise<string> {
  const { verifier, challenge } = makePkce();
  const query = authorizeQuery(`${origin}/fhir`, challenge, { redirect_uri: redirect, scope });
  await page.goto(`${origin}/auth/authorize?${query.toString()}`);
  return verifier;
}

/** The app has been called back: redeems its code. */
async function tokensOf(page: BrowserPage, verifier: string): Promise<Readonly<Record<string, unknown>>> {
  expect(await page.address()).toContain(redirect);
  const { searchParams } = new URL(await page.address());
  expect(searchParams.get('iss')).toBe(`${origin}/auth`);
  const { json } = await redeem(server, searchParams.get('code') ?? '', verifier, { redirect_uri: redirect });
  return json;
}

describe('a person in a browser', () => {
  judged(
    'chromium',
    '(identity ID-14, ID-27, ID-31) enrols a password and an app on the phone, and launches a standalone app with them',
    async () => {
      const page = await openInvitation('ada@clinic.example', 'Ada Byron');
      await page.fill('#password', 'password1234');
      await page.submit('form[action*="/enrol/password"] button.main');
      expect(await page.value('document.querySelector("[role=alert]").innerText.length > 20')).toBe(true);
      await page.fill('#password', PASSWORD);
      await page.submit('form[action*="/enrol/password"] button.main');
      expect(await heading(page)).toBe('Add your authenticator app');
      expect(await page.violations()).toEqual([]);
      const typed = await page.value<string>('document.querySelector(".code").innerText');
      const secret = decodeBase32(typed.replaceAll(' ', '')) ?? Buffer.alloc(0);
      const step = totpStep(Date.now());
      await page.fill('#first', totpCode(secret, step - 1));
      await page.fill('#second', totpCode(secret, step));
      await page.submit('main form button');
      expect(await heading(page)).toBe('Keep your recovery codes');
      const codes = await page.value<readonly string[]>(
        '[...document.querySelectorAll(".codes li")].map((one) => one.innerText)',
      );
      expect(codes).toHaveLength(10);
      await page.click('input[name=kept]');
      await page.submit('main form button');
      expect(await heading(page)).toBe('Your account');
      expect(await page.violations()).toEqual([]);
      await page.goto(`${origin}/auth/logout`);
      await page.submit('button[name=logout]');
      expect(await heading(page)).toBe('You are signed out');

      const verifier = await launch(
        page,
        'openid fhirUser launch/patient patient/Patient.rs patient/Observation.rs',
      );
      expect(await heading(page)).toBe('Sign in');
      await page.fill('#login', 'ada@clinic.example');
      await page.fill('#password', 'four plain words apart');
      await page.submit('form[action^="/auth/login?"] button.main');
      expect(await page.text()).toContain('E-mail address or password are not right');
      await page.fill('#password', PASSWORD);
      await page.submit('form[action^="/auth/login?"] button.main');
      expect(await heading(page)).toBe('Confirm that it is you');
      await page.fill('#code', totpCode(secret, totpStep(Date.now()) + 1));
      await page.submit('main form button');
      expect(await heading(page)).toBe('Choose a patient');
      await page.fill('#name', 'byr');
      await page.submit('button[name=search]');
      expect(await page.text()).toContain('George Byron');
      expect(await page.violations()).toEqual([]);
      await page.submit('button[name=patient]');
      expect(await heading(page)).toBe('Let Growth Chart in?');
      expect(await page.text()).toContain('about George Byron');
      await page.submit('button[value=allow]');
      const tokens = await tokensOf(page, verifier);
      expect(tokens).toMatchObject({
        scope: 'openid fhirUser launch/patient patient/Patient.rs patient/Observation.rs',
        patient: expect.stringMatching(/^[\w-]+$/),
        need_patient_banner: true,
      });
      expect(page.complaints.filter((one) => !/status of (400|404)/.test(one))).toEqual([]);
    },
    60_000,
  );

  judged(
    'chromium',
    '(identity ID-28) enrols a passkey, and signs in with it alone',
    async () => {
      const page = await openInvitation('grace@clinic.example', 'Grace Hopper');
      await page.addAuthenticator();
      await page.submit('form[data-passkey=create] button');
      expect(await heading(page)).toBe('Keep your recovery codes');
      await page.click('input[name=kept]');
      await page.submit('main form button');
      expect(await heading(page)).toBe('Your account');
      await page.goto(`${origin}/auth/logout`);
      await page.submit('button[name=logout]');
      const verifier = await launch(page, 'openid user/Task.rs');
      await page.submit('form[data-passkey=get] button');
      expect(await heading(page)).toBe('Let Growth Chart in?');
      await page.submit('button[value=allow]');
      const tokens = await tokensOf(page, verifier);
      const claims = JSON.parse(
        Buffer.from(String(tokens['id_token']).split('.')[1] ?? '', 'base64url').toString('utf8'),
      ) as object;
      expect(claims).toMatchObject({ acr: 'urn:closeloop:acr:phr', amr: ['hwk', 'mfa', 'user'] });
      expect(page.complaints).toEqual([]);
    },
    60_000,
  );
});
