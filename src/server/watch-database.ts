/** What an operator must hear of the database that keeps the log: it does not answer, or its clock is not ours. */
import type { Log, Warnings } from '../http/log.ts';
import type { StoreStatus } from '../ports/store.ts';

interface Watched {
  readonly status: () => Pick<StoreStatus, 'silentSince'>;
  /** How much the clock of the database is ahead of ours, in milliseconds. */
  readonly clockAheadMs: () => number;
}

interface Hearers {
  readonly log: Pick<Log, 'write'>;
  readonly warnings: Warnings;
  readonly now: () => number;
}

/** Clocks further apart than this are worth a warning. */
const CLOCK_OFF_MS = 2000;
/** A difference that has changed by this much is said again. */
const CLOCK_MOVED_MS = 1000;

/** One look, to be repeated: what lasts is one line a window, what ends is said once. */
export function watchDatabase(
  { status, clockAheadMs }: Watched,
  { log, warnings, now }: Hearers,
): () => Promise<void> {
  let silentBefore: number | undefined;
  let saidAheadMs = 0;

  function lookForAnswer(): void {
    const { silentSince } = status();
    if (silentSince !== undefined) {
      const seconds = Math.round((now() - silentSince) / 1000);
      warnings.warn(
        'database-silent',
        'the database does not answer, or lets nobody in: writes and audited reads are refused',
        { seconds },
      );
    } else if (silentBefore !== undefined) {
      const seconds = Math.round((now() - silentBefore) / 1000);
      log.write('info', 'the database answers again', { seconds });
    }
    silentBefore = silentSince;
  }

  function lookAtClock(): void {
    const aheadMs = clockAheadMs();
    const isOff = Math.abs(aheadMs) > CLOCK_OFF_MS;
    if (isOff && Math.abs(aheadMs - saidAheadMs) > CLOCK_MOVED_MS) {
      log.write('warn', 'the clock of the database is not ours: set both by NTP', { aheadMs });
      saidAheadMs = aheadMs;
    } else if (!isOff && saidAheadMs !== 0) {
      log.write('info', 'the clock of the database is ours again', { aheadMs });
      saidAheadMs = 0;
    }
  }

  return async () => {
    lookForAnswer();
    lookAtClock();
  };
}
