/** The clock and the timers of the machine, handed to all that may not ask for them itself. */
import type { Clock, Timers } from '../ports/clock.ts';

export const clock: Clock = { now: () => Date.now() };

export const timers: Timers = {
  after(ms, call) {
    const timer = setTimeout(call, ms).unref();
    return () => clearTimeout(timer);
  },
};
