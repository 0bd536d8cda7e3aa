/** Law 26: leases, and jobs of the store that run once whoever looks after them. */
import { describe, expect, test } from '@jest/globals';
import { createScheduler, type Scheduler } from '../../src/jobs/scheduler.ts';
import { JOB_KIND, type Job } from '../../src/ports/jobs.ts';
import type { Store } from '../../src/ports/store.ts';
import { fakeTime, type FakeTime } from '../fake-time.ts';
import { handClock } from './store-world.ts';
import type { StoreWorld } from './store-world.ts';

const HOUR = 3_600_000;

export function jobLaws(world: StoreWorld): void {
  describe('law 26 (harmony Z29): a lease', () => {
    test('has one holder, of many that ask at once; another name is another lease', async () => {
      const { leases } = await world.open();
      const asked = await Promise.all(Array.from({ length: 20 }, () => leases.take('job/a', 1000)));
      expect(asked.filter((lease) => lease !== undefined)).toHaveLength(1);
      expect(await leases.take('job/b', 1000)).toBeDefined();
    });

    test('ends with its time: then it is the next holder’s, and no more of the first', async () => {
      const clock = handClock();
      const { leases } = await world.open({ clock });
      const first = (await leases.take('job/a', 1000))!;
      clock.at += 999;
      expect(await leases.take('job/a', 1000)).toBeUndefined();
      clock.at += 1;
      expect(await leases.extend(first, 1000)).toBe(false);
      const second = (await leases.take('job/a', 1000))!;
      expect(await leases.extend(first, 9000)).toBe(false);
      await leases.release(first, 0);
      expect(await leases.take('job/a', 1000)).toBeUndefined();
      expect(await leases.extend(second, 1000)).toBe(true);
    });

    test('that is extended is held so long from then on', async () => {
      const clock = handClock();
      const { leases } = await world.open({ clock });
      const lease = (await leases.take('job/a', 1000))!;
      clock.at += 900;
      expect(await leases.extend(lease, 1000)).toBe(true);
      clock.at += 900;
      expect(await leases.take('job/a', 1000)).toBeUndefined();
    });

    test('that is given up rests for as long as its holder says', async () => {
      const clock = handClock();
      const { leases } = await world.open({ clock });
      await leases.release((await leases.take('job/a', 1000))!, 5000);
      clock.at += 4999;
      expect(await leases.take('job/a', 1000)).toBeUndefined();
      clock.at += 1;
      await leases.release((await leases.take('job/a', 1000))!, 0);
      expect(await leases.take('job/a', 1000)).toBeDefined();
    });

    test('is not held for longer because the clock was set back', async () => {
      const clock = handClock();
      const { leases } = await world.open({ clock });
      await leases.release((await leases.take('job/a', 1000))!, 5000);
      clock.at -= HOUR;
      expect(await leases.take('job/a', 1000)).toBeDefined();
    });

    test('ends with the process that held it', async () => {
      const clock = handClock();
      const store = await world.open({ clock });
      await store.leases.take('job/a', HOUR);
      const after = await world.crash(store, { clock });
      expect(await after.leases.take('job/a', HOUR)).toBeDefined();
    });

    test('leaves nothing in the log', async () => {
      const store = await world.open();
      const lease = (await store.leases.take('job/a', 1000))!;
      await store.leases.extend(lease, 1000);
      await store.leases.release(lease, 1000);
      expect(store.status().seq).toBe(0);
    });
  });

  describe('law 26 (harmony Z29): a job of the store', () => {
    test('runs once a period, however many look after it', async () => {
      const time = fakeTime();
      const store = await world.open({ clock: time });
      const runs: number[] = [];
      const three = [1, 2, 3].map((who) =>
        look(
          store,
          time,
          job(async () => void runs.push(who)),
        ),
      );
      await Promise.all(three.map((one) => one.start()));
      for (let period = 1; period <= 4; period += 1) {
        time.pass(1000);
        await Promise.all(three.map((one) => one.runDue()));
        expect(runs).toHaveLength(period);
      }
      await Promise.all(three.map((one) => one.stop()));
    });

    test('is run by another when its holder is gone, and what it was is in the record', async () => {
      const time = fakeTime();
      const store = await world.open({ clock: time });
      const failing = look(
        store,
        time,
        job(async () => Promise.reject(Object.assign(new Error('Jane Doe'), { code: 'EIO' }))),
      );
      await failing.start();
      time.pass(1000);
      await failing.runDue();
      const after = await world.crash(store, { clock: time });
      expect((await after.snapshot().record(JOB_KIND, 'try'))?.body).toEqual({
        lastRunAt: time.now(),
        lastOutcome: 'failed',
        why: 'EIO',
        failures: 1,
        dueAt: time.now() + 5000,
      });
      const runs: number[] = [];
      const another = look(
        after,
        time,
        job(async () => void runs.push(time.now())),
      );
      await another.start();
      time.pass(4999);
      await another.runDue();
      expect(runs).toEqual([]);
      time.pass(1);
      await another.runDue();
      expect(runs).toEqual([time.now()]);
      expect((await after.snapshot().record(JOB_KIND, 'try'))?.body).toMatchObject({ lastOutcome: 'done' });
      expect(await after.verify()).not.toContainEqual(expect.objectContaining({ ok: false }));
      await Promise.all([failing.stop(), another.stop()]);
    });

    test('writes its state when it is news, and once an hour while it is not', async () => {
      const time = fakeTime();
      const store = await world.open({ clock: time });
      const scheduler = look(
        store,
        time,
        job(async () => undefined),
      );
      await scheduler.start();
      const seqs: number[] = [];
      for (let minute = 0; minute < 121; minute += 1) {
        time.pass(60_000);
        await scheduler.runDue();
        seqs.push(store.status().seq);
      }
      expect([seqs[58], seqs[59], seqs[118], seqs[119]]).toEqual([0, 1, 1, 2]);
      await scheduler.stop();
    });
  });
}

const job = (run: () => Promise<void>): Job => ({
  name: 'try',
  does: 'what a test wants',
  of: 'store',
  periodMs: 1000,
  run,
});

const look = (store: Store, time: FakeTime, one: Job): Scheduler =>
  createScheduler({
    jobs: [one],
    store,
    clock: time,
    timers: time,
    log: () => undefined,
    drainMs: 1000,
  });
