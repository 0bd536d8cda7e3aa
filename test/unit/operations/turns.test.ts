/** Long work in pieces (rules 5.8): whoever asks little waits for one piece, and not for one of each long work. */
import { expect, test } from '@jest/globals';
import { createTurns } from '../../../src/operations/turns.ts';

test('one piece runs in a turn of the loop, however many works are under way, and each work has its turn', async () => {
  const WORKS = 20;
  const PIECES = 5;
  const order: number[] = [];
  const work = async (number: number): Promise<void> => {
    const { after } = createTurns();
    for (let piece = 0; piece < PIECES; piece += 1) {
      await after(1_000_000);
      order.push(number);
    }
  };
  let most = 0;
  let seen = 0;
  let isOver = false;
  const look = (): void => {
    most = Math.max(most, order.length - seen);
    seen = order.length;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  await Promise.all(Array.from({ length: WORKS }, (_, number) => work(number)));
  isOver = true;
  expect(most).toBe(1);
  const round = Array.from({ length: WORKS }, (_, number) => number);
  expect(order).toEqual(Array.from({ length: PIECES }, () => round).flat());
});
