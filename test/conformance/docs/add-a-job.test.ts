/** The page on adding a job: its code runs as it is pasted, and what it names is there. */
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createScheduler } from '../../../src/jobs/scheduler.ts';
import type { Job } from '../../../src/ports/jobs.ts';
import { openWorld } from '../../contract/delivery-world.ts';
import { fakeTime } from '../../fake-time.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const page = read('docs/how-to/add-a-job.md');
const [code = '', member = '', row = '', handed = ''] = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(
  ([, block = '']) => block,
);
const folder = mkdtempSync(join(tmpdir(), 'closeloop-job-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [, name = '', of = '', period = '', part = '', does = ''] =
  /^ {2}job\('(\w+)', '(store|process)', (\d+) \* MINUTE, parts\.(\w+), '([^']+)'\),$/m.exec(row) ?? [];

test('(harmony Z29) the job of the page runs in its period, as pasted', async () => {
  const file = join(folder, 'report-waiting.ts');
  writeFileSync(file, code);
  const pasted = (await import(pathToFileURL(file).href)) as {
    createReportWaiting(store: object, say: (waiting: number) => void): Job['run'];
  };
  const time = fakeTime();
  const world = await openWorld({ clock: time });
  const said: number[] = [];
  const run = pasted.createReportWaiting(world.store, (waiting) => said.push(waiting));
  const job: Job = { name, of: of as Job['of'], periodMs: Number(period) * 60_000, does, run };
  const scheduler = createScheduler({
    jobs: [job],
    store: world.store,
    clock: time,
    timers: time,
    log: () => undefined,
    drainMs: 1000,
  });
  await scheduler.start();
  for (const count of [1, 2]) {
    time.pass(job.periodMs);
    await scheduler.runDue();
    expect(said).toHaveLength(count);
  }
  expect((await world.store.snapshot().record('job', name))?.body).toMatchObject({ lastOutcome: 'done' });
  await scheduler.stop();
  await world.close();
});

test('the page’s lines have the form of those beside them', () => {
  const table = read('src/jobs/index.ts');
  expect(member).toBe(`  readonly ${part}: Run;\n`);
  expect(table).toMatch(/^ {2}readonly tidy: Run;$/m);
  expect(table).toMatch(/^ {2}job\('overdue', 'store', \d+ \* SECOND, parts\.\w+, '[^']+'\),$/m);
  expect(handed).toContain(`${part}: create`);
  expect(read('src/server/compose-jobs.ts')).toContain('log.write(level, says, about)');
});

test('alerts that the page names are there', () => {
  const alerts = read('deploy/alerts.yml');
  const named = [...page.matchAll(/`(Closeloop\w+)`/g)].map(([, alert = '']) => alert);
  expect(named).toHaveLength(2);
  expect(named.filter((alert) => !alerts.includes(`alert: ${alert}`))).toEqual([]);
});
