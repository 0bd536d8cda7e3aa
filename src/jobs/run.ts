/**
 * One look at a job that seems due: take its lease, ask its record whether it really is, run it, write what became of it.
 * A job of the process has neither lease nor record.
 */
import type { Clock, Timers } from '../ports/clock.ts';
import type { Job, JobState, Lease } from '../ports/jobs.ts';
import { reasonOf } from '../ports/reason.ts';
import type { Store } from '../ports/store.ts';
import {
  isWorthRecording,
  readJobState,
  remainingMs,
  stateAfter,
  stateCommit,
  type Recorded,
} from './state.ts';

/** A lease is held for this long at a time, and held anew while the run lasts. */
export const LEASE_MS = 60_000;

type JobLog = (
  level: 'info' | 'warn' | 'error',
  says: string,
  about: Readonly<Record<string, string | number>>,
) => void;

export interface RunParts {
  readonly store: Pick<Store, 'leases' | 'snapshot' | 'commit'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: JobLog;
}

/** What a look brought: a run, or when to look again. */
export type Look =
  | { readonly ran: true; readonly state: JobState }
  | { readonly ran: false; readonly waitMs: number };

/** @param since when this server began to look after the job, in milliseconds since 1970 */
export async function lookAt(
  parts: RunParts,
  job: Job,
  before: JobState,
  since: number,
  stopped: AbortSignal,
): Promise<Look> {
  if (job.of === 'process') return ranAs(job, before, parts.clock, await attempt(job, stopped));
  const { leases } = parts.store;
  const lease = await leases.take(`job/${job.name}`, LEASE_MS);
  if (lease === undefined) return { ran: false, waitMs: Math.min(job.periodMs, LEASE_MS) };
  let restMs = 0;
  try {
    const recorded = await readJobState(parts.store, job);
    const waitMs = recorded === undefined ? 0 : remainingMs(job, recorded.state, parts.clock.now());
    if (waitMs > 0) {
      restMs = waitMs;
      return { ran: false, waitMs };
    }
    const { why, isLost } = await attemptUnder(lease, parts, job, stopped);
    const look = ranAs(job, before, parts.clock, why);
    if (stopped.aborted) return look;
    restMs = look.state.dueAt - look.state.lastRunAt;
    if (!isLost) await record(parts, job, recorded, look.state, since);
    return look;
  } finally {
    await leases.release(lease, restMs);
  }
}

const ranAs = (job: Job, before: JobState, clock: Clock, why: string | undefined) =>
  ({ ran: true, state: stateAfter(job, before, clock.now(), why) }) as const;

/** The code of what the run threw; undefined when it was done. */
async function attempt(job: Job, signal: AbortSignal): Promise<string | undefined> {
  try {
    await job.run(signal);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Runs the job and holds its lease meanwhile; a run whose lease is lost is told so by its signal. */
async function attemptUnder(
  lease: Lease,
  { store, timers }: RunParts,
  job: Job,
  stopped: AbortSignal,
): Promise<{ readonly why: string | undefined; readonly isLost: boolean }> {
  const lost = new AbortController();
  const holdOn = async (): Promise<void> => {
    if (!(await store.leases.extend(lease, LEASE_MS).catch(() => false))) return lost.abort();
    if (!ended) callOff = timers.after(LEASE_MS / 3, () => void holdOn());
  };
  let ended = false;
  let callOff = timers.after(LEASE_MS / 3, () => void holdOn());
  const why = await attempt(job, AbortSignal.any([stopped, lost.signal]));
  ended = true;
  callOff();
  const isLost = lost.signal.aborted;
  return { why: isLost ? 'lease-lost' : why, isLost };
}

/** The run itself is done, whatever becomes of this: the next state that is worth it will be written. */
async function record(
  { store, log }: RunParts,
  job: Job,
  recorded: Recorded | undefined,
  state: JobState,
  since: number,
): Promise<void> {
  if (!isWorthRecording(job, recorded?.state, state, since)) return;
  try {
    await store.commit(stateCommit(job, state, recorded?.version));
  } catch (error) {
    log('warn', 'the state of a job could not be written', { job: job.name, code: reasonOf(error) });
  }
}
