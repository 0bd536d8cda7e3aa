/** Sets of numbers as bits, 32 in a word. */
export type Bits = Uint32Array;

/** Words for the numbers from 0 to one. */
export const wordsFor = (last: number): number => Math.floor(last / 32) + 1;

export const hasBit = (bits: Bits, number: number): boolean =>
  ((bits[number >>> 5] ?? 0) & (1 << (number & 31))) !== 0;

/** Puts numbers into a set that has room for them. */
export function putBits(bits: Bits, numbers: readonly number[]): void {
  for (const number of numbers) bits[number >>> 5] = (bits[number >>> 5] ?? 0) | (1 << (number & 31));
}

/** Takes away what is not in another set as well, which has as many words or more. */
export function narrowBits(bits: Bits, to: Bits): void {
  for (let word = 0; word < bits.length; word += 1) bits[word] = (bits[word] ?? 0) & (to[word] ?? 0);
}

export function countBits(bits: Bits): number {
  let count = 0;
  for (let word of bits) {
    // By pairs, by fours, by bytes, and all four bytes together.
    word -= (word >>> 1) & 0x5555_5555;
    word = (word & 0x3333_3333) + ((word >>> 2) & 0x3333_3333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
  }
  return count;
}

/** The numbers in a set, the least first. */
export function bitsListed(bits: Bits): readonly number[] {
  const numbers: number[] = [];
  for (const [word, value] of bits.entries()) {
    for (let rest = value; rest !== 0; rest &= rest - 1)
      numbers.push(word * 32 + 31 - Math.clz32(rest & -rest));
  }
  return numbers;
}
