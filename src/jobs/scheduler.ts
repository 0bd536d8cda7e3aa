/**
 * The scheduler: the one loop of timers of a server. It sleeps until the next job is due, starts all that are due beside
 * each other, and sleeps again. A run counts its period from its end, so that a clock that jumps ahead, or a server that
 * was stopped for a week, runs a job once and not once for every run that was missed.
 */
import type { CallOff, Timers } from '../ports/clock.ts';
import type { Job, JobState } from '../ports/jobs.ts';
import { reasonOf } from '../ports/reason.ts';
import { lookAt, type Look, type RunParts } from './run.ts';
import { readJobState, remainingMs, stateAfter, waitAfter } from './state.ts';

interface SchedulerParts extends RunParts {
  readonly jobs: readonly Job[];
  /** How long a stopping scheduler lets a run finish before it aborts its signal, in milliseconds. */
  readonly drainMs: number;
}

/** A job as metrics show it. */
interface JobStatus extends JobState {
  readonly name: string;
  readonly isRunning: boolean;
  /** Runs by this server since its start. */
  readonly runs: Readonly<Record<'done' | 'failed', number>>;
}

export interface Scheduler {
  /** Reads what the records say and sets the first timer. */
  start(): Promise<void>;
  /** Starts what is due now; resolves when nothing runs. */
  runDue(): Promise<void>;
  status(): readonly JobStatus[];
  /** Starts nothing more; resolves when the runs have ended, or have been given up. */
  stop(): Promise<void>;
}

/** The scheduler sleeps no longer than this, so that it notices a clock that was set. */
const SLEEP_MS = 60_000;
/** A run that does not heed its signal is given up after this. */
const GRACE_MS = 1000;

const NEVER_RAN = { lastRunAt: 0, lastOutcome: undefined, why: undefined, failures: 0 } as const;

/** A job and where it stands. */
interface Place {
  readonly job: Job;
  readonly since: number;
  state: JobState;
  /** For how long it was told to wait. When it is due further ahead than this, the clock was set back. */
  waitMs: number;
  running: Promise<void> | undefined;
  readonly runs: { done: number; failed: number };
}

/** @throws RangeError when two jobs have one name */
export function createScheduler(parts: SchedulerParts): Scheduler {
  const { clock, timers } = parts;
  const places = parts.jobs.map((job) => openPlace(job, clock.now()));
  if (new Set(places.map(({ job }) => job.name)).size < places.length)
    throw new RangeError('two jobs have one name');
  const stopped = new AbortController();
  let stopping: Promise<void> | undefined;
  let callOff: CallOff = () => undefined;

  function wake(): void {
    if (stopping !== undefined) return;
    for (const place of places) {
      if (place.running !== undefined || !isDue(place, clock.now())) continue;
      place.running = runIn(parts, place, stopped.signal).finally(() => {
        place.running = undefined;
        sleep();
      });
    }
    sleep();
  }

  function sleep(): void {
    callOff();
    if (stopping !== undefined) return;
    const now = clock.now();
    const next = places
      .filter(({ running }) => running === undefined)
      .map((place) => (isDue(place, now) ? 0 : place.state.dueAt - now));
    callOff = timers.after(Math.min(SLEEP_MS, ...next), wake);
  }

  async function end(): Promise<void> {
    callOff();
    await waitFor(places, timers, parts.drainMs);
    stopped.abort();
    await waitFor(places, timers, GRACE_MS);
    for (const { job, running } of places) {
      if (running !== undefined) parts.log('warn', 'a job did not end and was given up', { job: job.name });
    }
  }

  return {
    async start() {
      await Promise.all(places.map((place) => readIn(parts, place)));
      sleep();
    },
    async runDue() {
      wake();
      await Promise.all(places.flatMap(({ running }) => running ?? []));
    },
    status: () => places.map(statusOf),
    stop: () => (stopping ??= end()),
  };
}

const openPlace = (job: Job, now: number): Place => ({
  job,
  since: now,
  state: { ...NEVER_RAN, dueAt: now + waitAfter(job, 0) },
  waitMs: waitAfter(job, 0),
  running: undefined,
  runs: { done: 0, failed: 0 },
});

const isDue = ({ state, waitMs }: Place, now: number): boolean =>
  state.dueAt <= now || state.dueAt - now > waitMs;

/** What the record of a job says holds after a restart, too: when it is due, and how often it has failed. */
async function readIn({ store, clock, log }: SchedulerParts, place: Place): Promise<void> {
  const { job } = place;
  if (job.of === 'process') return;
  try {
    const recorded = await readJobState(store, job);
    if (recorded === undefined) return;
    place.waitMs = remainingMs(job, recorded.state, clock.now());
    place.state = { ...recorded.state, dueAt: clock.now() + place.waitMs };
  } catch (error) {
    log('warn', 'the state of a job could not be read', { job: job.name, code: reasonOf(error) });
  }
}

/** Never rejects: a job that fails, and a store that cannot be asked, harm no other job. */
async function runIn(parts: SchedulerParts, place: Place, stopped: AbortSignal): Promise<void> {
  const { job, state } = place;
  const look = await lookAt(parts, job, state, place.since, stopped).catch((error: unknown): Look => ({
    ran: true,
    state: stateAfter(job, state, parts.clock.now(), reasonOf(error)),
  }));
  if (stopped.aborted) return; // cut off: neither done nor failed, the next start runs it
  if (!look.ran) {
    place.waitMs = Math.max(1, look.waitMs);
    place.state = { ...state, dueAt: parts.clock.now() + place.waitMs };
    return;
  }
  place.state = look.state;
  place.waitMs = look.state.dueAt - look.state.lastRunAt;
  place.runs[look.state.why === undefined ? 'done' : 'failed'] += 1;
  if (look.state.why === undefined) return;
  const { why, failures } = look.state;
  parts.log('error', 'a job failed', { job: job.name, code: why, failures, retryMs: place.waitMs });
}

const statusOf = ({ job, state, running, runs }: Place): JobStatus => ({
  ...state,
  name: job.name,
  isRunning: running !== undefined,
  runs: { ...runs },
});

/** Resolves when nothing runs, or when the time is over. */
async function waitFor(places: readonly Place[], timers: Timers, ms: number): Promise<void> {
  const running = places.flatMap((place) => place.running ?? []);
  if (running.length === 0) return;
  const over = Promise.withResolvers<void>();
  const callOff = timers.after(ms, over.resolve);
  await Promise.race([Promise.all(running), over.promise]);
  callOff();
}
