/**
 * The state of a job as a record (ADR 0025): written in a commit when it says something new, and once an hour while it
 * does not, so that a job that is due every few seconds does not fill the log.
 */
import { jobEntry } from '../ports/audit.ts';
import { auditedCommit } from '../ports/commit.ts';
import { JOB_KIND, type Job, type JobState } from '../ports/jobs.ts';
import type { RecordWrite } from '../ports/record.ts';
import type { AuditEntry, Commit, Store } from '../ports/store.ts';

/** A state that says nothing new is written after this. */
const RECORD_MS = 3_600_000;

/** A run that failed is tried again after this, twice as long after each further failure, up to the longest. */
const RETRY_MIN_MS = 5000;
const RETRY_MAX_MS = 600_000;

/** The state that a record holds, and the version of that record. */
export interface Recorded {
  readonly state: JobState;
  readonly version: number;
}

export async function readJobState(
  store: Pick<Store, 'snapshot'>,
  { name }: Job,
): Promise<Recorded | undefined> {
  const record = await store.snapshot().record(JOB_KIND, name);
  // `stateCommit` alone writes this kind.
  return record && { state: record.body as JobState, version: record.version };
}

/** Milliseconds after a run until the next. */
export function waitAfter({ periodMs }: Job, failures: number): number {
  if (failures === 0) return Math.max(1, periodMs);
  return Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures - 1, 30));
}

/** Milliseconds that a recorded job is not due yet; 0 when it is, or when the clock was set back since. */
export function remainingMs(job: Job, { dueAt }: JobState, now: number): number {
  const remaining = dueAt - now;
  return remaining > Math.max(job.periodMs, RETRY_MAX_MS) ? 0 : Math.max(0, remaining);
}

/** The state after a run that ended at `now`. */
export function stateAfter(job: Job, before: JobState, now: number, why: string | undefined): JobState {
  const failures = why === undefined ? 0 : before.failures + 1;
  return {
    lastRunAt: now,
    lastOutcome: why === undefined ? 'done' : 'failed',
    why,
    failures,
    dueAt: now + waitAfter(job, failures),
  };
}

/** @param since when this server began to look after the job, for one that has no record yet */
export function isWorthRecording(
  { periodMs }: Job,
  recorded: JobState | undefined,
  state: JobState,
  since: number,
): boolean {
  const isNews = state.lastOutcome !== (recorded?.lastOutcome ?? 'done');
  const age = Math.abs(state.lastRunAt - (recorded?.lastRunAt ?? since));
  return isNews || periodMs >= RECORD_MS || age >= RECORD_MS;
}

/** The commit that writes a state; refused as `unexpected` when another server has written one since it was read. */
export function stateCommit(
  { name }: Pick<Job, 'name'>,
  state: JobState,
  version: number | undefined,
): Commit {
  const record: RecordWrite = {
    kind: JOB_KIND,
    key: name,
    expect: version ?? 'absent',
    body: state,
    index: [['all', '']],
  };
  const audit: AuditEntry = jobEntry(name, { outcome: state.lastOutcome === 'done' ? '0' : '8' });
  return auditedCommit([audit], { records: [record] });
}
