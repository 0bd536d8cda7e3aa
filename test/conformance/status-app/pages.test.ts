/** What the demonstration shows people beside the API: who gets a page, what else gets none, and what a page may load. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeBase32 } from '../../../src/identity/base32.ts';
import { matchTotp } from '../../../src/identity/totp.ts';
import type { codesNow } from '../../../tools/demo/users.ts';
import { openAppWorld, type AppWorld } from './world.ts';

const APP = resolve(import.meta.dirname, '../../../examples/status-app');

let world: AppWorld;
beforeAll(async () => void (world = await openAppWorld()));
afterAll(() => world.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A request as the client writes it, Host included. */
async function ask(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  const { port } = new URL(world.origin);
  const options = { agent: false, host: '127.0.0.1', port, path, method };
  const asked = request({ ...options, headers: { host: `localhost:${port}`, ...headers } });
  const [response] = (await once(asked.end(), 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('(issue 14.8) at /', () => {
  test('a browser is told what this is', async () => {
    const { status, headers, body } = await ask('/', BROWSER);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(body).toContain('<h1>Did the referral arrive?');
    expect(body).toContain(`${world.base}/.well-known/smart-configuration`);
    for (const { username, password, side } of world.users) {
      expect(body).toContain(`>${password}</code>`);
      const link = `href="/status-app/?login_hint=${encodeURIComponent(username)}"`;
      expect(body.includes(link)).toBe(side !== 'administrator');
    }
  });

  test.each(['*/*', 'application/fhir+json', 'application/json'])(
    'a client that takes %s is answered as ever',
    async (accept) => {
      const { status, body } = await ask('/', { accept });
      expect(status).toBe(404);
      expect(JSON.parse(body)).toMatchObject({ resourceType: 'OperationOutcome' });
    },
  );

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['a name of elsewhere that leads here', { host: 'evil.example' }, 'GET'],
    ['a proxy', { 'x-forwarded-for': '203.0.113.7' }, 'GET'],
    ['a page of elsewhere that posts', {}, 'POST'],
  ])('%s gets no page', async (_who, headers, method) => {
    const { status, body } = await ask('/', { ...BROWSER, ...headers }, method);
    expect(status).toBe(404);
    expect(body).not.toContain('<h1>');
  });

  test('an address in numbers leads to the name, which passkeys need', async () => {
    const { port } = new URL(world.origin);
    const { status, headers } = await ask('/?a=b', { ...BROWSER, host: `127.0.0.1:${port}` });
    expect([status, headers['location']]).toEqual([307, `${world.origin}/?a=b`]);
  });

  test('HEAD has the head of the page alone', async () => {
    const { status, headers, body } = await ask('/', BROWSER, 'HEAD');
    expect([status, body]).toEqual([200, '']);
    expect(Number(headers['content-length'])).toBeGreaterThan(1000);
  });
});

test('(issue 14.9) the codes are those of the secrets, and say until when', async () => {
  const { until, codes } = JSON.parse((await ask('/start/codes.json')).body) as ReturnType<typeof codesNow>;
  expect(until % 30_000).toBe(0);
  const shown = world.users.map(({ totpSecret, username }) => {
    const secret = decodeBase32(totpSecret) ?? Buffer.of();
    return matchTotp({ secret, lastStep: 0 }, codes[username] ?? '', until - 1);
  });
  expect(shown).toEqual(world.users.map(() => until / 30_000 - 1));
});

describe('every file of a page', () => {
  test.each([
    ['/status-app/', 'text/html; charset=utf-8'],
    ['/status-app/app.js', 'text/javascript; charset=utf-8'],
    ['/status-app/smart.js', 'text/javascript; charset=utf-8'],
    ['/status-app/style.css', 'text/css; charset=utf-8'],
    ['/status-app/icon.svg', 'image/svg+xml'],
    ['/favicon.ico', 'image/svg+xml'],
    ['/start/start.css', 'text/css; charset=utf-8'],
    ['/start/start.js', 'text/javascript; charset=utf-8'],
    ['/start/codes.json', 'application/json; charset=utf-8'],
  ])('%s comes with its type, and a policy that lets nothing in', async (path, type) => {
    const { status, headers } = await ask(path);
    expect([status, headers['content-type']]).toEqual([200, type]);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  });

  test.each([
    '/status-app/../../package.json',
    '/status-app/%2e%2e/package.json',
    '/start/start.html',
    '/status-app',
  ])('nothing else is served: %s', async (path) =>
    expect((await ask(path, BROWSER)).status).toBeGreaterThanOrEqual(400),
  );
});

test('(issue 14.8) the example is plain: no inline script or style, nothing imported, under 300 lines', () => {
  const texts = readdirSync(APP).map((name) => [name, readFileSync(join(APP, name), 'utf8')] as const);
  const code = texts.filter(([name]) => /\.(?:js|html)$/.test(name));
  const lines = code.flatMap(([, source]) => source.trimEnd().split('\n'));
  expect(lines.length).toBeLessThan(300);
  const all = texts.map(([, source]) => source).join('\n');
  expect(
    all.match(/<script(?! type="module" src=)|<style|\son\w+="|\sstyle="|innerHTML|localStorage|\beval\b/g),
  ).toBeNull();
  expect([...all.matchAll(/from '([^']+)'/g)].map(([, from]) => from)).toEqual(['./smart.js']);
  expect(all.match(/(?:https?:)?\/\/(?!www\.w3\.org\/2000\/svg)[\w.-]+\.\w+/g)).toBeNull();
});
