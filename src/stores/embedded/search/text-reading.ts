/**
 * When full text is read: in small steps by a search thread that has nothing to do, as fast as it goes while the store is
 * quiet, and a little once a second while it is not. What is still missing when someone searches is read then.
 */
import type { SearchPool } from './search-pool.ts';
import type { WriterQueue } from '../write/writer-queue.ts';

/** Versions of one step: a search that comes meanwhile waits for some milliseconds. */
const STEP = 64;
/** Time between two looks whether the store is quiet, in milliseconds. */
const LOOK_MS = 1000;

/** Reads until it is stopped. */
export function readWhenIdle(queue: WriterQueue, pool: SearchPool): { stop(): void } {
  let stopped = false;
  let timer = setTimeout(() => void look(), LOOK_MS).unref();
  /** Where the store stood at the last look, and whether everything up to there is read. */
  let before = '';
  let isRead = false;

  const standing = (): string => `${queue.head.seq} ${pool.searches}`;

  async function look(): Promise<void> {
    const now = standing();
    const isQuiet = now === before && queue.isIdle;
    before = now;
    if (!isQuiet) isRead = false;
    if (!isRead) {
      let more = await step();
      while (more === true && isQuiet && !stopped && standing() === now) more = await step();
      isRead = more === false;
    }
    if (!stopped) timer = setTimeout(() => void look(), LOOK_MS).unref();
  }

  /** Whether there is more; undefined when it could not be done now: the next look tries again, or whoever searches. */
  async function step(): Promise<boolean | undefined> {
    try {
      return await pool.advanceTexts(STEP);
    } catch {
      return undefined;
    }
  }

  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
