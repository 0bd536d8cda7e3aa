/**
 * Memory that a thread gives back when it has nothing to do. V8 collects garbage when a thread asks for memory, and
 * SQLite keeps the pages that it read last: after a busy day both would keep through the night what the day needed.
 */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How often a thread looks whether it is idle. */
const LOOK_MS = 5000;
/** The share of the time between two looks for which an idle thread works at most: jobs go on at night. */
const IDLE_SHARE = 0.02;
/**
 * A thread collects only after so much work since the last collection. A request that arrives during a collection waits for
 * it, some 80 ms in the main thread; a server with a few requests a minute collects once in hours.
 */
const WORKED_MIN_MS = 5000;

/** What a watch looks at: how long the thread's event loop has worked since an earlier look, and for what share. */
export interface LoopWork {
  readonly active: number;
  readonly utilization: number;
}

export interface IdleWatch {
  /** Looks now; whether memory was given back. */
  readonly look: () => boolean;
  readonly close: () => void;
}

/**
 * Watches the calling thread, and calls `release` and then collects garbage when it is idle after it has worked.
 *
 * @param release gives back what is no garbage: the pages of databases
 * @param workSince how long the thread has worked since the last call
 */
export function watchIdleness(
  release: () => void,
  workSince: () => LoopWork = prepareWork(),
  collect: () => void = collectGarbage,
): IdleWatch {
  let worked = 0;
  const look = (): boolean => {
    const { active, utilization } = workSince();
    worked += active;
    if (utilization > IDLE_SHARE || worked < WORKED_MIN_MS) return false;
    worked = 0;
    release();
    collect();
    return true;
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return { look, close: () => clearInterval(timer) };
}

function prepareWork(): () => LoopWork {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const since = performance.eventLoopUtilization(now, last);
    last = now;
    return since;
  };
}

let collectNow: (() => void) | undefined;

/** A whole collection, which also shrinks the heap. Node offers it behind a flag of V8, which may be set at any time. */
function collectGarbage(): void {
  if (collectNow === undefined) {
    setFlagsFromString('--expose-gc');
    collectNow = runInNewContext('gc') as () => void; // the global that the flag adds to new contexts
  }
  collectNow();
}
