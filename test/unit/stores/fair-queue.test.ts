/** Turns of those who wait (rules 3.4): by organization, not by arrival. */
import { describe, expect, test } from '@jest/globals';
import { createFairQueue } from '../../../src/stores/embedded/fair-queue.ts';

const anybody = (): boolean => true;

function fill(items: readonly string[]) {
  const queue = createFairQueue<string>();
  for (const item of items) queue.push(item.slice(0, 1), item);
  return queue;
}

describe('a fair queue', () => {
  test.each([
    [
      ['a1', 'a2', 'a3', 'b1'],
      ['a1', 'b1', 'a2', 'a3'],
    ],
    [
      ['a1', 'a2', 'b1', 'b2', 'c1'],
      ['a1', 'b1', 'c1', 'a2', 'b2'],
    ],
    [['a1'], ['a1']],
  ])('of %j serves %j', (items, served) => {
    const queue = fill(items);
    expect(items.map(() => queue.shift(anybody))).toEqual(served);
    expect([queue.shift(anybody), queue.size]).toEqual([undefined, 0]);
  });

  test('who may not go on is passed over, and keeps the place', () => {
    const queue = fill(['a1', 'a2', 'b1']);
    expect(queue.shift((owner) => owner !== 'a')).toBe('b1');
    expect(queue.shift((owner) => owner !== 'a')).toBeUndefined();
    expect(queue.sizeOf('a')).toBe(2);
    expect(queue.shift(anybody)).toBe('a1');
  });

  test('what is taken out is out', () => {
    const queue = fill(['a1', 'a2', 'b1']);
    expect([queue.remove('a', 'a2'), queue.remove('a', 'a2'), queue.remove('c', 'c1')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(queue.drain()).toEqual(['a1', 'b1']);
    expect(queue.size).toBe(0);
  });
});
