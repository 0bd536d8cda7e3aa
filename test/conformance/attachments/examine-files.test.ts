/** Files of messages: scanned before anybody else reads them, pending until then, apart from everybody when malware is found (baa-messaging MS10, MS11). */
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import {
  attachmentRefusal,
  examineFiles,
  type FileRequest,
} from '../../../src/operations/attachments/examine.ts';
import type { FileState } from '../../../src/operations/attachments/records.ts';
import { settleScans } from '../../../src/operations/attachments/settle-scans.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import type { MalwareScanner } from '../../../src/ports/scanner.ts';
import { createMalwareScanner } from '../../../src/scanning/index.ts';
import { judged } from '../../judges.ts';
import { EICAR, openFakeClamd, openRealClamd, type FakeClamd } from '../../malware-scanners.ts';
import { PDF, TEXT } from '../../unit/attachments/files.ts';
import { initiator, openWorld, recipient, refsOf, resourcesOf, type World } from '../../world.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Trial {
  readonly world: World;
  /** Examines files of messages. */
  readonly examine: (...files: readonly FileRequest[]) => Promise<readonly FileState[]>;
  /** One run of the job. */
  readonly settle: () => Promise<void>;
  /** What the messages were told, in order. */
  readonly told: (readonly [message: Ref, states: readonly string[]])[];
  /** Stores a file of the initiator. */
  readonly file: (contentType: string, bytes: Uint8Array) => Promise<Ref>;
}

async function open(scanner: MalwareScanner | undefined, isThere = true): Promise<Trial> {
  const world = await openWorld({ engine: { scanner } });
  closing.push(() => world.close());
  await world.seedDirectory('initiator', 'recipient');
  const told: Trial['told'] = [];
  let made = 0;
  const context = {
    store: world.store,
    clock: { now: () => Date.now() },
    newId: () => `own-${(made += 1)}`,
    committed: () => undefined,
    scanner,
    settings: {},
    filesSettled: async (message: Ref, states: readonly FileState[]) => {
      told.push([message, states.map(({ state }) => state)]);
      return isThere;
    },
  };
  return {
    world,
    told,
    examine: (...files) => examineFiles(context, files),
    settle: () => settleScans(context, new AbortController().signal),
    async file(contentType, bytes) {
      const data = Buffer.from(bytes).toString('base64');
      const { id } = await world.create(initiator, { resourceType: 'Binary', contentType, data });
      return `Binary/${id}`;
    },
  };
}

async function fake(): Promise<FakeClamd> {
  const clamd = await openFakeClamd();
  closing.push(() => clamd.close());
  return clamd;
}

/** A scanner at a socket file, or at a port of the loopback. */
async function scannerAt(address: string, timeoutMs = 1_000): Promise<MalwareScanner> {
  const { connect } = await import('node:net');
  const [host = '', port] = address.split(':');
  const place = address.startsWith('/')
    ? { path: address }
    : {
        connect: async () => {
          const socket = connect(Number(port), host);
          await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
          return socket;
        },
      };
  return createMalwareScanner({ place, timeoutMs, warn: () => undefined });
}

const MESSAGE: Ref = 'Communication/m1';
const INFECTED_TEXT = Buffer.concat([TEXT, EICAR]);

