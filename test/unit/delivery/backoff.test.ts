import { expect, test } from '@jest/globals';
import { backoffMs } from '../../../src/delivery/backoff.ts';

const settings = { backoffMinMs: 1_000, backoffMaxMs: 60_000 };

test.each([
  [1, 0, 500],
  [1, 0.999_999, 1_000],
  [2, 0, 1_000],
  [3, 0.5, 3_000],
  [6, 0, 16_000],
  [7, 0, 30_000],
  [7, 0.999_999, 60_000],
  [100, 0.999_999, 60_000],
])('after attempt %i, at chance %d: %i ms', (attempt, random, expected) => {
  expect(backoffMs(attempt, settings, random)).toBe(expected);
});

test('what the receiver asked for is never undercut', () => {
  expect(backoffMs(1, settings, 0, 90_000)).toBe(90_000);
  expect(backoffMs(7, settings, 0, 10)).toBe(30_000);
});
