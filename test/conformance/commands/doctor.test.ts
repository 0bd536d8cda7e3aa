/** Doctor as an operator runs it: a process of its own, beside a server or without one, that tells what is the case. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../src/server/config.ts';
import { createLog } from '../../../src/http/log.ts';
import { start, type Running } from '../../../src/server/compose.ts';
import { stateCommit } from '../../../src/jobs/state.ts';
import type { JobState } from '../../../src/ports/jobs.ts';
import { childEnv } from '../../child-env.ts';
import { openWorld } from '../../contract/delivery-world.ts';
import { createEmbeddedWorld } from '../../contract/embedded-world.ts';
import { recordOf } from '../../contract/files.ts';
import { commitOf, write } from '../../contract/store-world.ts';
import { endpoint } from '../../resources.ts';
import { clientOf } from '../rest/client.ts';

const ROOT = join(import.meta.dirname, '../../..');
const TLS = join(ROOT, 'test/fixtures/tls');
const CERTIFICATE = [
  '--tls-cert',
  join(TLS, 'receiver.cert.pem'),
  '--tls-key',
  join(TLS, 'receiver.key.pem'),
];

const folder = mkdtempSync(join(tmpdir(), 'closeloop-doctor-'));
const jwks = join(folder, 'jwks.json');
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly lines: readonly string[];
}

function doctor(argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const tool = [join(ROOT, 'tools/doctor.ts'), ...argv];
    execFile(process.execPath, tool, { env: childEnv() }, (error, out) => {
      resolve({ code: error === null ? 0 : Number(error.code), lines: out.split('\n') });
    });
  });
}

async function run(argv: readonly string[]): Promise<Running> {
  const log = createLog(
    'error',
    () => undefined,
    () => Date.now(),
  );
  const running = await start(readConfig(argv, {}), log);
  closing.push(() => running.stop());
  return running;
}

/** A port at which somebody listens, or at which nobody does any more. */
async function openPort(stays: boolean): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  if (stays) closing.push(close);
  else await close();
  return port;
}

describe('beside a server that speaks TLS', () => {
  const settings = [
    '--data-dir',
    join(folder, 'tls'),
    '--issuer',
    'https://issuer.example',
    '--jwks-file',
    jwks,
  ];
  let port: number;
  beforeAll(async () => {
    writeFileSync(
      jwks,
      JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'one' }] }),
    );
    ({ port } = await run([...settings, ...CERTIFICATE, '--port', '0']));
  });

  test('it answers, by the certificate that the settings name', async () => {
    const { lines } = await doctor([...settings, ...CERTIFICATE, '--port', String(port)]);
    expect(lines).toContainEqual(expect.stringMatching(/✓ server .*https:.*answers 200/));
    expect(lines).toContainEqual(expect.stringMatching(/✓ issuer .*1 keys/));
  });

  test('whoever has the port without TLS is told apart from a server that is stopped', async () => {
    const taken = await openPort(true);
    const { code, lines } = await doctor([...settings, ...CERTIFICATE, '--port', String(taken)]);
    expect(lines).toContainEqual(expect.stringMatching(/✗ server .*is taken, but not by this server/));
    expect(code).toBe(1);
    const free = await openPort(false);
    const stopped = await doctor([...settings, ...CERTIFICATE, '--port', String(free)]);
    expect(stopped.lines).toContainEqual(expect.stringMatching(/✓ server .*it is stopped/));
  });

  test.each([
    ['is a folder', () => folder, 'is not a file'],
    ['lies in a folder that is not there', () => join(folder, 'nowhere', 'anchors'), 'ENOENT'],
  ])('an anchor file that %s cannot be written', async (_, file, why) => {
    const { code, lines } = await doctor([...settings, '--port', '1', '--anchor-file', file()]);
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`✗ anchors .*${why}.*→`)));
    // Every other part that needs the file says what to do, too.
    expect(lines.filter((line) => line.includes('✗') && !line.includes('→'))).toEqual([]);
    expect(code).toBe(1);
  });

  test.each([
    [
      'a key set that nobody serves',
      async () => ['--jwks-uri', `http://127.0.0.1:${await openPort(false)}/`],
    ],
    ['a key file that is not there', () => ['--jwks-file', join(folder, 'no.json')]],
    [
      'a key file without a key that signs',
      () => {
        writeFileSync(join(folder, 'empty.json'), '{"keys":[{"kty":"RSA","use":"enc"}]}');
        return ['--jwks-file', join(folder, 'empty.json')];
      },
    ],
  ])('%s is wrong', async (_, keys) => {
    const argv = ['--data-dir', join(folder, 'tls'), '--issuer', 'https://issuer.example', '--port', '1'];
    const { code, lines } = await doctor([...argv, ...(await keys())]);
    expect(lines).toContainEqual(expect.stringMatching(/✗ issuer .*→/));
    expect(code).toBe(1);
  });
});

