/**
 * Reads full text in small steps on an idle search thread: as fast as possible while the store is quiet, and one step
 * per look while it is not. A search reads the rest before it begins.
 */
import type { SearchPool } from './search-pool.ts';
import type { WriteQueue } from '../../log/write-queue.ts';

/** The number of versions of one step: a search that arrives meanwhile waits for some milliseconds. */
const STEP = 64;

/** One look: reads a step, or everything while the store has been quiet since the look before. Call it every second. */
export function createTextReading(
  queue: WriteQueue,
  pool: SearchPool,
): (signal: AbortSignal) => Promise<void> {
  /** The seq of the store at the last look, and whether everything up to there is read. */
  let before = '';
  let isRead = false;

  const standing = (): string => `${queue.head.seq} ${pool.searches}`;

  /** Whether there is more; undefined when it could not be done now, and the next look or search tries again. */
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
