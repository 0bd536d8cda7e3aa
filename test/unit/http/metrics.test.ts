/** Metrics that are read off elsewhere when somebody asks. */
import { expect, test } from '@jest/globals';
import { createMetrics } from '../../../src/http/metrics.ts';
import type { StoreStatus } from '../../../src/ports/store.ts';

const STATUS: StoreStatus = {
  seq: 0,
  writable: true,
  queued: 0,
  outboxWaiting: 0,
  oldestWaitingAt: 0,
  at: 0,
  bytes: 0,
};

test('(harmony Z29) a job shows its runs, its failures in a row, its last run and when it is due', async () => {
  const metrics = createMetrics({ status: () => STATUS, inFlight: () => 0, now: () => 0 });
  let done = 3;
  metrics.showJobs(() => [
    { name: 'anchor', runs: { done, failed: 2 }, failures: 1, lastRunAt: 1500, dueAt: 6500 },
    { name: 'sweep', runs: { done: 0, failed: 0 }, failures: 0, lastRunAt: 0, dueAt: 1000 },
  ]);
  const jobs = async () =>
    (await metrics.render()).split('\n').filter((line) => line.startsWith('closeloop_job_'));
  expect(await jobs()).toEqual([
    'closeloop_job_runs_total{job="anchor",outcome="done"} 3',
    'closeloop_job_runs_total{job="anchor",outcome="failed"} 2',
    'closeloop_job_runs_total{job="sweep",outcome="done"} 0',
    'closeloop_job_runs_total{job="sweep",outcome="failed"} 0',
    'closeloop_job_failures{job="anchor"} 1',
    'closeloop_job_failures{job="sweep"} 0',
    'closeloop_job_last_run_timestamp_seconds{job="anchor"} 1.5',
    'closeloop_job_last_run_timestamp_seconds{job="sweep"} 0',
    'closeloop_job_next_due_timestamp_seconds{job="anchor"} 6.5',
    'closeloop_job_next_due_timestamp_seconds{job="sweep"} 1',
  ]);
  done = 4;
  expect(await jobs()).toContain('closeloop_job_runs_total{job="anchor",outcome="done"} 4');
});

test('a log in a database shows what the server counted of it, and for how long it has been silent', async () => {
  let silentSince: number | undefined;
  const status = () => ({ ...STATUS, ...(silentSince !== undefined && { silentSince }) });
  const metrics = createMetrics({ status, inFlight: () => 0, now: () => 60_000 });
  const shown = async () =>
    (await metrics.render()).split('\n').filter((line) => line.startsWith('closeloop_database_'));
  expect(await shown()).toEqual([]);
  metrics.showDatabase(() => ({
    appends: 7,
    appendMs: 3500,
    appendMsMax: 900,
    lost: 1,
    recognised: 2,
    unsure: 3,
    followed: 4,
    clockAheadMs: -2500,
  }));
  const counted = [
    'closeloop_database_appends_total 7',
    'closeloop_database_append_seconds_total 3.5',
    'closeloop_database_append_seconds_max 0.9',
    'closeloop_database_lost_total 1',
    'closeloop_database_recognised_total 2',
    'closeloop_database_unsure_total 3',
    'closeloop_database_followed_total 4',
    'closeloop_database_silent_seconds 0',
    'closeloop_database_clock_ahead_seconds -2.5',
  ];
  expect(await shown()).toEqual(counted);
  silentSince = 15_000;
  expect(await shown()).toContain('closeloop_database_silent_seconds 45');
});