test('(identity ID-16) a server without an outside issuer starts, unless it signs nobody in either', async () => {
  const argv = ['--data-dir', join(folder, 'tls'), '--port', '1'];
  const { lines } = await doctor(argv);
  expect(lines).toContainEqual(expect.stringMatching(/✓ issuer .*sign in here/));
  const off = await doctor([...argv, '--authorization-server', 'off']);
  expect(off.lines.join(' ')).not.toMatch(/✓ issuer/);
});

describe('before the first start', () => {
  const settings = ['--issuer', 'https://issuer.example', '--port', '1'];

  test('a folder without a store is told once, with what to do', async () => {
    const nowhere = join(folder, 'nowhere');
    const { code, lines } = await doctor([...settings, '--data-dir', nowhere, '--jwks-file', jwks]);
    expect(lines).toContainEqual(expect.stringMatching(/✗ store .*nowhere holds no store → .*--data-dir/));
    expect(lines.filter((line) => line.includes('nowhere'))).toHaveLength(1);
    expect(lines.join('')).not.toContain('ENOENT:');
    expect(code).toBe(1);
  });

  test('a certificate that is not there and keys that are no JSON are a line each, with what to do', async () => {
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, 'no\nkeys\n');
    const certificate = ['--tls-cert', join(folder, 'no.pem'), '--tls-key', join(folder, 'no.pem')];
    const { lines } = await doctor([...settings, ...certificate, '--jwks-file', broken]);
    expect(lines).toContainEqual(expect.stringMatching(/✗ server .*no\.pem cannot be read \(ENOENT\) → /));
    expect(lines).toContainEqual(expect.stringMatching(/✗ issuer .*broken\.json .*→ check JWKS_FILE/));
  });
});

describe('beside a demonstration', () => {
  test('peers that listen and peers that do not; a rail that sends nothing', async () => {
    const dataDir = join(folder, 'demo');
    mkdirSync(dataDir);
    const argv = ['--demo', '--data-dir', dataDir, '--hl7-allow-list', '127.0.0.1'];
    const running = await run([...argv, '--port', '0']);
    const { must } = await clientOf(running);
    const as = 'administrator';
    await must('PUT Organization/initiator', {
      as,
      body: { resourceType: 'Organization', id: 'initiator', name: 'A' },
    });
    const [listening, gone] = [await openPort(true), await openPort(false)];
    for (const port of [listening, gone]) {
      const address = `mllp://127.0.0.1:${port}`;
      const system = 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type';
      const connectionType = { system, code: 'hl7v2-mllp' };
      const body = endpoint('initiator', { id: `peer-${port}`, address, connectionType });
      await must(`PUT Endpoint/peer-${port}`, { as, body });
    }

    const { code, lines } = await doctor([...argv, '--port', String(running.port)]);
    expect(lines).toContainEqual(expect.stringMatching(`✓ peers .*:${listening} takes connections`));
    expect(lines).toContainEqual(expect.stringMatching(`✗ peers .*:${gone} cannot be reached .*→`));
    expect(lines).toContainEqual(expect.stringMatching(/! rails .*capture: for tests alone/));
    // (compliance D1) it names who has no kind, and what that comes to
    const kindless = /[✓!] parties +without a kind, and counted as a provider .*Organization\/initiator.* →/;
    expect(lines).toContainEqual(expect.stringMatching(kindless));
    const none = await doctor([...argv, '--port', String(running.port), '--party-kind-default', 'none']);
    expect(none.lines).toContainEqual(
      expect.stringMatching(/! parties +without a kind, and counted as nothing/),
    );
    for (const job of ['anchor', 'overdue', 'sweep', 'texts', 'dispatch', 'logins'])
      expect(lines).toContainEqual(
        expect.stringMatching(`✓ jobs +${job} (has not run yet|ran \\d+ s ago), due `),
      );
    expect(code).toBe(1);
  });
});

