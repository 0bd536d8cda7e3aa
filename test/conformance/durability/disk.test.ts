/** Disks that are full, that cannot be written, that fail to flush (rules 3.3, 4.3): refused by name, and nothing damaged. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { readTrace, traced } from '../../../tools/durability/trace.ts';
import { verifyChain } from '../../../src/stores/embedded/verify/audit-chain.ts';
import { judged } from '../../judges.ts';
import { openScene, readiness, type Scene } from './scene.ts';

const MIB = 1024 * 1024;
/** Twice the reserve must be free before it is taken again. */
const DISK_BYTES = 80 * MIB;

let mount: string;
let scene: Scene;
beforeEach(() => {
  mount = mkdtempSync(join(tmpdir(), 'closeloop-mount-'));
});
afterEach(async () => {
  await scene.end();
  rmSync(mount, { recursive: true, force: true });
});

function mountSmall(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder], { stdio: 'pipe' });
}
const unmount = (folder: string): void => void execFileSync('umount', [folder]);

const familiesIn = (folder: string): readonly string[] => {
  const db = new DatabaseSync(join(folder, 'store.db'), { readOnly: true });
  const rows = db.prepare(`SELECT text FROM version WHERE text LIKE '%family%' ORDER BY seq`).all();
  db.close();
  return rows.map(({ text }) => /"family":"(\w+)/.exec(String(text))?.[1] ?? '');
};

const filesOf = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  );

const LONG = 'x'.repeat(40_000);

/** Creates until a refusal; the names that were promised, and the refusal. */
async function fill(base: string): Promise<{ readonly names: readonly string[]; readonly refused: string }> {
  const names: string[] = [];
  for (let i = 0; ; i += 1) {
    const answer = await scene.create(base, `n${i} ${LONG}`);
    if (answer?.status !== 201) return { names, refused: `${answer?.status} ${answer?.text}` };
    names.push(`n${i}`);
  }
}

describe('a full disk', () => {
  judged(
    'mount',
    'refuses with 507, reads from the reserve, and goes on when there is space again',
    async () => {
      scene = await openScene(join(mount, 'data'));
      mountSmall(mount);
      try {
        const server = scene.start();
        const base = await server.ready;
        await scene.seed(base);
        const filler = join(mount, 'filler');
        const { bavail, bsize } = statfsSync(mount);
        writeFileSync(filler, Buffer.alloc(bavail * bsize - 6 * MIB));

        const { names, refused } = await fill(base);
        expect(refused).toMatch(/^507 .*storage-full/);
        expect(names.length).toBeGreaterThan(20);
        expect(await readiness(base)).toBe(503);
        const late = await Promise.all(Array.from({ length: 8 }, (_, i) => scene.create(base, `late${i}`)));
        expect(late.map((answer) => answer?.status)).toEqual(late.map(() => 507));
        // Reads are audited from the reserve.
        const reads = await Promise.all(
          Array.from({ length: 100 }, () => scene.read(base, '/Organization/north')),
        );
        expect(reads.map((answer) => answer?.status)).toEqual(reads.map(() => 200));
        expect(await readiness(base)).toBe(503);
        expect((await verifyChain(scene.folder)).faults).toEqual([]);

        rmSync(filler);
        for (const end = Date.now() + 10_000; (await readiness(base)) !== 200 && Date.now() < end;)
          await pause(50);
        expect((await scene.create(base, 'after'))?.status).toBe(201);
        expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null });
        expect(familiesIn(scene.folder)).toEqual([...names, 'after']);
        expect(await verifyChain(scene.folder)).toMatchObject({ faults: [] });

        const again = scene.start();
        expect((await scene.create(await again.ready, 'again'))?.status).toBe(201);
        await again.end('SIGKILL');
      } finally {
        await scene.end();
        unmount(mount);
      }
    },
    60_000,
  );

  test('as a limit of pages: refused with 507, nothing of it remains, and without the limit it goes on', async () => {
    scene = await openScene();
    const server = scene.start({ pragmas: ['max_page_count = 600'] });
    const base = await server.ready;
    await scene.seed(base);
    const { names, refused } = await fill(base);
    expect(refused).toMatch(/^507 .*storage-full/);
    expect(names.length).toBeGreaterThan(5);
    await server.end('SIGKILL');
    const again = scene.start();
    expect((await scene.create(await again.ready, 'after'))?.status).toBe(201);
    await again.end('SIGTERM');
    expect(familiesIn(scene.folder)).toEqual([...names, 'after']);
    expect(await verifyChain(scene.folder)).toMatchObject({ faults: [] });
  }, 60_000);
});

