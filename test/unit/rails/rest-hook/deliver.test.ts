/** What a rest-hook sends, to whom it does not, and what it makes of peers that behave badly. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Rail, Receipt } from '../../../../src/ports/rail.ts';
import { createRestHookRail, type RestHookParts } from '../../../../src/rails/rest-hook/index.ts';
import { buildClaimed, buildEntry, openWorld, type World } from '../../../contract/delivery-world.ts';
import { httpOf, type Guarding } from '../../../guarded.ts';
import { answer, openReceiver, type Answer, type Receiver } from '../../../contract/receiver.ts';

const pem = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/tls/receiver.${name}.pem`, import.meta.url), 'utf8');
const TLS = { key: pem('key'), cert: pem('cert') };

const TASK = { resourceType: 'Task', id: 'referral', status: 'accepted' };
const clock = { now: () => Date.parse('2026-03-01T12:00:00Z') };

let world: World;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  world = await openWorld();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
afterAll(() => world.close());

async function receive(answers: readonly Answer[], tls?: typeof TLS): Promise<Receiver> {
  const receiver = await openReceiver(answers, tls);
  open.push(receiver);
  return receiver;
}

function createRail({ allowList = ['127.0.0.1:*'], ...parts }: Partial<RestHookParts> & Guarding = {}): Rail {
  const present: RestHookParts['present'] = ({ text = '' }) => text;
  const http = httpOf({ allowList, ...parts });
  const rail = createRestHookRail({ allowList, http, present, clock, ...parts });
  open.push(rail);
  return rail;
}

let subscriptions = 0;

/** Stores a Subscription with this channel and delivers the Task to it once. */
async function deliver(
  rail: Rail,
  channel: { readonly endpoint: string; readonly header?: readonly string[]; readonly payload?: string },
  signal: AbortSignal = AbortSignal.timeout(5_000),
): Promise<Receipt> {
  subscriptions += 1;
  const id = `s${subscriptions}`;
  await world.put({ resourceType: 'Subscription', id, channel: { type: 'rest-hook', ...channel } });
  const seq = await world.put(TASK);
  const entry = buildClaimed(buildEntry('rest-hook', `Subscription/${id}`, 'Task/referral'), seq);
  return rail.deliver(entry, world.store.snapshot(seq), world.store.snapshot(), signal);
}

const PAYLOAD = 'application/fhir+json';

describe('what is sent', () => {
  test('with a payload: a PUT of the resource behind the endpoint', async () => {
    const receiver = await receive([answer(201)]);
    const endpoint = `http://127.0.0.1:${receiver.port}/base/?key=a%20b`;
    const receipt = await deliver(createRail(), {
      endpoint,
      payload: PAYLOAD,
      header: ['Authorization: Bearer a', 'X-Tenant: b'],
    });
    const bytesHash = createHash('sha256').update(JSON.stringify(TASK)).digest('hex');
    expect(receipt).toEqual({
      outcome: 'accepted',
      says: 'HTTP 201',
      bytesHash,
      bytes: JSON.stringify(TASK).length,
    });
    const [sent] = receiver.received;
    expect(sent).toMatchObject({
      method: 'PUT',
      path: '/base/Task/referral?key=a%20b',
      body: JSON.stringify(TASK),
    });
    expect(sent?.headers).toMatchObject({
      authorization: 'Bearer a',
      'x-tenant': 'b',
      'content-type': 'application/fhir+json; charset=utf-8',
      'idempotency-key': expect.stringMatching(/^\d+-0$/),
      'x-closeloop-delivery-id': sent?.headers['idempotency-key'],
    });
  });

  test('without a payload: a POST with no body to the endpoint itself', async () => {
    const receiver = await receive([answer(204)]);
    const receipt = await deliver(createRail(), { endpoint: `http://127.0.0.1:${receiver.port}/hook` });
    expect(receipt).toEqual({ outcome: 'accepted', says: 'HTTP 204' });
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]).toMatchObject({ method: 'POST', path: '/hook', body: '' });
    expect(receiver.received[0]?.headers).not.toHaveProperty('content-type');
  });
});

