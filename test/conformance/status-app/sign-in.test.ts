/** People of the demonstration sign in at the server itself: to the status app, and to apps by fhirclient. */
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { findPort } from '../../../tools/demo/world.ts';
import type { DemoUser } from '../../../tools/demo/users.ts';
import { openBrowser, type Browser } from '../../browser.ts';
import { readFhirclient } from '../../fhirclient-judge.ts';
import { judged, whyAbsent } from '../../judges.ts';
import { putClient } from '../../smart.ts';
import { allow, passSignIn } from './person.ts';
import { readmeApp } from './readme-app.ts';
import { closeLoop, openAppWorld, sendReferral, type AppWorld } from './world.ts';

let world: AppWorld;
let browser: Browser;
let task = '';

beforeAll(async () => {
  world = await openAppWorld('server');
  task = await sendReferral(world);
  await closeLoop(world, task);
  if (whyAbsent('chromium') === undefined) browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world.close();
});

/** With factors of now: a code counts once. */
async function userOf(side: DemoUser['side']): Promise<DemoUser> {
  const found = (await world.newFactors()).find((user) => user.side === side);
  if (found === undefined) throw new Error(`nobody is the ${side}`);
  return found;
}

describe('(issue 14.8) from the start page', () => {
  for (const [side, name] of [
    ['initiator', 'Ngozi Okafor'],
    ['recipient', 'Emi Sato'],
  ] as const) {
    judged(
      'chromium',
      `the ${side} signs in with what it shows, and sees the referral from its side`,
      async () => {
        const page = await browser.open();
        await page.goto(`${world.origin}/`);
        const link = await page.value<string>(`document.querySelector('.${side} a').href`);
        await page.goto(link);
        await page.until(`document.querySelector('[name=login]')`);
        expect(await page.value(`document.querySelector('[name=login]').value`)).toMatch(/@/);
        await passSignIn(page, await userOf(side));
        await allow(page);
        await page.until(`document.querySelectorAll('main li').length === 1`);
        expect(await page.text()).toContain(`${name}\nSign out`);
        expect(await page.text()).toContain('Loop closed');
        await page.value(`location.hash = '${task}'`);
        await page.until(`document.querySelectorAll('main ol article').length === 4`);
        expect(await page.violations()).toEqual([]);
        await page.submit('header button');
        await page.until(`document.querySelector('main form button.main')`);
        expect(await page.address()).toMatch(`${world.origin}/auth/`);
        await page.submit('main form button.main');
        await page.until(`document.querySelector('h1').innerText === 'Where is my referral?'`);
        expect(page.complaints).toEqual([]);
      },
      60_000,
    );
  }
});

/** Where an app of one's own is served: the page of the README, one that an EHR opens, and fhirclient. */
async function serveApp(): Promise<{ readonly origin: string; readonly server: Server }> {
  const port = await findPort();
  const readme = readmeApp('html').replace('http://localhost:8080/fhir', world.base);
  const pageOf = (name: string, scope: string): string =>
    readme
      .replace('{ clientId:', `{ redirectUri: '${name}', clientId:`)
      .replace(/'openid [^']+'/, `'${scope}'`)
      .replace('for (const', 'window.client = client;\n  for (const');
  const files: Readonly<Record<string, string>> = {
    '/': readme,
    // What opens the app hands on what it may read itself.
    '/ehr.html': pageOf('ehr.html', 'openid user/Task.rs user/Patient.rs'),
    // An EHR says by the address where it is, and which launch this is.
    '/launch.html': pageOf('launch.html', 'launch openid fhirUser user/Task.rs patient/Patient.rs').replace(
      `, iss: '${world.base}'`,
      '',
    ),
    '/fhir-client.js': readFhirclient(),
  };
  const server = createServer(({ url = '/' }, res) => {
    const [path = '/'] = url.split('?');
    const type = path.endsWith('.js') ? 'text/javascript' : 'text/html';
    res.writeHead(path in files ? 200 : 404, { 'Content-Type': type }).end(files[path]);
  });
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  return { origin: `http://localhost:${port}`, server };
}

describe('(smart 2, 3) fhirclient', () => {
  let app: Awaited<ReturnType<typeof serveApp>>;

  beforeAll(async () => {
    if (whyAbsent('fhirclient') !== undefined || whyAbsent('chromium') !== undefined) return;
    app = await serveApp();
    await putClient(world.running.store, 'demo-app', {
      redirectUris: ['', 'ehr.html', 'launch.html'].map((name) => `${app.origin}/${name}`),
      launchUri: `${app.origin}/launch.html`,
      scopes: ['openid', 'fhirUser', 'launch', 'launch/patient', 'user/*.rs', 'patient/*.rs'],
      corsOrigins: [app.origin],
    });
  });
  afterAll(() => void app?.server.close());

  judged(
    'fhirclient',
    'launches the app of the README standalone, which reads how each referral stands',
    async () => {
      const page = await browser.open();
      await page.goto(`${app.origin}/`);
      await passSignIn(page, await userOf('initiator'));
      await allow(page);
      await page.until(`document.body.innerText.includes('${task}: completed.')`);
    },
    60_000,
  );

  judged(
    'fhirclient',
    'is launched from an EHR about a referral, whose patient and Task it is told',
    async () => {
      const ehr = await browser.open();
      await ehr.goto(`${app.origin}/ehr.html`);
      await allow(ehr);
      await ehr.until('window.client');
      const token = await ehr.value<string>('window.client.state.tokenResponse.access_token');
      const made = await fetch(`${world.origin}/auth/launches`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ client_id: 'demo-app', task: `Task/${task}` }),
      });
      const { launch_url: address, ...rest } = (await made.json()) as { launch_url: string };
      expect([made.status, rest]).toEqual([201, expect.objectContaining({ launch: expect.any(String) })]);

      const page = await browser.open();
      await page.goto(address);
      await allow(page);
      await page.until('window.client');
      const told = await page.value<Record<string, unknown>>('window.client.state.tokenResponse');
      expect(told).toMatchObject({
        fhirContext: expect.arrayContaining([{ reference: `Task/${task}` }]),
        need_patient_banner: true,
      });
      expect(await page.value('window.client.patient.read().then(({ id }) => id)')).toBe(told['patient']);
      expect(await page.value('window.client.user.fhirUser')).toBe('Practitioner/demo-initiator');
    },
  );
});
