/** The socket: TLS by files, read again; bounds; the drain. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Traffic } from '../../../src/http/exchange.ts';
import { listen, type ListenSettings } from '../../../src/http/listen.ts';
import { LISTENING } from './door.ts';

const folder = mkdtempSync(join(tmpdir(), 'closeloop-tls-'));
const tlsCert = join(folder, 'cert.pem');
const tlsKey = join(folder, 'key.pem');

/** Two that certified themselves. */
type Certified = 'pinned' | 'unknown';

function putCertificate(name: Certified): void {
  const from = join(import.meta.dirname, '../../fixtures/tls');
  copyFileSync(join(from, `${name}.cert.pem`), tlsCert);
  copyFileSync(join(from, `${name}.key.pem`), tlsKey);
}

beforeAll(() => putCertificate('pinned'));
afterAll(() => rmSync(folder, { recursive: true }));

const open = (changes: Partial<ListenSettings>, traffic: Traffic = { inFlight: 0, draining: false }) =>
  listen({ ...LISTENING, ...changes }, traffic);

/** The common name of the certificate that a new connection is shown. */
function nameAt(port: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      resolve(Array.isArray(CN) ? CN[0] : CN);
    });
    socket.on('error', reject);
  });
}

const get = (port: number, more: object = {}): Promise<number | string> =>
  new Promise((resolve) => {
    const req = request(
      { port, host: '127.0.0.1', rejectUnauthorized: false, agent: false, ...more },
      (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      },
    );
    req.on('error', () => resolve('refused'));
    req.end();
  });

describe('TLS', () => {
  test('certificates are read again; broken ones leave the old in place', async () => {
    const listener = await open({ tlsCert, tlsKey });
    expect(await nameAt(listener.port)).toBe('pinned');
    putCertificate('unknown');
    expect(await nameAt(listener.port)).toBe('pinned');
    listener.reloadTls();
    expect(await nameAt(listener.port)).toBe('unknown');
    rmSync(tlsKey);
    expect(() => listener.reloadTls()).toThrow('ENOENT');
    expect(await nameAt(listener.port)).toBe('unknown');
    await listener.drain(0);
    putCertificate('pinned');
  });

  test('with tlsCa every client must hold a certificate', async () => {
    const listener = await open({ tlsCert, tlsKey, tlsCa: tlsCert });
    listener.serve((_req, res) => res.end());
    const { readFileSync } = await import('node:fs');
    const own = { cert: readFileSync(tlsCert), key: readFileSync(tlsKey) };
    expect([await get(listener.port), await get(listener.port, own)]).toEqual(['refused', 200]);
    await listener.drain(0);
  });
});

describe('the drain', () => {
  test('what is in flight finishes, idle connections are closed, nothing new is taken', async () => {
    const traffic = { inFlight: 0, draining: false };
    const listener = await open({}, traffic);
    const arrived = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    listener.serve((_req, res) => {
      arrived.resolve();
      void held.promise.then(() => res.end('done'));
    });
    const url = `http://127.0.0.1:${listener.port}/`;
    const inFlight = fetch(url).then((response) => response.text());
    await arrived.promise;
    const drained = listener.drain(5000);
    expect(traffic.draining).toBe(true);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    held.resolve();
    expect(await inFlight).toBe('done');
    await drained;
  });

  test('what does not finish in time is cut', async () => {
    const listener = await open({});
    const arrived = Promise.withResolvers<void>();
    listener.serve(() => arrived.resolve());
    const stuck = fetch(`http://127.0.0.1:${listener.port}/`);
    await arrived.promise;
    const started = performance.now();
    await Promise.all([listener.drain(50), expect(stuck).rejects.toThrow('fetch failed')]);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

test('before there is anything to serve: 503', async () => {
  const listener = await open({});
  const response = await fetch(`http://127.0.0.1:${listener.port}/`);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  await listener.drain(0);
});

test('headers that do not arrive end with 408', async () => {
  const listener = await open({ headersTimeoutMs: 100, requestTimeoutMs: 200 });
  const received = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connectPlain(listener.port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n'),
    );
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
  });
  expect(received).toMatch(/^HTTP\/1\.1 408 /);
  expect(received).toContain('OperationOutcome');
  await listener.drain(0);
});

test('connections beyond the bound are closed', async () => {
  const listener = await open({ connectionsMax: 1 });
  const first = connectPlain(listener.port, '127.0.0.1');
  await new Promise((resolve) => first.once('connect', resolve));
  const second = connectPlain(listener.port, '127.0.0.1');
  await new Promise((resolve) => second.once('close', resolve));
  expect(first.destroyed).toBe(false);
  first.destroy();
  await listener.drain(0);
});
