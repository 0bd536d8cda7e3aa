/** A clock with timers that a test drives: nothing waits, and the wall clock can be set while timers run on. */
import type { Clock, Timers } from '../src/ports/clock.ts';

export interface FakeTime extends Clock, Timers {
  /** So many milliseconds pass: timers that run out meanwhile call back, each at its time. */
  pass(ms: number): void;
  /** Somebody sets the wall clock; no time passes. */
  set(at: number): void;
  /** Timers that are running. */
  readonly running: number;
}

export function fakeTime(at = Date.UTC(2026, 0, 1)): FakeTime {
  let wall = at;
  let passed = 0;
  const timers = new Map<symbol, { readonly due: number; readonly call: () => void }>();

  const next = (until: number) =>
    [...timers].filter(([, { due }]) => due <= until).toSorted(([, a], [, b]) => a.due - b.due)[0];

  return {
    now: () => wall,
    after(ms, call) {
      const id = Symbol('timer');
      timers.set(id, { due: passed + ms, call });
      return () => void timers.delete(id);
    },
    pass(ms) {
      const until = passed + ms;
      for (let one = next(until); one !== undefined; one = next(until)) {
        const [id, { due, call }] = one;
        timers.delete(id);
        wall += due - passed;
        passed = due;
        call();
      }
      wall += until - passed;
      passed = until;
    },
    set(to) {
      wall = to;
    },
    get running() {
      return timers.size;
    },
  };
}
