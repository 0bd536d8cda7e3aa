/**
 * How full text is read: in small steps by a search thread that has nothing to do, as fast as it goes while the store is
 * quiet, and one step a look while it is not. What is still missing when someone searches is read then.
 */
import type { SearchPool } from './search-pool.ts';
import type { WriteQueue } from '../../log/write-queue.ts';

/** Versions of one step: a search that comes meanwhile waits for some milliseconds. */
const STEP = 64;

/** One look: reads a step, or all there is while the store has been quiet since the look before. To be called each second. */
export function createTextReading(
  queue: WriteQueue,
  pool: SearchPool,
): (signal: AbortSignal) => Promise<void> {
  /** Where the store stood at the last look, and whether everything up to there is read. */
  let before = '';
  let isRead = false;

  const standing = (): string => `${queue.head.seq} ${pool.searches}`;

  /** Whether there is more; undefined when it could not be done now: the next look tries again, or whoever searches. */
  async function step(): Promise<boolean | undefined> {
    try {
      return await pool.advanceTexts(STEP);
    } catch {
      return undefined;
    }
  }

  return async (signal) => {
    const now = standing();
    const isQuiet = now === before && queue.isIdle;
    before = now;
    if (!isQuiet) isRead = false;
    if (isRead) return;
    let more = await step();
    while (more === true && isQuiet && !signal.aborted && standing() === now) more = await step();
    isRead = more === false;
  };
}
