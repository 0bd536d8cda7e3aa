/** When a mail is tried again that the relay could not take (direct-xdm 6): a table that spans a day in 12 attempts. */
import type { Receipt } from '../../ports/rail.ts';

const MINUTE_MS = 60_000;

/** Minutes before each further attempt; the last one again and again. */
const PAUSES_MIN: readonly [first: number, ...more: number[]] = [1, 5, 15, 30, 60, 120, 240];

/** Nothing is tried longer than this. */
export const GIVE_UP_MS = 24 * 60 * MINUTE_MS;

/** @param attempt the one that failed, 1 for the first */
export const pauseAfter = (attempt: number): number =>
  (PAUSES_MIN[Math.min(attempt, PAUSES_MIN.length) - 1] ?? PAUSES_MIN[0]) * MINUTE_MS;

/**
 * The receipt of a failed attempt.
 *
 * @param since milliseconds since 1970 when it was first due
 */
export function retryReceipt(why: string, attempt: number, since: number, now: number): Receipt {
  const afterMs = pauseAfter(attempt);
  return now + afterMs - since > GIVE_UP_MS
    ? { outcome: 'refused', why: `given up after ${attempt} attempts in a day: ${why}` }
    : { outcome: 'retry', why, afterMs };
}
