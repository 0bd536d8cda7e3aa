import { describe, expect, test } from '@jest/globals';
import { BATCH_MAX, BATCH_WEIGHT, selectCommits, weightOf } from '../../../src/stores/log/select-commits.ts';

const LIGHT = 1000;
const HEAVY = BATCH_WEIGHT + 1;
const waitingOf = (...weights: readonly number[]) => weights.map((weight, id) => ({ id, weight }));
const idsOf = (some: readonly { readonly id: number }[]) => some.map(({ id }) => id);

type Waiting = ReturnType<typeof waitingOf>;

/** The batches in which commits of these weights go down, one after the other, when no further commit arrives. */
const batchesOf = (...weights: readonly number[]): readonly (readonly number[])[] =>
  batchesFrom(waitingOf(...weights), false);

function batchesFrom(waiting: Waiting, heavyNext: boolean): readonly (readonly number[])[] {
  if (waiting.length === 0) return [];
  const next = selectCommits(waiting, { heavyNext, isLightWaiting: false });
  return [idsOf(next.taken), ...batchesFrom([...next.left], next.heavyNext)];
}

describe('(ADR 0001) the commits of a batch', () => {
  test('light commits go down together, in their order', () => {
    expect(batchesOf(LIGHT, LIGHT, LIGHT)).toEqual([[0, 1, 2]]);
  });

  test('at most 256 of them, and at most so much as weighs little together', () => {
    expect(batchesOf(...Array.from({ length: BATCH_MAX + 1 }, () => 1)).map(({ length }) => length)).toEqual([
      BATCH_MAX,
      1,
    ]);
    expect(batchesOf(BATCH_WEIGHT, 1)).toEqual([[0], [1]]);
    expect(batchesOf(BATCH_WEIGHT - 1, 1, 1)).toEqual([[0, 1], [2]]);
  });

  test('a heavy commit lets light ones go before it once, and then goes alone', () => {
    expect(batchesOf(HEAVY, LIGHT, LIGHT)).toEqual([[1, 2], [0]]);
    expect(batchesOf(LIGHT, HEAVY, LIGHT)).toEqual([[0, 2], [1]]);
  });

  test('a light commit waits for one heavy commit at most', () => {
    const first = selectCommits(waitingOf(HEAVY, HEAVY), { heavyNext: false, isLightWaiting: false });
    expect(idsOf(first.taken)).toEqual([0]);
    const arrived = [...first.left, { id: 2, weight: LIGHT }];
    expect(idsOf(selectCommits(arrived, { ...first, isLightWaiting: false }).taken)).toEqual([2]);
  });

  test('a heavy commit is not added to a batch that holds something, and is in the next', () => {
    const first = selectCommits(waitingOf(HEAVY), { heavyNext: false, isLightWaiting: true });
    expect(first).toMatchObject({ taken: [], heavyNext: true });
    expect(idsOf(selectCommits(first.left, { heavyNext: true, isLightWaiting: true }).taken)).toEqual([0]);
  });
});

test('the weight of a commit counts its texts, its resources and their search values', () => {
  const reach = { parties: [], outward: [], inward: [], everyone: false };
  const write = { ref: 'Task/1', method: 'PUT', base: 0, custodian: '', reach } as const;
  const value = { param: 'status', low: 'draft', high: '' };
  const weighed = (text: string, values: number) =>
    weightOf({
      writes: [
        {
          ...write,
          text: { pieces: [text], holes: [] },
          values: Array.from({ length: values }, () => value),
        },
      ],
    });
  expect(weighed('x'.repeat(500), 0) - weighed('', 0)).toBe(500);
  expect(weighed('', 3) - weighed('', 0)).toBe(3 * 128);
  expect(
    weightOf({ writes: [{ ...write, text: { pieces: ['', ''], holes: [new Uint8Array(70)] }, values: [] }] }),
  ).toBe(2048 + 70);
});
