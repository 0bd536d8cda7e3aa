/** Attachments in the hands of a server that is killed, or whose disk is full (baa-messaging MS8, rules 3.3, 3.8). */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { sweepFiles } from '../../../src/operations/sweep-files.ts';
import { filesNamedIn } from '../../../src/stores/embedded/folder/files.ts';
import { openStore } from '../../../src/stores/index.ts';
import { createChance } from '../../../tools/durability/chance.ts';
import { readTrace, traced } from '../../../tools/durability/trace.ts';
import { judged } from '../../judges.ts';
import { proofOf } from '../../proof.ts';
import { openScene, type Scene } from './scene.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const CLIENTS = 4;

const { runs: kills, seed, within } = proofOf('file-kills');

const filesIn = (folder: string): readonly string[] => {
  const files = join(folder, 'files');
  return existsSync(files) ? readdirSync(files).toSorted() : [];
};

/** Sends content; undefined where no answer came. */
async function upload(base: string, { token }: Scene, bytes: Uint8Array): Promise<Response | undefined> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/pdf',
    prefer: 'return=minimal',
  };
  try {
    return await fetch(`${base}/Binary`, { method: 'POST', headers, body: Buffer.from(bytes) });
  } catch {
    return undefined;
  }
}

const refOf = (answer: Response): string =>
  /(Binary\/[^/]+)\/_history/.exec(answer.headers.get('location') ?? '')?.[1] ?? '';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test(
  'kills: what was acknowledged has all its bytes, and of the rest nothing stays (baa-messaging MS8)',
  async () => {
    const scene = await openScene();
    const chance = createChance(seed);
    /** The hash of each Binary that was acknowledged. */
    const promised = new Map<string, string>();
    const refused: number[] = [];
    let cut = 0;
    try {
      for (let kill = 0; kill < kills; kill += 1) {
        const server = scene.start();
        const base = await server.ready;
        if (kill === 0) await scene.seed(base);
        const before = promised.size;
        let isOver = false;
        const clients = Array.from({ length: CLIENTS }, async () => {
          while (!isOver) {
            const bytes = randomBytes(128 * 1024 + chance.below(4 * MIB));
            const answer = await upload(base, scene, bytes);
            if (answer === undefined) cut += 1;
            else if (answer.status === 201) promised.set(refOf(answer), sha256(bytes));
            else refused.push(answer.status);
          }
        });
        // A server that is killed before it did anything shows nothing, however slow the machine is.
        for (const end = Date.now() + 20_000; promised.size < before + 4 && Date.now() < end;)
          await pause(10);
        await pause(chance.below(300));
        isOver = true;
        await server.end('SIGKILL');
        await Promise.all(clients);
      }
      const server = scene.start();
      const base = await server.ready;
      const headers = { authorization: `Bearer ${scene.token}` };
      for (const [ref, hash] of promised) {
        const answer = await fetch(`${base}/${ref}`, { headers });
        expect([ref, answer.status, sha256(new Uint8Array(await answer.arrayBuffer()))]).toEqual([
          ref,
          200,
          hash,
        ]);
      }
      await server.end('SIGTERM');
      const store = await openStore({ folder: scene.folder });
      expect((await store.verify()).filter(({ ok }) => !ok)).toEqual([]);
      await sweepFiles(store, Date.now() + 2 * HOUR_MS, new AbortController().signal);
      await store.close();
      const named = filesNamedIn(scene.folder).map(({ id }) => id);
      expect(filesIn(scene.folder)).toEqual(named.toSorted());
      // Of a commit whose answer was cut off, the Binary is there as well.
      expect(named.length).toBeGreaterThanOrEqual(promised.size);
      expect(named.length).toBeLessThanOrEqual(promised.size + cut);
      expect(cut).toBeGreaterThan(0);
      expect(refused).toEqual([]);
    } finally {
      await scene.end();
    }
  },
  within(20_000),
);

judged(
  'strace',
  'the bytes are flushed before the commit that names them, and that before its answer (baa-messaging MS8)',
  async () => {
    const scene = await openScene();
    try {
      const trace = { file: join(scene.root, 'trace') };
      const server = scene.start({ under: traced(trace) });
      const base = await server.ready;
      await scene.seed(base);
      expect((await upload(base, scene, randomBytes(MIB)))?.status).toBe(201);
      await server.end('SIGTERM');
      const calls = await readTrace(trace, server.pid);
      const [id = ''] = filesIn(scene.folder);
      const flushes = calls.filter(({ name, result }) => /^f(?:data)?sync$/.test(name) && result === 0);
      const ofFile = flushes.find(({ path }) => path.endsWith(`/files/${id}`));
      const ofFolder = flushes.find(
        ({ path, begin }) => path.endsWith('/files') && begin > (ofFile?.end ?? 0),
      );
      const ofCommit = flushes.find(
        ({ path, begin }) => path.endsWith('store.db-wal') && begin > (ofFolder?.end ?? Infinity),
      );
      const answer = calls.find(
        ({ path, bytes }) => path.startsWith('socket:') && bytes.includes('/Binary/'),
      );
      expect(ofCommit?.end).toBeLessThan(answer?.begin ?? 0);
      const lastWrite = calls.findLast(({ path, name }) => name.includes('write') && path.endsWith(id));
      expect(lastWrite?.end).toBeLessThan(ofFile?.begin ?? 0);
    } finally {
      await scene.end();
    }
  },
  60_000,
);

judged(
  'mount',
  'a full disk refuses an attachment with 507, and keeps nothing of it (baa-messaging MS8)',
  async () => {
    const mount = mkdtempSync(join(tmpdir(), 'closeloop-mount-'));
    const scene = await openScene(join(mount, 'data'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${80 * MIB}`, 'tmpfs', mount], { stdio: 'pipe' });
    try {
      const server = scene.start();
      const base = await server.ready;
      await scene.seed(base);
      const kept = await upload(base, scene, randomBytes(MIB));
      expect(kept?.status).toBe(201);
      const before = filesIn(scene.folder);
      const filler = join(mount, 'filler');
      const { bavail, bsize } = statfsSync(mount);
      writeFileSync(filler, Buffer.alloc(bavail * bsize - 4 * MIB));
      const refused = await upload(base, scene, randomBytes(8 * MIB));
      expect([refused?.status, await refused?.text()]).toEqual([
        507,
        expect.stringContaining('storage-full'),
      ]);
      expect(filesIn(scene.folder)).toEqual(before);
      rmSync(filler);
      expect((await upload(base, scene, randomBytes(8 * MIB)))?.status).toBe(201);
      await server.end('SIGTERM');
    } finally {
      await scene.end();
      execFileSync('umount', [mount]);
      rmSync(mount, { recursive: true, force: true });
    }
  },
  60_000,
);
