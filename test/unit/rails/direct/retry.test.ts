/** When a mail that the relay could not take is tried again, and until when (direct-xdm 6). */
import { expect, test } from '@jest/globals';
import type { Receipt } from '../../../../src/ports/rail.ts';
import { pauseAfter, retryReceipt } from '../../../../src/rails/direct/retry.ts';

const MINUTE = 60_000;
const WHY = 'the relay answered 451';
const SINCE = Date.UTC(2026, 2, 1);

test('(direct-xdm 6) from one minute to four hours, and given up within a day: twelve attempts, as many as a delivery has', () => {
  const pauses: number[] = [];
  let now = SINCE;
  let last: Receipt = retryReceipt(WHY, 1, SINCE, now);
  for (let attempt = 1; last.outcome === 'retry'; attempt += 1) {
    const afterMs = last.afterMs ?? 0;
    pauses.push(afterMs / MINUTE);
    now += afterMs;
    last = retryReceipt(WHY, attempt + 1, SINCE, now);
  }
  expect(last).toEqual({ outcome: 'refused', why: `given up after 12 attempts in a day: ${WHY}` });
  expect(pauses).toEqual([1, 5, 15, 30, 60, 120, 240, 240, 240, 240, 240]);
  expect(pauses.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(24 * 60);
});

test('every further attempt waits four hours', () => {
  expect([7, 8, 100].map((attempt) => pauseAfter(attempt) / MINUTE)).toEqual([240, 240, 240]);
});
