/** The second factor of this server after a login from outside that proved none, and the choice of a provider (identity ID-47). */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSessions, type Sessions } from '../../../src/accounts/sessions.ts';
import { createWeb } from '../../../src/http/auth/flow/web.ts';
import { matchPath, openExchange } from '../../../src/http/auth/exchange.ts';
import { readPageFiles } from '../../../src/http/auth/pages/files.ts';
import { ownFactorRoutes } from '../../../src/http/sign-on/own-factor.ts';
import { openFactorWorld, type FactorWorld } from '../../unit/accounts/factor-world.ts';

const BY = { agent: { organization: '', client: 'test', subject: '' }, requestId: 'r' } as const;

let world: FactorWorld;
let sessions: Sessions;
let server: Server;
let origin: string;

beforeAll(async () => {
  world = await openFactorWorld();
  const { store, clock } = world;
  sessions = createSessions({ store, clock, random: randomBytes, settings: { sessionIdleMs: 900_000 } });
  server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const web = createWeb({ origin, issuerPath: '/auth', files: readPageFiles('/auth'), securityHeaders: {} });
  const routes = ownFactorRoutes({
    web,
    sessions,
    factors: world.factors,
    choices: async (email, back) =>
      email.endsWith('@clinic.example')
        ? [
            {
              label: 'Sign in with Clinic',
              address: `/auth/sign-on/clinic?return=${encodeURIComponent(back)}`,
            },
          ]
        : [],
  });
  server.on('request', (req, res) => {
    const path = (req.url ?? '').split('?')[0]?.replace(/^\/auth/, '') ?? '';
    const found = routes.find(
      ([method, pattern]) => method === req.method && matchPath(pattern, path) !== undefined,
    );
    if (found === undefined) {
      res.writeHead(404).end();
      return;
    }
    const about = { requestId: randomUUID(), clientIp: '127.0.0.1', params: {}, securityHeaders: {} };
    Promise.resolve(found[2](openExchange({ req, res, path, store, ...about }))).catch((error: unknown) =>
      res.writeHead(500).end(String(error)),
    );
  });
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await world.end();
});

const tokenIn = (page: string): string => /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? '';

const get = async (path: string, cookie: string) => {
  const response = await fetch(`${origin}/auth${path}`, { headers: { cookie }, redirect: 'manual' });
  return {
    status: response.status,
    location: response.headers.get('location'),
    cookies: response.headers.getSetCookie(),
    text: await response.text(),
  };
};

const post = async (path: string, cookie: string, fields: Record<string, string>) => {
  const init = {
    method: 'POST',
    headers: { cookie, origin },
    body: new URLSearchParams(fields),
    redirect: 'manual',
  } as const;
  const response = await fetch(`${origin}/auth${path}`, init);
  return {
    status: response.status,
    location: response.headers.get('location'),
    cookies: response.headers.getSetCookie(),
    text: await response.text(),
  };
};

test('(identity ID-47) a provider that proved none is followed by our own, and the session stays the provider’s', async () => {
  const secret = await world.person('ann');
  const session = { account: 'ann', provider: 'clinic', organizations: ['Organization/a'] } as const;
  const opened = await sessions.open({ session, ways: [] }, BY);
  const cookie = `__Host-closeloop=${opened?.cookie ?? ''}`;
  const path = '/sign-on-factor?interaction=abc&way=totp';
  const page = await get(path, cookie);
  expect(page.text).toContain('authenticator app');
  const send = (code: string, token = tokenIn(page.text)) => post(path, cookie, { form_token: token, code });

  expect((await send(world.code(secret), 'of-another-form')).status).toBe(403);
  expect((await send('000000')).status).toBe(400);
  expect((await sessions.get(opened?.id ?? ''))?.session.acr).toBe('urn:closeloop:acr:enrol');
  // A wrong code slows the next one down.
  world.clock.at += 60_000;
  const done = await send(world.code(secret));
  expect([done.status, done.location]).toEqual([303, '/auth/interaction/abc']);
  expect((await sessions.get(opened?.id ?? ''))?.session).toMatchObject({
    ...session,
    acr: 'urn:closeloop:acr:mfa',
    amr: ['mfa', 'otp', 'pwd'],
  });
  expect(done.cookies.join()).toContain('__Host-closeloop=');
  expect((await get(path, cookie)).location).toBe('/auth/login?interaction=abc');
});

test('nobody else is asked: no session, an own one, and one that is whole', async () => {
  const own = await sessions.open({ session: { account: 'ann' }, ways: ['pwd', 'otp'] }, BY);
  for (const cookie of ['', `__Host-closeloop=${own?.cookie ?? ''}`])
    expect((await get('/sign-on-factor?page=account', cookie)).location).toBe('/auth/login?page=account');
});

test('a person without a factor here is told so', async () => {
  await world.account('bare');
  const opened = await sessions.open({ session: { account: 'bare', provider: 'clinic' }, ways: [] }, BY);
  const { status, text } = await get('/sign-on-factor', `__Host-closeloop=${opened?.cookie ?? ''}`);
  expect([status, text.includes('second factor is missing')]).toEqual([403, true]);
});

test('the domain of an address chooses the provider, and nothing else', async () => {
  const page = await get('/sign-on?interaction=abc', '');
  const cookie = page.cookies.map((one) => one.split(';')[0]).join('; ');
  const send = (email: string) =>
    post('/sign-on?interaction=abc', cookie, { form_token: tokenIn(page.text), email });
  const found = await send('ann@clinic.example');
  expect(found.text).toContain('/auth/sign-on/clinic?return=%2Fauth%2Finteraction%2Fabc');
  expect((await send('ann@elsewhere.example')).text).toContain('No sign-in is set up for that address');
});
