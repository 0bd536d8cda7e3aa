/** Whether the main thread is late with what it has to do, as its event loop shows. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

interface Lateness {
  isLate(): boolean;
  /**
   * Tells, every few milliseconds while it is late, for how much of them it had nothing to do: it may be held up by many
   * requests, and a moment later by none, because all of them wait for the disk.
   */
  whileLate(tell: (idle: number) => void): void;
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
/** How often it is told, while late. */
const SPARE_MS = 5;

export function watchLateness(): Lateness {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let lateUntil = 0;
  let watching: NodeJS.Timeout | undefined;
  let told: (idle: number) => void = () => {};
  const isLate = (): boolean => performance.now() < lateUntil;

  function watchSpare(): void {
    if (watching !== undefined) return;
    let before = performance.eventLoopUtilization();
    watching = setInterval(() => {
      const now = performance.eventLoopUtilization();
      told(1 - performance.eventLoopUtilization(now, before).utilization);
      before = now;
      if (isLate()) return;
      clearInterval(watching);
      watching = undefined;
    }, SPARE_MS).unref();
  }

  const timer = setInterval(() => {
    if (delays.percentile(50) > LATE_MS * 1e6) {
      lateUntil = performance.now() + AFTER_MS;
      watchSpare();
    }
    delays.reset();
  }, SAMPLE_MS).unref();
  return {
    isLate,
    whileLate: (tell) => void (told = tell),
    stop() {
      clearInterval(timer);
      clearInterval(watching);
      delays.disable();
    },
  };
}
