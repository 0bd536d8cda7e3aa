/** The clock and the timers of the machine, handed to all that may not ask for them itself. */
import type { Clock, Timers } from '../ports/clock.ts';

/** A clock that never goes back (baa-messaging BA5): what ended by it has ended for good. */
interface SteadyClock extends Clock {
  /** How far the machine's clock is behind a time that has been, in milliseconds; 0 where it is not. */
  behindMs(): number;
  /** Says that this time has been: the newest commit was made at it. Milliseconds since 1970. */
  notBefore(ms: number): void;
}

export function createSteadyClock(machine: Clock): SteadyClock {
  let latest = 0;
  const now = (): number => (latest = Math.max(latest, machine.now()));
  return {
    now,
    behindMs: () => Math.max(0, latest - machine.now()),
    notBefore: (ms) => {
      latest = Math.max(latest, ms);
    },
  };
}

export const clock: SteadyClock = createSteadyClock({ now: () => Date.now() });

export const timers: Timers = {
  after(ms, call) {
    const timer = setTimeout(call, ms).unref();
    return () => clearTimeout(timer);
  },
};
