/** The scanner behind its port, against a clamd of our own and against Debian's (baa-messaging MS10). */
import { afterEach, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGuard } from '../../../src/outgoing/guard.ts';
import type { MalwareScanner } from '../../../src/ports/scanner.ts';
import { allowPlace, parsePlace } from '../../../src/resources/outgoing-address.ts';
import { composeScanner, scannerAt } from '../../../src/server/compose-scanner.ts';
import { judged } from '../../judges.ts';
import { EICAR, openFakeClamd, openRealClamd, type FakeClamd } from '../../malware-scanners.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const warned: string[] = [];

/** The scanner as a server has it whose settings name this address. */
function scannerFor(clamdAddress: string, scanTimeoutMs = 5_000): MalwareScanner {
  warned.length = 0;
  const place = parsePlace(scannerAt(clamdAddress));
  const guard = createGuard({
    allowed: place === undefined ? [] : [allowPlace(place)],
    plainToPublic: false,
    connectTimeoutMs: 1_000,
  });
  const scanner = composeScanner({ clamdAddress, scanTimeoutMs }, guard, (why) => warned.push(why));
  if (scanner === undefined) throw new Error('the address names none');
  return scanner;
}

async function fake(): Promise<FakeClamd> {
  const clamd = await openFakeClamd();
  closing.push(() => clamd.close());
  return clamd;
}

const LETTER = Buffer.alloc(200_000, 'A letter. ');

describe('what clamd says (baa-messaging MS10)', () => {
  test('a file goes in chunks of 64 KiB, whole, and each on a connection of its own', async () => {
    const clamd = await fake();
    const scanner = scannerFor(clamd.address);
    await expect(scanner.scan(LETTER)).resolves.toEqual({ verdict: 'clean' });
    expect(clamd.chunks()).toEqual([65_536, 65_536, 65_536, 3_392]);
    expect(clamd.files[0]?.equals(LETTER)).toBe(true);
    await expect(scanner.scan(Buffer.concat([LETTER, EICAR]))).resolves.toEqual({
      verdict: 'infected',
      found: 'Eicar-Test-Signature',
    });
    await expect(scanner.scan(Buffer.alloc(0))).resolves.toEqual({ verdict: 'clean' });
    expect(scanner.traffic()).toEqual({
      verdicts: { clean: 2, infected: 1, unknown: 0 },
      active: 0,
      waiting: 0,
    });
    expect(warned).toEqual([]);
  });

  test.each([
    ['error', 'error'],
    ['size', 'size'],
    ['nonsense', 'error'],
    ['endless', 'closed'],
    ['close', 'closed'],
    ['close-early', 'closed'],
    ['hang', 'timeout'],
  ] as const)('%s says nothing of the file: %s', async (behaviour, why) => {
    const clamd = await fake();
    clamd.behave(behaviour);
    const scanner = scannerFor(clamd.address, 1_000);
    await expect(scanner.scan(LETTER, { withinMs: 300 })).resolves.toEqual({ verdict: 'unknown', why });
    expect(warned).toEqual([why]);
    // The next file is scanned all the same.
    clamd.behave('by-content');
    await expect(scanner.scan(EICAR)).resolves.toMatchObject({ verdict: 'infected' });
  });

  test('a slow answer counts when it is in time', async () => {
    const clamd = await fake();
    clamd.behave({ slowMs: 200 });
    const scanner = scannerFor(clamd.address);
    await expect(scanner.scan(EICAR)).resolves.toMatchObject({ verdict: 'infected' });
    await expect(scanner.scan(EICAR, { withinMs: 50 })).resolves.toEqual({
      verdict: 'unknown',
      why: 'timeout',
    });
  });

  test('a scan is called off', async () => {
    const clamd = await fake();
    clamd.behave('hang');
    const off = new AbortController();
    const said = scannerFor(clamd.address).scan(LETTER, { signal: off.signal });
    setTimeout(() => off.abort(), 50);
    await expect(said).resolves.toEqual({ verdict: 'unknown', why: 'aborted' });
    expect(warned).toEqual([]);
  });

  test('nobody listens', async () => {
    const clamd = await openFakeClamd();
    await clamd.close();
    await expect(scannerFor(clamd.address).scan(LETTER)).resolves.toEqual({
      verdict: 'unknown',
      why: 'unreachable',
    });
    await expect(scannerFor('/nowhere/clamd.ctl').scan(LETTER)).resolves.toEqual({
      verdict: 'unknown',
      why: 'unreachable',
    });
  });

  test('four files at once, fifty wait, and more are turned away', async () => {
    const clamd = await fake();
    clamd.behave({ slowMs: 300 });
    const scanner = scannerFor(clamd.address);
    const all = Array.from({ length: 60 }, () => scanner.scan(Buffer.from('x'), { withinMs: 450 }));
    await sleep(150);
    expect(clamd.open()).toBe(4);
    expect(scanner.traffic()).toMatchObject({ active: 4, waiting: 50 });
    const said = await Promise.all(all);
    const whys = said.map((one) => (one.verdict === 'unknown' ? one.why : one.verdict));
    expect(whys.filter((why) => why === 'busy')).toHaveLength(6);
    expect(whys.filter((why) => why === 'clean').length).toBeGreaterThanOrEqual(4);
    expect(scanner.traffic()).toMatchObject({ active: 0, waiting: 0 });
  });

  test('a name is no more than a name', async () => {
    const { createServer } = await import('node:net');
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => void socket.end('stream: Evil\n<b>"x" FOUND\0'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => void server.close(() => resolve())));
    const { port } = server.address() as { readonly port: number };
    await expect(scannerFor(`127.0.0.1:${port}`).scan(Buffer.from('x'))).resolves.toEqual({
      verdict: 'infected',
      found: 'Evil__b__x_',
    });
  });
});

