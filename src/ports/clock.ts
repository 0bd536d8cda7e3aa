/** Time and randomness are arguments (floors 0–3 have neither of their own). */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
}

/** Calls a timer off; after it has run out, nothing happens. */
export type CallOff = () => void;

/** Waiting, beside the clock. A fake of both drives tests that would else wait. */
export interface Timers {
  /** Calls back once, when so many milliseconds have passed. A timer keeps no process alive. */
  after(ms: number, call: () => void): CallOff;
}

/** Resolves when so many milliseconds have passed. */
export const pause = (timers: Timers, ms: number): Promise<void> =>
  new Promise((resolve) => void timers.after(ms, resolve));

/** A source of new resource ids: unguessable, 1 to 64 characters of the FHIR id alphabet. */
export type NewId = () => string;
