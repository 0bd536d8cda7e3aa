/** The scheduler on a real store and a fake clock: when a job runs, when it does not, and how the scheduler ends. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { createScheduler, type Scheduler } from '../../../src/jobs/scheduler.ts';
import { stateCommit } from '../../../src/jobs/state.ts';
import { JOB_KIND, type Job } from '../../../src/ports/jobs.ts';
import { reasonOf } from '../../../src/ports/reason.ts';
import { CommitRefused, SearchRefused } from '../../../src/ports/store.ts';
import { openWorld, type World } from '../../contract/delivery-world.ts';
import { fakeTime, type FakeTime } from '../../fake-time.ts';

const HOUR = 3_600_000;

interface Trial {
  readonly scheduler: Scheduler;
  readonly time: FakeTime;
  readonly world: World;
  readonly logged: string[];
  /** So much time passes, and what became due meanwhile has ended. */
  readonly pass: (ms: number) => Promise<void>;
}

const open: Trial[] = [];
afterEach(async () => {
  for (const { scheduler, time, world } of open.splice(0)) {
    const stopped = scheduler.stop();
    time.pass(HOUR);
    await stopped;
    await world.close();
  }
});

async function trial(...jobs: readonly Job[]): Promise<Trial> {
  const time = fakeTime();
  return trialOf(await openWorld({ clock: time }), time, ...jobs);
}

async function trialOf(world: World, time: FakeTime, ...jobs: readonly Job[]): Promise<Trial> {
  const logged: string[] = [];
  const scheduler = createScheduler({
    jobs,
    store: world.store,
    clock: time,
    timers: time,
    log: (level, says, about) => logged.push(`${level} ${says} ${JSON.stringify(about)}`),
    drainMs: 1000,
  });
  await scheduler.start();
  const pass = (ms: number): Promise<void> => {
    time.pass(ms);
    return scheduler.runDue();
  };
  const one = { scheduler, time, world, logged, pass };
  open.push(one);
  return one;
}

/** A job that counts its runs. */
function counting(given: Partial<Job> = {}): Job & { runs: number } {
  const job = {
    name: 'count',
    does: 'counts',
    of: 'store' as Job['of'],
    periodMs: 1000,
    runs: 0,
    run: async () => void (job.runs += 1),
    ...given,
  };
  return job;
}

/** Milliseconds from the last run of the first job to its next. */
function delayOf(scheduler: Scheduler): number {
  const [first] = scheduler.status();
  return (first?.dueAt ?? 0) - (first?.lastRunAt ?? 0);
}

const failing = (): Promise<void> =>
  Promise.reject(Object.assign(new Error('about Jane Doe'), { code: 'EIO' }));

describe.each(['store', 'process'] as const)('a job of the %s', (of) => {
  test('runs a period after the start, and then each period after its end', async () => {
    const job = counting({ of });
    const { pass } = await trial(job);
    await pass(999);
    expect(job.runs).toBe(0);
    await pass(1);
    expect(job.runs).toBe(1);
    await pass(999);
    expect(job.runs).toBe(1);
    await pass(1);
    expect(job.runs).toBe(2);
  });

  test('that fails is logged by its code, counted, tried again ever later, and stops no other', async () => {
    const job = counting({ of, run: failing });
    const other = counting({ of, name: 'other' });
    const { pass, logged, scheduler } = await trial(job, other);
    const delays: number[] = [];
    await pass(1000);
    for (let failure = 1; failure <= 10; failure += 1) {
      const delay = delayOf(scheduler);
      delays.push(delay);
      if (failure < 10) await pass(delay);
    }
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600].map((seconds) => seconds * 1000));
    expect(scheduler.status()).toMatchObject([
      { name: 'count', failures: 10, lastOutcome: 'failed', why: 'EIO', runs: { done: 0, failed: 10 } },
      { name: 'other', failures: 0, lastOutcome: 'done', runs: { failed: 0 } },
    ]);
    expect(other.runs).toBeGreaterThan(9);
    expect(logged).toHaveLength(10);
    expect(logged[0]).toBe('error a job failed {"job":"count","code":"EIO","failures":1,"retryMs":5000}');
    expect(logged.join()).not.toContain('Jane');
  });

  test('that was mended runs in its period again', async () => {
    let broken = true;
    const job = counting({ of, run: async () => (broken ? failing() : undefined) });
    const { pass, scheduler } = await trial(job);
    await pass(1000);
    broken = false;
    await pass(5000);
    expect(scheduler.status()).toMatchObject([
      { failures: 0, lastOutcome: 'done', why: undefined, runs: { done: 1, failed: 1 } },
    ]);
    expect(delayOf(scheduler)).toBe(1000);
  });

  test('that runs long does not start twice, and others run beside it', async () => {
    const ended = Promise.withResolvers<void>();
    let runs = 0;
    const long = counting({ of, run: async () => ((runs += 1), ended.promise) });
    const other = counting({ of, name: 'other' });
    const { time, scheduler } = await trial(long, other);
    for (let second = 0; second < 600; second += 1) {
      time.pass(1000);
      await turn();
    }
    expect(runs).toBe(1);
    expect(other.runs).toBeGreaterThan(100);
    expect(scheduler.status()).toMatchObject([{ isRunning: true }, {}]);
    ended.resolve();
    await scheduler.runDue();
    expect(scheduler.status()).toMatchObject([{ isRunning: false, runs: { done: 1 } }, {}]);
  });

  test.each([
    ['ahead', 365 * 24 * HOUR],
    ['back', -365 * 24 * HOUR],
  ])('runs once when the clock is set %s by a year, and then in its period', async (_, by) => {
    const job = counting({ of });
    const { time, pass } = await trial(job);
    await pass(1000);
    expect(job.runs).toBe(1);
    time.set(time.now() + by);
    await pass(1000);
    expect(job.runs).toBe(2);
    await pass(999);
    expect(job.runs).toBe(2);
    await pass(1);
    expect(job.runs).toBe(3);
  });
});