describe('answers', () => {
  test.each<[number, Record<string, string>, Receipt]>([
    [200, {}, { outcome: 'accepted', says: 'HTTP 200' }],
    [500, {}, { outcome: 'retry', why: 'HTTP 500' }],
    [503, { 'retry-after': '7' }, { outcome: 'retry', why: 'HTTP 503', afterMs: 7_000 }],
    [
      429,
      { 'retry-after': 'Sun, 01 Mar 2026 12:01:00 GMT' },
      { outcome: 'retry', why: 'HTTP 429', afterMs: 60_000 },
    ],
    [
      429,
      { 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' },
      { outcome: 'retry', why: 'HTTP 429', afterMs: 0 },
    ],
    [503, { 'retry-after': '999999' }, { outcome: 'retry', why: 'HTTP 503', afterMs: 3_600_000 }],
    [503, { 'retry-after': 'soon' }, { outcome: 'retry', why: 'HTTP 503' }],
    [408, {}, { outcome: 'retry', why: 'HTTP 408' }],
    [425, {}, { outcome: 'retry', why: 'HTTP 425' }],
    [400, {}, { outcome: 'refused', why: 'HTTP 400' }],
    [401, {}, { outcome: 'refused', why: 'HTTP 401' }],
    [404, {}, { outcome: 'refused', why: 'HTTP 404' }],
    [410, {}, { outcome: 'refused', why: 'HTTP 410' }],
    [422, {}, { outcome: 'refused', why: 'HTTP 422' }],
    [304, {}, { outcome: 'refused', why: 'HTTP 304: redirects are not followed' }],
  ])('%i %j', async (status, headers, receipt) => {
    const receiver = await receive([answer(status, headers)]);
    expect(await deliver(createRail(), { endpoint: `http://127.0.0.1:${receiver.port}/` })).toEqual(receipt);
  });

  test('500, then 200: the second attempt is accepted', async () => {
    const receiver = await receive([answer(500), answer(200)]);
    const rail = createRail();
    const channel = { endpoint: `http://127.0.0.1:${receiver.port}/`, payload: PAYLOAD };
    expect((await deliver(rail, channel)).outcome).toBe('retry');
    expect((await deliver(rail, channel)).outcome).toBe('accepted');
  });

  test('a redirect is not followed', async () => {
    const inner = await receive([answer(200)]);
    const receiver = await receive([answer(307, { location: `http://127.0.0.1:${inner.port}/` })]);
    const receipt = await deliver(createRail(), { endpoint: `http://127.0.0.1:${receiver.port}/` });
    expect(receipt).toEqual({ outcome: 'refused', why: 'HTTP 307: redirects are not followed' });
    expect(inner.received).toEqual([]);
  });
});

describe('peers that behave badly', () => {
  test('one that resets the connection', async () => {
    const receiver = await receive([(request) => request.socket.resetAndDestroy()]);
    expect(await deliver(createRail(), { endpoint: `http://127.0.0.1:${receiver.port}/` })).toEqual({
      outcome: 'retry',
      why: 'unreachable',
    });
  });

  test('one that is not there', async () => {
    const gone = await openReceiver([]);
    await gone.close();
    expect(await deliver(createRail(), { endpoint: `http://127.0.0.1:${gone.port}/` })).toEqual({
      outcome: 'retry',
      why: 'refused',
    });
  });

  test('one that hangs before it answers', async () => {
    const receiver = await receive([() => undefined]);
    const began = performance.now();
    const signal = AbortSignal.timeout(60);
    const receipt = await deliver(createRail(), { endpoint: `http://127.0.0.1:${receiver.port}/` }, signal);
    expect(receipt).toEqual({ outcome: 'retry', why: 'timeout' });
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('one whose answer never ends: its status counts, and the connection is cut', async () => {
    let written = 0;
    let isCut = false;
    const endless: Answer = (_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        written += 16_384;
        response.write(Buffer.alloc(16_384), (error) => (error ? undefined : setImmediate(more)));
      };
      response.on('close', () => (isCut = true));
      more();
    };
    const receiver = await receive([endless]);
    const receipt = await deliver(createRail(), { endpoint: `http://127.0.0.1:${receiver.port}/` });
    expect(receipt).toEqual({ outcome: 'accepted', says: 'HTTP 200' });
    for (let i = 0; i < 100 && !isCut; i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(isCut).toBe(true);
    expect(written).toBeLessThan(32 * 1024 * 1024);
  });

  test('one that answers and then drips: its status counts after a moment', async () => {
    const dripping: Answer = (_request, response) => {
      response.writeHead(202);
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    };
    const receiver = await receive([dripping]);
    const began = performance.now();
    const receipt = await deliver(createRail(), { endpoint: `http://127.0.0.1:${receiver.port}/` });
    expect(receipt).toEqual({ outcome: 'accepted', says: 'HTTP 202' });
    expect(performance.now() - began).toBeLessThan(2_500);
  });

  test('one whose headers are endless', async () => {
    const receiver = await receive([answer(200, { 'x-long': 'a'.repeat(100_000) })]);
    expect(await deliver(createRail(), { endpoint: `http://127.0.0.1:${receiver.port}/` })).toEqual({
      outcome: 'retry',
      why: 'unreachable',
    });
  });
});

describe('where nothing is sent', () => {
  const NOT_PUBLIC = { outcome: 'refused', why: 'policy' };

  test.each([
    ['loopback', ['127.0.0.1']],
    ['loopback in IPv6', ['::1']],
    ['mapped loopback', ['::ffff:127.0.0.1']],
    ['cloud metadata', ['169.254.169.254']],
    ['a private address among public ones', ['1.1.1.1', '10.0.0.1']],
  ])('a name that resolves to %s', async (_what, addresses) => {
    const receiver = await receive([answer(200)], TLS);
    const rail = createRail({
      allowList: [],
      ca: TLS.cert,
      resolve: async () => addresses,
    });
    expect(await deliver(rail, { endpoint: `https://receiver.test:${receiver.port}/` })).toEqual(NOT_PUBLIC);
    expect(receiver.received).toEqual([]);
  });

  test('a name is asked for once: what was judged is what is connected to', async () => {
    // 2d00::/8 is public by the registry and belongs to nobody, so the connection fails, wherever this runs.
    const answers = ['2d00::1', '127.0.0.1'];
    let asked = 0;
    const rail = createRail({
      connectTimeoutMs: 200,
      resolve: async () => {
        asked += 1;
        return [answers[Math.min(asked, 2) - 1] ?? ''];
      },
    });
    const receipt = await deliver(rail, { endpoint: 'https://receiver.test/' });
    expect(receipt).toEqual({ outcome: 'retry', why: expect.stringMatching(/^(unreachable|timeout)$/) });
    expect(asked).toBe(1);
  });

  test('a name that does not resolve is tried again', async () => {
    const rail = createRail({
      resolve: () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })),
    });
    expect(await deliver(rail, { endpoint: 'https://receiver.test/' })).toEqual({
      outcome: 'retry',
      why: 'unreachable',
    });
  });

  test.each([
    ['plain http', { endpoint: 'http://receiver.test/' }, 'policy'],
    ['an inner address', { endpoint: 'https://127.0.0.1/' }, 'policy'],
    ['an address of no form', { endpoint: 'https://[fe80::1%eth0]/' }, 'policy'],
    [
      'a header of two lines',
      { endpoint: 'https://receiver.test/', header: ['X: a\r\nHost: b'] },
      'channel.',
    ],
  ])('a stored channel with %s', async (_what, channel, why) => {
    const rail = createRail({ allowList: [], resolve: async () => ['127.0.0.1'] });
    expect(await deliver(rail, channel)).toEqual({ outcome: 'refused', why: expect.stringContaining(why) });
  });

  test('the reason never quotes the endpoint or a header', async () => {
    const receiver = await receive([answer(401)]);
    const receipt = await deliver(createRail(), {
      endpoint: `http://127.0.0.1:${receiver.port}/?key=in-the-address`,
      header: ['Authorization: Bearer in-the-header'],
    });
    expect(JSON.stringify(receipt)).not.toContain('in-the');
  });
});

