/**
 * How guesses are slowed down (identity ID-41, NIST SP 800-63B-4 section 3.2.2): each failure makes the next try wait longer,
 * and after a hundred in a row the factor is closed to whoever guesses. Known devices are counted apart, so that a stranger
 * shuts nobody out of a browser that the person has used before.
 */

/** What is kept of the failures in a row at one factor, from one known device or from anywhere else. */
export interface Failures {
  readonly count: number;
  /** When the last one was, in milliseconds since 1970. */
  readonly lastAt: number;
}

/** After so many in a row only recovery helps. */
export const FAILURES_MAX = 100;

const FREE = 3;
const LONGEST_S = 900;

/** Seconds to wait after so many failures in a row: 0, 0, 0, 1, 2, 4 … 900. */
const waitAfter = (count: number): number =>
  count <= FREE ? 0 : Math.min(LONGEST_S, 2 ** Math.min(count - FREE - 1, 30));

/** Whether somebody may try now; else the seconds until then. Undefined seconds: not before recovery. */
export function mayTry(
  { count, lastAt }: Failures,
  now: number,
): { readonly ok: true } | { readonly ok: false; readonly retryAfter: number | undefined } {
  if (count >= FAILURES_MAX) return { ok: false, retryAfter: undefined };
  const left = lastAt + waitAfter(count) * 1000 - now;
  return left <= 0 ? { ok: true } : { ok: false, retryAfter: Math.ceil(left / 1000) };
}

/** One failure more. */
export const oneMore = (before: Failures | undefined, now: number): Failures => ({
  count: (before?.count ?? 0) + 1,
  lastAt: now,
});
