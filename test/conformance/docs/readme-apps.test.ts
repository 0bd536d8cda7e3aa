/** The apps of the README: what a reader saves is run as it stands, by a browser and by Node. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readmeApp } from '../status-app/readme-app.ts';
import { openAppWorld, sendReferral, type AppWorld } from '../status-app/world.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'closeloop-app-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let world: AppWorld;
beforeAll(async () => void (world = await openAppWorld('server')), 60_000);
afterAll(() => world.close());

test('(issue 14, smart 8) the service of the README signs in with its key, and reads how referrals stand', async () => {
  const task = await sendReferral(world);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'demo.json'), JSON.stringify({ base: world.base, smart: world.smart }));
  writeFileSync(join(folder, 'service.mjs'), readmeApp('js'));
  const { stdout } = await promisify(execFile)(process.execPath, ['service.mjs'], { cwd: folder });
  expect(stdout).toBe(`${task} received\n`);
});

test('(issue 14) the page of the README is ten lines', () => {
  expect(readmeApp('html').trimEnd().split('\n').length).toBeLessThanOrEqual(10);
});

test('(issue 14.9) the token of the administrator registers an app', async () => {
  const { registration_endpoint: endpoint } = (await (
    await fetch(`${world.base}/.well-known/smart-configuration`)
  ).json()) as { registration_endpoint: string };
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.tokens.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Mine',
      redirect_uris: ['http://127.0.0.1/callback'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'openid fhirUser launch/patient patient/*.rs',
      contacts: ['someone@demo.example'],
    }),
  });
  expect([answer.status, await answer.json()]).toEqual([
    201,
    expect.objectContaining({ client_id: expect.any(String), redirect_uris: ['http://127.0.0.1/callback'] }),
  ]);
});