describe('files that cannot be written', () => {
  /** Somebody who owns nothing; only root can become somebody else, and only root may write what is write-protected. */
  const NOBODY = 65_534;
  const somebody = process.getuid?.() === 0 ? { id: NOBODY } : {};

  test.each<[what: string, protect: (folder: string) => void, says: RegExp]>([
    ['the folder', (folder) => chmodSync(folder, 0o555), /The data folder \S+ cannot be written: /],
    [
      'the store in a folder that can be',
      (folder) => {
        chmodSync(folder, 0o777);
        for (const name of ['lock.db', 'owner.json']) rmSync(join(folder, name), { force: true });
        chmodSync(join(folder, 'store.db'), 0o444);
      },
      /The store in \S+ cannot be written: /,
    ],
  ])(
    '%s: said at the start, and left as it was',
    async (_what, protect, says) => {
      scene = await openScene();
      const server = scene.start();
      const base = await server.ready;
      await scene.seed(base);
      await scene.create(base, 'before');
      await server.end('SIGTERM');
      for (const name of readdirSync(scene.folder)) {
        chmodSync(join(scene.folder, name), 0o444);
        if (process.getuid?.() === 0) chownSync(join(scene.folder, name), 0, 0);
      }
      protect(scene.folder);
      const { 'store.db': before } = filesOf(scene.folder);
      const refused = scene.start(somebody);
      expect((await refused.ended).code).toBe(1);
      expect(refused.said()).toMatch(says);
      expect(refused.said()).not.toMatch(/^\s+at /m);
      expect(filesOf(scene.folder)['store.db']).toBe(before);

      chmodSync(scene.folder, 0o700);
      for (const name of readdirSync(scene.folder)) {
        chmodSync(join(scene.folder, name), 0o600);
        if (process.getuid?.() === 0) chownSync(join(scene.folder, name), 0, 0);
      }
      const again = scene.start();
      expect((await scene.create(await again.ready, 'after'))?.status).toBe(201);
      await again.end('SIGTERM');
      expect(familiesIn(scene.folder)).toEqual(['before', 'after']);
      expect(await verifyChain(scene.folder)).toMatchObject({ faults: [] });
    },
    30_000,
  );
});

/** The server at work until one of its flushes fails: what it had created then, and what it refused. */
async function failFlush(number: number) {
  scene = await openScene();
  const trace = { file: join(scene.root, 'trace'), inject: [`fsync,fdatasync:error=EIO:when=${number}`] };
  const server = scene.start({ under: traced(trace) });
  const base = await server.ready;
  await scene.seed(base);
  const kept: string[] = [];
  const refused: string[] = [];
  for (let i = 0; i < 40 && refused.length === 0; i += 1) {
    const answer = await scene.create(base, `n${i}`, `key-${i}`);
    (answer?.status === 201 ? kept : refused).push(`n${i}`);
  }
  await server.end('SIGKILL');
  const failures = (await readTrace(trace, server.pid)).filter(({ injected }) => injected);
  return { kept, refused, failures };
}

judged(
  'strace',
  'a flush that fails refuses what it was for, and nothing of that comes back after a crash',
  async () => {
    let run = await failFlush(30);
    // On a slow machine it may have been one of the housekeeping, which harms nobody.
    for (const number of [31, 32, 33]) {
      if (run.refused.length > 0) break;
      expect(familiesIn(scene.folder)).toEqual(run.kept);
      await scene.end();
      run = await failFlush(number);
    }
    const { kept, refused, failures } = run;
    expect(refused).toHaveLength(1);
    expect(failures.map(({ path, result }) => [path.endsWith('store.db-wal'), result < 0])).toEqual([
      [true, true],
    ]);

    const again = scene.start();
    const baseAgain = await again.ready;
    expect(familiesIn(scene.folder)).toEqual(kept);
    // Its key was never used, so that it can be sent again.
    const [name = ''] = refused;
    for (let i = 0; i < 2; i += 1) {
      expect((await scene.create(baseAgain, name, `key-${name.slice(1)}`))?.status).toBe(201);
    }
    await again.end('SIGTERM');
    expect(familiesIn(scene.folder)).toEqual([...kept, name]);
    expect(await verifyChain(scene.folder)).toMatchObject({ faults: [] });
    expect(existsSync(join(scene.folder, 'reserve'))).toBe(true);
  },
  90_000,
);