describe('(harmony Z29) jobs of a server that is stopped', () => {
  test('are told by their records; one that fails again and again is wrong', async () => {
    const world = await openWorld();
    const { store, folder: dataDir } = world;
    const failed = { lastOutcome: 'failed', why: 'EIO', lastRunAt: 0, dueAt: 0 } as const;
    const states: Readonly<Record<string, JobState>> = {
      anchor: { ...failed, lastOutcome: 'done', why: undefined, failures: 0 },
      dispatch: { ...failed, failures: 1 },
      overdue: { ...failed, failures: 2 },
      sweep: { ...failed, failures: 4 },
    };
    for (const [name, state] of Object.entries(states))
      await store.commit(stateCommit({ name }, state, undefined));
    const { lines, code } = await doctor(['--data-dir', dataDir, '--port', '1']);
    await world.close();
    expect(lines.filter((line) => line.includes(' jobs '))).toEqual([
      '  ✓ jobs      anchor ran at 1970-01-01T00:00:00.000Z, done',
      expect.stringMatching(/! jobs +dispatch ran at .*, failed \(EIO\), failed once → look for/),
      expect.stringMatching(/! jobs +overdue ran at .*, failed \(EIO\), failed 2 times in a row → look for/),
      expect.stringMatching(/✗ jobs +sweep ran at .*, failed 4 times in a row → look for .* in the log/),
    ]);
    expect(code).toBe(1);
  });

  test('without a record are not told of', async () => {
    const world = await openWorld();
    const { lines } = await doctor(['--data-dir', world.folder, '--port', '1']);
    await world.close();
    expect(lines).toContainEqual(expect.stringMatching(/✓ jobs +no job has a record yet/));
  });
});

test('a file of a large Binary that is altered is wrong (baa-messaging MS8)', async () => {
  const world = createEmbeddedWorld();
  closing.push(() => world.end());
  const store = await world.open();
  const file = await store.files.put(Readable.from([Buffer.from('as it was')]));
  await store.commit(commitOf([write('Task/a')], { records: [recordOf(file)] }));
  await store.close();
  const argv = ['--demo', '--data-dir', store.folder];
  const filesIn = ({ lines }: Ended) => lines.filter((line) => line.includes('files of large Binaries'));
  expect(filesIn(await doctor(argv))).toEqual([expect.stringMatching(/✓ store +1 files .* unaltered/)]);
  writeFileSync(join(store.folder, 'files', file.id), 'as it is!');
  const after = await doctor(argv);
  expect(filesIn(after)).toEqual([
    expect.stringContaining(`${file.id} (altered) → put them back from a backup`),
  ]);
  expect(after.code).not.toBe(0);
});

test('settings with which no server starts are wrong here as well', async () => {
  const store = join(folder, 'contradicting');
  const { code, lines } = await doctor([
    '--data-dir',
    store,
    '--mail-relay',
    'smtps://relay.example:465',
    '--mail-from',
    'no-reply@relay.example',
  ]);
  expect(code).toBe(1);
  const settings = lines.filter((line) => line.includes(' settings ') && !line.includes('unsafe'));
  expect(settings).toEqual(['  ✗ settings  no server starts so: mailRelay needs mailFrom and mailCarrier']);
});
