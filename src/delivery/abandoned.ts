/** When an attempt is given up whose rail does not end it. */
import type { Timers } from '../ports/clock.ts';
import type { Receipt } from '../ports/rail.ts';

/** A rail that does not heed its signal is given up after this. */
export const ABORT_GRACE_MS = 1_000;

interface Abandoned {
  /** Resolves when a rail has had its grace after the signal aborted. */
  readonly receipt: Promise<Receipt>;
  /** The attempt has ended: it never resolves. */
  readonly forget: () => void;
}

/** Watches an attempt from now on; the caller calls `forget` when the attempt has ended. */
export function whenAbandoned(timers: Timers, signal: AbortSignal): Abandoned {
  const { promise, resolve } = Promise.withResolvers<Receipt>();
  let callOff = (): void => undefined;
  const giveUp = (): void => {
    callOff = timers.after(ABORT_GRACE_MS, () => resolve({ outcome: 'retry', why: 'deadline' }));
  };
  signal.addEventListener('abort', giveUp, { once: true });
  return {
    receipt: promise,
    forget() {
      signal.removeEventListener('abort', giveUp);
      callOff();
    },
  };
}