describe('TLS', () => {
  const resolve = async (): Promise<readonly string[]> => ['127.0.0.1'];

  test('a certificate of a trusted authority is accepted', async () => {
    const receiver = await receive([answer(200)], TLS);
    const rail = createRail({ allowList: ['receiver.test:*'], ca: TLS.cert, resolve });
    const receipt = await deliver(rail, {
      endpoint: `https://receiver.test:${receiver.port}/`,
      payload: PAYLOAD,
    });
    expect(receipt).toMatchObject({ outcome: 'accepted', says: 'HTTP 200' });
  });

  test.each([
    ['of an unknown authority', 'receiver.test', undefined],
    ['for another name', 'other.test', TLS.cert],
  ])('a certificate %s is not: nothing is sent', async (_what, host, ca) => {
    const receiver = await receive([answer(200)], TLS);
    const rail = createRail({ allowList: [`${host}:*`], ca, resolve });
    const receipt = await deliver(rail, { endpoint: `https://${host}:${receiver.port}/`, payload: PAYLOAD });
    expect(receipt).toEqual({
      outcome: 'retry',
      why: 'tls',
    });
    expect(receiver.received).toEqual([]);
  });

  test('verify reads the authority', async () => {
    expect(await createRail({ ca: TLS.cert }).verify()).toContainEqual({
      ok: true,
      says: expect.stringContaining('receiver.test'),
    });
    expect(await createRail({ ca: 'no certificate' }).verify()).toContainEqual({
      ok: false,
      says: expect.stringContaining('PEM'),
    });
    const late = { now: () => Date.parse('2226-01-01') };
    expect(await createRail({ ca: TLS.cert, clock: late }).verify()).toContainEqual({
      ok: false,
      says: expect.stringContaining('replace it'),
    });
  });
});
