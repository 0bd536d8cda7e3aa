/** Issuers outside, several at once: each speaks for the organizations that it is bound to, and for no other (harmony Z26). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { openServer, type TestServer } from '../../server.ts';
import { askAuth, makeKey, type TestKey } from '../../smart.ts';
import { BASE } from '../../world.ts';

let server: TestServer;
let folder: string;
let east: TestKey;
let west: TestKey;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closeloop-issuers-'));
  [east, west] = await Promise.all([makeKey('ES384', 'east'), makeKey('ES384', 'west')]);
  const rows = [
    ['east', east, 'Organization/recipient'],
    ['west', west, 'Organization/stranger'],
  ] as const;
  const issuers = rows.map(([name, key, organization]) => {
    const jwksFile = join(folder, `${name}.json`);
    writeFileSync(jwksFile, JSON.stringify({ keys: [key.publicJwk] }));
    return { issuer: `https://${name}.example`, jwksFile, organizations: [organization] };
  });
  const file = join(folder, 'issuers.json');
  writeFileSync(file, JSON.stringify(issuers));
  server = await openServer(['recipient', 'stranger'], '--issuers-file', file);
}, 60_000);
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const tokenOf = (
  key: TestKey,
  issuer: string,
  organization: string,
  scope = 'system/*.rs',
): Promise<string> =>
  new SignJWT({ scope, client_id: 'gateway', organization })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience(BASE)
    .setSubject('gateway')
    .setIssuedAt()
    .setExpirationTime('5 minutes')
    .sign(key.privateKey);
const statusOf = async (token: string, path = 'Task'): Promise<number> =>
  (await askAuth(server, `/fhir/${path}`, { headers: { authorization: `Bearer ${token}` } })).status;

test('(harmony Z26) each is taken for its own organization, by its own keys', async () => {
  expect(await statusOf(await tokenOf(east, 'https://east.example', 'Organization/recipient'))).toBe(200);
  expect(await statusOf(await tokenOf(west, 'https://west.example', 'Organization/stranger'))).toBe(200);
  // by the keys of the other, in the name of the other
  expect(await statusOf(await tokenOf(east, 'https://west.example', 'Organization/stranger'))).toBe(401);
});

test('(harmony Z26) none speaks for another’s organization, and none makes an administrator', async () => {
  expect(await statusOf(await tokenOf(east, 'https://east.example', 'Organization/stranger'))).toBe(403);
  const admin = 'system/*.cruds closeloop/admin';
  const token = await tokenOf(east, 'https://east.example', 'Organization/recipient', admin);
  expect(await statusOf(token)).toBe(200);
  expect(await statusOf(token, 'Organization/recipient/$admit')).not.toBe(200);
  const behalf = await askAuth(server, '/fhir/Task', {
    headers: { authorization: `Bearer ${token}`, 'x-on-behalf-of': 'Organization/stranger' },
  });
  expect(behalf.status).toBe(403);
});

test('(harmony Z26) an issuer that nobody knows is refused', async () => {
  expect(await statusOf(await tokenOf(east, 'https://north.example', 'Organization/recipient'))).toBe(401);
});
