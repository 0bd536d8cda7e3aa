/** Whether the main thread is late with what it has to do, as its event loop shows. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

interface Lateness {
  isLate(): boolean;
  stop(): void;
}

const RESOLUTION_MS = 10;
const SAMPLE_MS = 250;
/** Most of a sample's turns took longer than this: many small requests at once do not. */
const LATE_MS = 30;
/**
 * It counts as late for so long after it was: who is held back makes it punctual, and when it is let go the others wait
 * until that has been noticed. This happens for less than one of a hundred requests.
 */
const AFTER_MS = 60_000;

export function watchLateness(): Lateness {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let lateUntil = 0;
  const timer = setInterval(() => {
    if (delays.percentile(50) > LATE_MS * 1e6) lateUntil = performance.now() + AFTER_MS;
    delays.reset();
  }, SAMPLE_MS).unref();
  return {
    isLate: () => performance.now() < lateUntil,
    stop() {
      clearInterval(timer);
      delays.disable();
    },
  };
}
