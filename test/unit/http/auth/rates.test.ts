/** How often something may happen for a name (smart SM-46). */
import { expect, test } from '@jest/globals';
import { createRates } from '../../../../src/http/auth/rates.ts';

test('(smart SM-46) a burst is let through, then so many a second, and each name has its own', () => {
  let now = 0;
  const rates = createRates({ perSecond: 20, burst: 40 }, () => now);
  const burst = Array.from({ length: 41 }, () => rates.take('one'));
  expect(burst.filter((wait) => wait === 0)).toHaveLength(40);
  expect(burst.at(-1)).toBe(1);
  expect(rates.take('other')).toBe(0);
  now += 1000;
  const later = Array.from({ length: 21 }, () => rates.take('one'));
  expect(later.filter((wait) => wait === 0)).toHaveLength(20);
  expect(rates.waitOf('one')).toBe(1);
});