describe('after a restart the record of a job says when it is due', () => {
  const HOURLY = { periodMs: HOUR };

  test.each([
    ['in half a period: it runs then', HOUR / 2, HOUR / 2],
    ['a week ago: it runs at once, and once', -168 * HOUR, 0],
    ['in a year, since the clock was set back: it runs at once', 8760 * HOUR, 0],
  ])('%s', async (_, dueIn, runsAfter) => {
    const time = fakeTime();
    const dueAt = time.now() + dueIn;
    const state = { lastRunAt: dueAt - HOUR, lastOutcome: 'done', failures: 0, dueAt } as const;
    const world = await openWorld({ clock: time });
    await world.store.commit(stateCommit({ name: 'count' }, state, undefined));
    const job = counting(HOURLY);
    const { pass } = await trialOf(world, time, job);
    if (runsAfter > 0) await pass(runsAfter - 1);
    expect(job.runs).toBe(0);
    await pass(runsAfter > 0 ? 1 : 0);
    expect(job.runs).toBe(1);
    await pass(HOUR - 1);
    expect(job.runs).toBe(1);
    await pass(1);
    expect(job.runs).toBe(2);
  });
});

describe('the code of a failure', () => {
  test.each([
    [new SearchRefused('too-busy'), 'too-busy'],
    [new CommitRefused('disk-full'), 'disk-full'],
    [new TypeError('about Jane Doe'), 'TypeError'],
    ['about Jane Doe', 'unknown'],
  ])('%s', (error, code) => {
    expect(reasonOf(error)).toBe(code);
  });
});

describe('a lease', () => {
  test('is held while the run lasts: nobody else takes it', async () => {
    const ended = Promise.withResolvers<void>();
    const { time, world, scheduler } = await trial(counting({ run: () => ended.promise }));
    for (let second = 0; second < 600; second += 1) {
      time.pass(1000);
      await turn();
    }
    expect(await world.store.leases.take('job/count', 1000)).toBeUndefined();
    ended.resolve();
    await scheduler.runDue();
  });

  test('that is lost aborts the run, which is a failure and is not recorded', async () => {
    const job = counting({
      run: (signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
    });
    const { time, world, scheduler } = await trial(job);
    time.pass(1000);
    await turn();
    time.set(time.now() + HOUR); // the store takes it for ended
    time.pass(20_000);
    await turn();
    await until(() => scheduler.status()[0]?.isRunning === false);
    expect(scheduler.status()).toMatchObject([{ lastOutcome: 'failed', why: 'lease-lost' }]);
    expect(await world.store.snapshot().record(JOB_KIND, 'count')).toBeUndefined();
  });
});

describe('stopping', () => {
  test('waits for the run, and starts no other', async () => {
    const ended = Promise.withResolvers<void>();
    const job = counting({ run: () => ended.promise });
    const { time, scheduler } = await trial(job);
    time.pass(1000);
    await turn();
    let isStopped = false;
    const stopped = scheduler.stop().then(() => (isStopped = true));
    time.pass(999);
    await turn();
    expect(isStopped).toBe(false);
    ended.resolve();
    await stopped;
    expect(scheduler.status()).toMatchObject([{ runs: { done: 1 } }]);
    await scheduler.runDue();
    expect(scheduler.status()).toMatchObject([{ runs: { done: 1 } }]);
  });

  test('after drainMs tells the run by its signal; cut off, it is neither done nor failed', async () => {
    const job = counting({
      run: (signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
    });
    const { time, scheduler, logged, world } = await trial(job);
    time.pass(1000);
    await turn();
    const stopped = scheduler.stop();
    time.pass(1000);
    await stopped;
    expect(scheduler.status()).toMatchObject([{ runs: { done: 0, failed: 0 } }]);
    expect(logged).toEqual([]);
    expect(await world.store.leases.take('job/count', 1000)).toBeDefined();
  });

  test('gives up a run that does not heed its signal, and names it', async () => {
    const { time, scheduler, logged } = await trial(counting({ run: () => new Promise(() => undefined) }));
    time.pass(1000);
    await turn();
    const stopped = scheduler.stop();
    time.pass(1000);
    await turn();
    time.pass(1000);
    await stopped;
    expect(logged).toEqual(['warn a job did not end and was given up {"job":"count"}']);
  });

  test('leaves no timer behind', async () => {
    const { time, scheduler } = await trial(counting());
    expect(time.running).toBe(1);
    await scheduler.stop();
    expect(time.running).toBe(0);
  });
});

test('two jobs of one name are refused', async () => {
  await expect(trial(counting(), counting())).rejects.toThrow(/two jobs have one name/);
});

/** What is on its way in this process comes through: the store writes in turns of the loop. */
async function turn(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i += 1) await turn();
}
