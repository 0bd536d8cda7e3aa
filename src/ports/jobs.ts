/**
 * Jobs: work that is due again and again, whoever asks for it. A job of the store runs once at a time and once a period,
 * however many servers look at it; a job of the process runs in each of them.
 */

/** One row of `src/jobs/index.ts`. */
export interface Job {
  /** One word in lower case; a label of metrics and the key of the job's record. */
  readonly name: string;
  /** What it does, in a few words for operators. */
  readonly does: string;
  /** `store`: one server at a time, under a lease, its state a record. `process`: every server, for itself. */
  readonly of: 'store' | 'process';
  /** Milliseconds from the end of a run to the start of the next. */
  readonly periodMs: number;
  /**
   * One run. What it throws is a failure: counted, logged by its code and tried again after a while. A run may be cut off
   * at any point and done again, so it must be one that harms nothing when it is done twice.
   *
   * @param signal aborts when the server stops, or when the lease was lost
   */
  run(signal: AbortSignal): Promise<void>;
}

/** What is known of a job: of its runs by this server, or from its record. */
export interface JobState {
  /** Milliseconds since 1970 when the last run ended; 0 for none yet. */
  readonly lastRunAt: number;
  /** Undefined: none yet. */
  readonly lastOutcome: 'done' | 'failed' | undefined;
  /** The code of the failure, never its message; undefined when the last run was done. */
  readonly why?: string | undefined;
  /** Runs that failed since the last one that was done. */
  readonly failures: number;
  /** Milliseconds since 1970 when it is due next. */
  readonly dueAt: number;
}

/** The kind of record (ports/record.ts) that holds the state of a job under its name. */
export const JOB_KIND = 'job';

/** A lease that was taken. */
export interface Lease {
  readonly name: string;
  /** Tells this holder from those before and after it. */
  readonly term: number;
}

/**
 * Leases: who does what alone, for now. They are no fact of the log: a store may lose all of them when nobody is left who
 * holds one, and a process that ends loses its own. What must be true after that is in a commit (law 26).
 */
export interface Leases {
  /** Takes the lease for so many milliseconds; undefined while somebody else has it, or it rests. */
  take(name: string, forMs: number): Promise<Lease | undefined>;
  /** Holds it for so many milliseconds from now; false when it is not this holder's any more. */
  extend(lease: Lease, forMs: number): Promise<boolean>;
  /** Gives it up; nobody takes it again before it has rested for so many milliseconds. */
  release(lease: Lease, restMs: number): Promise<void>;
}