describe('what clamd is (baa-messaging MS10)', () => {
  test('its version and the age of its signatures', async () => {
    const clamd = await fake();
    clamd.describe('ClamAV 1.4.3/27772/Sat Sep 27 08:26:57 2025');
    await expect(scannerFor(clamd.address).version()).resolves.toEqual({
      engine: 'ClamAV 1.4.3',
      signatures: '27772',
      signaturesAt: Date.UTC(2025, 8, 27, 8, 26, 57),
    });
    clamd.describe('ClamAV 1.4.3');
    await expect(scannerFor(clamd.address).version()).resolves.toEqual({
      engine: 'ClamAV 1.4.3',
      signatures: '',
      signaturesAt: undefined,
    });
    clamd.describe('Something else');
    await expect(scannerFor(clamd.address).version()).resolves.toBeUndefined();
  });
});

describe('Debian’s clamd (baa-messaging MS10)', () => {
  judged(
    'clamd',
    'finds EICAR by its socket file and by TCP, in a file and in an archive, and nothing in a letter',
    async () => {
      const clamd = await openRealClamd();
      closing.push(() => clamd.close());
      const { zip } = await import('../attachments/files.ts');
      for (const address of [clamd.socket, clamd.address]) {
        const scanner = scannerFor(address);
        await expect(scanner.scan(LETTER)).resolves.toEqual({ verdict: 'clean' });
        for (const file of [EICAR, Buffer.concat([LETTER, EICAR]), zip([['a.txt', EICAR]])])
          await expect(scanner.scan(file)).resolves.toEqual({
            verdict: 'infected',
            found: 'Closeloop.Test.EICAR.UNOFFICIAL',
          });
        await expect(scanner.version()).resolves.toMatchObject({
          engine: expect.stringMatching(/^ClamAV \d/),
        });
      }
    },
  );

  judged('clamd', 'killed in the middle of a scan says nothing of the file', async () => {
    const clamd = await openRealClamd();
    closing.push(() => clamd.close());
    const scanner = scannerFor(clamd.socket);
    clamd.freeze();
    const said = scanner.scan(Buffer.alloc(10_000_000, 'A long letter. '));
    await sleep(100);
    clamd.kill();
    await expect(said).resolves.toMatchObject({ verdict: 'unknown', why: 'closed' });
  });
});