describe('with a scanner (baa-messaging MS11)', () => {
  test('what was too large for the log is scanned in its file, all of it', async () => {
    const clamd = await fake();
    const { examine, world } = await open(await scannerAt(clamd.address));
    const text = Buffer.concat([Buffer.alloc(3 * 1024 * 1024, 'x'), EICAR]);
    const file = await world.store.files.put(Readable.from([text]));
    const resource = { resourceType: 'Binary', contentType: 'text/plain' };
    const { location = '' } = await world.engine.perform({
      interaction: 'create',
      type: 'Binary',
      query: [],
      queryText: '',
      body: { plain: resource, storing: resource, file },
      prefer: {},
      caller: initiator,
      requestId: 'large',
      signal: new AbortController().signal,
    });
    const ref = location.split('/_history')[0] as Ref;
    const [state] = await examine({ ref, kind: 'patient', declared: 'text/plain' });
    expect(state).toMatchObject({ state: 'infected', size: text.length, sha256: file.sha256 });
  });

  test('a clean file is known with its type, its hash and who said so, and is scanned once', async () => {
    const clamd = await fake();
    const { examine, file } = await open(await scannerAt(clamd.address));
    const ref = await file('application/pdf', PDF);
    const [state] = await examine({ ref, kind: 'patient', declared: 'application/pdf', name: 'letter.pdf' });
    expect(state).toMatchObject({
      ref,
      state: 'clean',
      type: 'application/pdf',
      size: PDF.length,
      sha256: expect.stringMatching(/^[\da-f]{64}$/),
      engine: 'ClamAV 1.4.3',
      signatures: '27772',
    });
    await expect(examine({ ref, kind: 'vendor' })).resolves.toMatchObject([{ state: 'clean' }]);
    expect(clamd.files).toHaveLength(1);
    // What the attachment says of it is asked each time.
    await expect(examine({ ref, kind: 'vendor', name: 'letter.exe' })).resolves.toMatchObject([
      { state: 'refused', why: 'mismatch' },
    ]);
  });

  test('malware: nobody reads the file any more, and its keeper is asked', async () => {
    const clamd = await fake();
    const { world, examine, file } = await open(await scannerAt(clamd.address));
    const ref = await file('text/plain', INFECTED_TEXT);
    const before = await world.ask(initiator, 'GET', ref);
    const states = await examine({ ref, kind: 'workforce' });
    expect(states).toMatchObject([{ state: 'infected', found: 'Eicar-Test-Signature' }]);

    for (const url of [ref, `${ref}/_history/${before.version}`]) {
      const answer = await world.ask(initiator, 'GET', url);
      expect([answer.status, answer.code]).toEqual([403, 'file-quarantined']);
    }
    const versions = await world.bundle(initiator, `${ref}/_history`);
    expect(JSON.stringify(versions)).not.toContain(INFECTED_TEXT.toString('base64'));
    expect(refsOf(versions)).toHaveLength(2);
    const [item] = resourcesOf(await world.bundle(initiator, 'Task?code=incident'));
    expect(item).toMatchObject({
      focus: { reference: ref },
      owner: { reference: 'Organization/initiator' },
      input: [
        {
          valueString: `${ref}/_history/${before.version} Eicar-Test-Signature found by the malware scanner`,
        },
      ],
    });
    expect(refsOf(await world.bundle(recipient, 'Task?code=incident'))).toEqual([]);
    // Its author may put something else there.
    const mended = { resourceType: 'Binary', id: ref.slice(7), contentType: 'text/plain', data: 'aGk=' };
    await expect(world.ask(initiator, 'PUT', ref, mended)).resolves.toMatchObject({ status: 200 });
    await expect(world.ask(initiator, 'GET', ref)).resolves.toMatchObject({ status: 200 });
    await expect(world.ask(initiator, 'GET', `${ref}/_history/${before.version}`)).resolves.toMatchObject({
      status: 403,
    });
  });

  test('the bytes with malware go out of the store after thirty days, and what is known of them stays', async () => {
    const clamd = await fake();
    const { world, examine, file } = await open(await scannerAt(clamd.address));
    const ref = await file('text/plain', INFECTED_TEXT);
    const { version = 0 } = await world.ask(initiator, 'GET', ref);
    await examine({ ref, kind: 'workforce' });
    const settleAt = (days: number): Promise<void> =>
      settleScans(
        {
          store: world.store,
          clock: { now: () => Date.now() + days * 86_400_000 },
          newId: () => 'x',
          committed: () => undefined,
        },
        new AbortController().signal,
      );
    const kept = async (): Promise<boolean> =>
      (await world.store.snapshot().vread(ref, version, EVERYTHING))?.text?.includes('"data"') ?? false;
    await settleAt(29);
    await expect(kept()).resolves.toBe(true);
    await settleAt(31);
    await expect(kept()).resolves.toBe(false);
    await settleAt(32);
    const answer = await world.ask(initiator, 'GET', ref);
    expect([answer.status, answer.code]).toEqual([403, 'file-quarantined']);
    const findings = await world.store.verify();
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
  });

  test('a scanner that calls a file clean before it has all of it has said nothing', async () => {
    const clamd = await fake();
    clamd.behave('clean-early');
    const scanner = await scannerAt(clamd.address, 5_000);
    const said = await scanner.scan(Buffer.alloc(30_000_000, 'all is well\n'));
    expect(said.verdict).toBe('unknown');
  });

  test.each(['error', 'size', 'close', 'close-early', 'hang', 'nonsense'] as const)(
    'a scanner that says nothing (%s) makes it pending, and the job goes on',
    async (behaviour) => {
      const clamd = await fake();
      clamd.behave(behaviour);
      const { examine, settle, told, file } = await open(await scannerAt(clamd.address));
      const [good, bad] = [await file('text/plain', TEXT), await file('text/plain', INFECTED_TEXT)];
      const states = await examine(
        { ref: good, kind: 'workforce', message: MESSAGE },
        { ref: bad, kind: 'workforce', message: MESSAGE },
      );
      expect(states.map(({ state }) => state)).toEqual(['pending', 'pending']);
      await settle();
      expect(told).toEqual([]);
      clamd.behave('by-content');
      await settle();
      expect(told.map(([message, said]) => [message, said.toSorted()])).toEqual([
        [MESSAGE, ['clean', 'infected']],
      ]);
      await settle();
      expect(told).toHaveLength(1);
    },
  );

  test('a message that is not there yet is told again, until it is there', async () => {
    const clamd = await fake();
    clamd.behave('close');
    const { examine, settle, told, file } = await open(await scannerAt(clamd.address), false);
    const ref = await file('text/plain', TEXT);
    await examine({ ref, kind: 'workforce', message: MESSAGE });
    clamd.behave('by-content');
    await settle();
    await settle();
    expect(told).toEqual([
      [MESSAGE, ['clean']],
      [MESSAGE, ['clean']],
    ]);
  });

  test('a file that is not there', async () => {
    const clamd = await fake();
    const { examine } = await open(await scannerAt(clamd.address));
    await expect(examine({ ref: 'Binary/none', kind: 'workforce' })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('without a scanner (baa-messaging MS11)', () => {
  test('what is for vendors and patients waits; what is for others goes as what nobody has scanned', async () => {
    const { examine, file } = await open(undefined);
    const ref = await file('text/plain', TEXT);
    for (const [kind, state] of [
      ['workforce', 'unscanned'],
      ['referral', 'unscanned'],
      ['vendor', 'pending'],
      ['patient', 'pending'],
    ] as const)
      await expect(examine({ ref, kind })).resolves.toMatchObject([{ state }]);
  });

  test('a scanner that comes later settles what waits', async () => {
    const { world, examine, file } = await open(undefined);
    const ref = await file('text/plain', TEXT);
    await examine({ ref, kind: 'vendor', message: MESSAGE });
    const clamd = await fake();
    const told: Ref[] = [];
    const later = {
      store: world.store,
      clock: { now: () => Date.now() },
      newId: () => 'later',
      committed: () => undefined,
      scanner: await scannerAt(clamd.address),
      filesSettled: async (message: Ref) => told.push(message) > 0,
    };
    await settleScans(later, new AbortController().signal);
    expect(told).toEqual([MESSAGE]);
  });
});

describe('the refusal of a message (baa-messaging MS9, MS11)', () => {
  test('malware comes before what is refused by type, and each file is named', () => {
    const at = '2026-01-01T00:00:00.000Z';
    const known = { version: 1, size: 1, at } as const;
    expect(attachmentRefusal([{ ref: 'Binary/1', state: 'clean', ...known }])).toBeUndefined();
    expect(attachmentRefusal([{ ref: 'Binary/1', state: 'pending', ...known }])).toBeUndefined();
    const refusal = attachmentRefusal([
      { ref: 'Binary/1', state: 'refused', why: 'archive', says: 'An archive is no XDM package.', ...known },
      { ref: 'Binary/2', state: 'infected', found: 'X', ...known },
    ]);
    expect(refusal?.issues.map(({ code }) => code)).toEqual(['attachment-infected', 'attachment-refused']);
    expect(JSON.stringify(refusal?.outcome)).toContain(
      'An attachment was refused by the malware scanner (X): Binary/2.',
    );
    expect(JSON.stringify(refusal?.outcome)).toContain('archive: An archive is no XDM package. (Binary/1)');
  });
});

describe('Debian’s clamd (baa-messaging MS11)', () => {
  judged('clamd', 'killed in the middle of a scan: pending, and settled by the next one', async () => {
    const first = await openRealClamd();
    closing.push(() => first.close());
    const trial = await open(await scannerAt(first.socket, 5_000));
    const long = Buffer.alloc(3_000_000, 'A long letter. ');
    const ref = await trial.file('text/plain', long);
    first.freeze();
    const examined = trial.examine({ ref, kind: 'referral', message: MESSAGE });
    await sleep(200);
    first.kill();
    await expect(examined).resolves.toMatchObject([{ state: 'pending' }]);

    const next = await openRealClamd();
    closing.push(() => next.close());
    const told: unknown[] = [];
    const context = {
      store: trial.world.store,
      clock: { now: () => Date.now() },
      newId: () => 'next',
      committed: () => undefined,
      scanner: await scannerAt(next.socket, 5_000),
      filesSettled: async (...all: unknown[]) => told.push(all) > 0,
    };
    await settleScans(context, new AbortController().signal);
    expect(told).toMatchObject([[MESSAGE, [{ state: 'clean', engine: expect.stringMatching(/^ClamAV/) }]]]);
  });
});
