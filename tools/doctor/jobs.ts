/** Doctor's look at the jobs: when each ran last, how it ended, and when it is due; of a stopped server, its records. */
import type { Config } from '../../src/server/config.ts';
import { JOB_KIND, type JobState } from '../../src/ports/jobs.ts';
import type { Finding } from '../../src/ports/store.ts';
import { readRecords } from '../../src/stores/embedded/record-reading.ts';
import { askMetrics } from './metrics.ts';

/** A job that failed so often in a row does not mend itself. */
const FAILURES_MAX = 3;
/** A job may be late while it runs long, or the machine is busy. */
const LATE_MS = 15 * 60_000;

export async function examineJobs(config: Config): Promise<readonly Finding[]> {
  const answer = await askMetrics(config);
  const live = statesIn(answer?.text ?? '');
  if (live.length > 0) return live.map(([name, state]) => describeLive(name, state, Date.now()));
  const records = readRecords(config.dataDir, JOB_KIND);
  if (records.length === 0) return [{ ok: true, says: 'no job has a record yet' }];
  // The scheduler alone writes this kind.
  return records.map(({ key, body }) => describeRecord(key, body as JobState));
}

type LiveState = Pick<JobState, 'failures' | 'lastRunAt' | 'dueAt'>;

function describeLive(name: string, { failures, lastRunAt, dueAt }: LiveState, now: number): Finding {
  const last = lastRunAt === 0 ? 'has not run yet' : `ran ${secondsOf(now - lastRunAt)} s ago`;
  const late = now - dueAt;
  const next = late > 0 ? `due for ${secondsOf(late)} s` : `due in ${secondsOf(-late)} s`;
  if (late > LATE_MS) return { ok: false, says: `${name} ${last}, ${next} → it hangs: restart the server` };
  return withFailures(name, failures, `${name} ${last}, ${next}`);
}

function describeRecord(name: string, { lastRunAt, lastOutcome, why, failures }: JobState): Finding {
  const outcome = lastOutcome === 'failed' ? `failed (${why ?? 'unknown'})` : 'done';
  return withFailures(name, failures, `${name} ran at ${new Date(lastRunAt).toISOString()}, ${outcome}`);
}

function withFailures(name: string, failures: number, says: string): Finding {
  if (failures === 0) return { ok: true, says };
  const often = failures === 1 ? 'once' : `${failures} times in a row`;
  const remedy = `failed ${often} → look for "a job failed" and ${name} in the log`;
  const failing = `${says}, ${remedy}`;
  return failures > FAILURES_MAX ? { ok: false, says: failing } : { ok: true, warning: true, says: failing };
}

const secondsOf = (ms: number): number => Math.floor(ms / 1000);

/** The jobs that metrics name, with their numbers. */
function statesIn(metrics: string): readonly (readonly [name: string, state: LiveState])[] {
  const read = (name: string): ReadonlyMap<string, number> =>
    new Map(
      [...metrics.matchAll(new RegExp(`^closeloop_job_${name}\\{job="([^"]*)"\\} (\\S+)$`, 'gm'))].map(
        ([, job = '', value]) => [job, Number(value)],
      ),
    );
  const [failures, last, due] = [
    read('failures'),
    read('last_run_timestamp_seconds'),
    read('next_due_timestamp_seconds'),
  ];
  return [...due].map(([name, dueAt]) => [
    name,
    {
      failures: failures.get(name) ?? 0,
      lastRunAt: (last.get(name) ?? 0) * 1000,
      dueAt: dueAt * 1000,
    },
  ]);
}
