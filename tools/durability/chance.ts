/** Chance that can be had again: everything random in a run follows from its seed. */

export interface Chance {
  /** In [0, 1). */
  next(): number;
  /** A whole number from 0 to below `end`. */
  below(end: number): number;
  /** True this often. */
  happens(probability: number): boolean;
  /** A member of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** Chance of its own, so that concurrent parts do not disturb each other's order. */
  fork(): Chance;
}

/** The generator mulberry32, by Tommy Ettinger: small, and even enough to choose moments with. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return {
    next,
    below,
    happens: (probability) => next() < probability,
    pick(list) {
      const one = list[below(list.length)];
      if (one === undefined) throw new Error('nothing to pick from');
      return one;
    },
    fork: () => createChance(below(2 ** 32)),
  };
}
