/** Stopping in order, and who may start (rules 3.7): the folder is one process's, and its format must be known. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { traced } from '../../../tools/durability/trace.ts';
import { verifyChain } from '../../../src/stores/embedded/verify/audit-chain.ts';
import { FORMAT } from '../../../src/stores/embedded/folder/schema.ts';
import { judged } from '../../judges.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.end());

const storeOf = ({ folder }: Scene): DatabaseSync => new DatabaseSync(join(folder, 'store.db'));

/** Requests that the server works on. */
async function inFlight(base: string): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', base))).text();
  return Number(/^closeloop_http_requests_in_flight (\d+)$/m.exec(metrics)?.[1]);
}

judged(
  'strace',
  'SIGTERM finishes what is in flight, however slow the flush; nothing acknowledged is lost',
  async () => {
    const FLUSH_MS = 200;
    // Counted by thread: the first few are of the start.
    const inject = [`fsync,fdatasync:delay_enter=${FLUSH_MS * 1000}:when=4+`];
    const slow = { file: join(scene.root, 'trace'), inject };
    const server = scene.start({ under: traced(slow) });
    const base = await server.ready;
    await scene.seed(base);
    const names = Array.from({ length: 24 }, (_, i) => `n${String(i).padStart(2, '0')}`);
    const sentAt = Date.now();
    let answered = 0;
    const answers = Promise.all(
      names.map(async (name) => {
        const answer = await scene.create(base, name);
        answered += 1;
        return answer;
      }),
    );
    while ((await inFlight(base)) + answered < names.length) await pause(5);
    expect(answered).toBeLessThan(names.length);
    const ended = server.end('SIGTERM');
    expect((await answers).map((answer) => answer?.status)).toEqual(names.map(() => 201));
    expect(Date.now() - sentAt).toBeGreaterThan(FLUSH_MS);
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(await scene.create(base, 'late')).toBeUndefined();

    const db = storeOf(scene);
    const stored = db.prepare(`SELECT text FROM version WHERE text LIKE '%family%'`).all();
    db.close();
    expect(stored.map(({ text }) => /n\d\d/.exec(String(text))?.[0] ?? '').toSorted()).toEqual(names);
    const { faults, anchored, seq } = await verifyChain(scene.folder);
    // A stop in order leaves an anchor of the last commit.
    expect([faults, anchored]).toEqual([[], seq]);
  },
  60_000,
);

test('while one process has the folder, another is refused by its name', async () => {
  const first = scene.start();
  const base = await first.ready;
  const second = scene.start();
  expect((await second.ended).code).toBe(1);
  expect(second.said()).toContain(`in use by process ${first.pid} on`);
  expect(second.said()).not.toMatch(/^\s+at /m);
  await scene.seed(base);
  expect((await scene.create(base, 'n'))?.status).toBe(201);
}, 30_000);

test('a newer format is refused by its number, and left as it is', async () => {
  const server = scene.start();
  await server.ready;
  await server.end('SIGTERM');
  const newer = storeOf(scene);
  newer.prepare(`UPDATE meta SET value = ? WHERE key = 'format'`).run(FORMAT + 1);
  newer.close();
  const refused = scene.start();
  expect((await refused.ended).code).toBe(1);
  expect(refused.said()).toContain(`has format ${FORMAT + 1}, this program reads format ${FORMAT}`);
  const db = storeOf(scene);
  expect(db.prepare(`SELECT value FROM meta WHERE key = 'format'`).get()).toEqual({ value: FORMAT + 1 });
  db.close();
}, 30_000);
