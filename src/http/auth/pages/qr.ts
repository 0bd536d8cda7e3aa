/**
 * QR codes (ISO/IEC 18004) as SVG, made here because the secret of an authenticator app must not pass a third party
 * (identity ID-31). Bytes alone, error correction M, versions 1 to 10: up to 213 bytes.
 */
import { Html } from './html.ts';

/** Of each version: words of error correction per block, and the words of content of each block. */
const BLOCKS: readonly { readonly correction: number; readonly content: readonly number[] }[] = [
  { correction: 10, content: [16] },
  { correction: 16, content: [28] },
  { correction: 26, content: [44] },
  { correction: 18, content: [32, 32] },
  { correction: 24, content: [43, 43] },
  { correction: 16, content: [27, 27, 27, 27] },
  { correction: 18, content: [31, 31, 31, 31] },
  { correction: 22, content: [38, 38, 39, 39] },
  { correction: 22, content: [36, 36, 36, 37, 37] },
  { correction: 26, content: [43, 43, 43, 43, 44] },
];

/** Rows and columns of the centres of alignment patterns, by version. */
const ALIGNMENT: readonly (readonly number[])[] = [
  [],
  [6, 18],
  [6, 22],
  [6, 26],
  [6, 30],
  [6, 34],
  [6, 22, 38],
  [6, 24, 42],
  [6, 26, 46],
  [6, 28, 50],
];

const QUIET = 4;

/** A picture of a text, black on white. @throws RangeError for more than 213 bytes */
export function qrCode(text: string, label: string): Html {
  const modules = qrModules(text);
  const size = modules.length + 2 * QUIET;
  const path = modules
    .flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + QUIET} ${y + QUIET}h1v1h-1z`] : [])))
    .join('');
  const name = label.replace(/[&<>"']/g, '');
  return new Html(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" role="img" aria-label="${name}" ` +
      `shape-rendering="crispEdges"><path d="${path}" fill="#000"/></svg>`,
  );
}

/** The dark modules by rows, without the quiet zone. */
export function qrModules(text: string): readonly (readonly boolean[])[] {
  const bytes = new TextEncoder().encode(text);
  const at = BLOCKS.findIndex(({ content }, index) => bytes.length + (index < 9 ? 2 : 3) <= sum(content));
  if (at < 0) throw new RangeError(`${bytes.length} bytes are too many for a QR code`);
  const grid = new Grid(at + 1);
  grid.place(interleave(contentWords(bytes, at), at));
  return grid.masked();
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** Mode, length, bytes, end, and the padding that the standard names. */
function contentWords(bytes: Uint8Array, at: number): readonly number[] {
  const bits: number[] = [];
  const push = (value: number, length: number): void => {
    for (let bit = length - 1; bit >= 0; bit -= 1) bits.push((value >> bit) & 1);
  };
  push(0b0100, 4);
  push(bytes.length, at < 9 ? 8 : 16);
  for (const byte of bytes) push(byte, 8);
  const room = 8 * sum(BLOCKS[at]?.content ?? []);
  push(0, Math.min(4, room - bits.length));
  while (bits.length % 8 !== 0) bits.push(0);
  const words: number[] = [];
  for (let bit = 0; bit < bits.length; bit += 8)
    words.push(Number.parseInt(bits.slice(bit, bit + 8).join(''), 2));
  for (let pad = 0; words.length < room / 8; pad += 1) words.push(pad % 2 === 0 ? 0xec : 0x11);
  return words;
}

/** The words of all blocks in turn, then those of their error correction. */
function interleave(words: readonly number[], at: number): readonly number[] {
  const { content, correction } = BLOCKS[at] ?? { content: [], correction: 0 };
  let start = 0;
  const blocks = content.map((length) => words.slice(start, (start += length)));
  const corrections = blocks.map((block) => remainder(block, correction));
  return [...inTurn(blocks), ...inTurn(corrections)];
}

/** The first of each list, then the second of each. */
const inTurn = (lists: readonly (readonly number[])[]): readonly number[] =>
  Array.from({ length: Math.max(...lists.map((list) => list.length)) }, (_, index) =>
    lists.flatMap((list) => list.slice(index, index + 1)),
  ).flat();

/** Powers of two in GF(256) by x⁸ + x⁴ + x³ + x² + 1, and their logarithms. */
const POWERS: number[] = [];
const LOGS: number[] = [];
for (let power = 0, value = 1; power < 255; power += 1) {
  POWERS.push(value);
  LOGS[value] = power;
  value = value & 0x80 ? (value << 1) ^ 0x11d : value << 1;
}

const times = (a: number, b: number): number =>
  a === 0 || b === 0 ? 0 : (POWERS[((LOGS[a] ?? 0) + (LOGS[b] ?? 0)) % 255] ?? 0);

/** Reed and Solomon: the remainder of the block by the generator of that degree. */
function remainder(block: readonly number[], degree: number): readonly number[] {
  let generator = [1];
  for (let power = 0; power < degree; power += 1) {
    const factor = POWERS[power] ?? 0;
    generator = [...generator, 0].map((value, index) => value ^ times(generator[index - 1] ?? 0, factor));
  }
  const rest = [...block, ...Array.from({ length: degree }, () => 0)];
  for (let index = 0; index < block.length; index += 1) {
    const lead = rest[index] ?? 0;
    for (const [offset, value] of generator.entries())
      rest[index + offset] = (rest[index + offset] ?? 0) ^ times(value, lead);
  }
  return rest.slice(block.length);
}

const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

class Grid {
  readonly #version: number;
  readonly #size: number;
  /** Undefined: free for content. */
  readonly #fixed: (boolean | undefined)[][];
  readonly #content: boolean[][];

  constructor(version: number) {
    this.#version = version;
    this.#size = 17 + 4 * version;
    this.#fixed = Array.from({ length: this.#size }, () => Array.from({ length: this.#size }));
    this.#content = Array.from({ length: this.#size }, () => Array.from({ length: this.#size }, () => false));
    this.#drawFinders();
    this.#drawAlignment();
    this.#drawTiming();
    this.#drawFormat(this.#fixed, 0);
    this.#drawVersion();
  }

  #set(x: number, y: number, dark: boolean): void {
    const row = this.#fixed[y];
    if (row !== undefined && x >= 0 && x < this.#size) row[x] = dark;
  }

  #drawFinders(): void {
    const far = this.#size - 4;
    for (const [centreX, centreY] of [
      [3, 3],
      [far, 3],
      [3, far],
    ] as const)
      for (let y = -4; y <= 4; y += 1)
        for (let x = -4; x <= 4; x += 1) {
          const ring = Math.max(Math.abs(x), Math.abs(y));
          this.#set(centreX + x, centreY + y, ring !== 2 && ring !== 4);
        }
  }

  #drawAlignment(): void {
    const centres = ALIGNMENT[this.#version - 1] ?? [];
    const last = centres.at(-1);
    for (const centreY of centres)
      for (const centreX of centres) {
        const inFinder =
          (centreX === 6 && centreY === 6) ||
          (centreX === 6 && centreY === last) ||
          (centreX === last && centreY === 6);
        if (inFinder) continue;
        for (let y = -2; y <= 2; y += 1)
          for (let x = -2; x <= 2; x += 1)
            this.#set(centreX + x, centreY + y, Math.max(Math.abs(x), Math.abs(y)) !== 1);
      }
  }

  #drawTiming(): void {
    for (let at = 8; at < this.#size - 8; at += 1) {
      this.#set(at, 6, at % 2 === 0);
      this.#set(6, at, at % 2 === 0);
    }
  }

  /** Level M is 00, so that the five bits are the mask alone. */
  #drawFormat(rows: (boolean | undefined)[][], mask: number): void {
    const bits = ((mask << 10) | divided(mask << 10, 0x537, 10)) ^ 0x5412;
    const put = (x: number, y: number, bit: number): void => {
      const row = rows[y];
      if (row !== undefined) row[x] = ((bits >> bit) & 1) === 1;
    };
    const far = this.#size - 1;
    for (let bit = 0; bit < 15; bit += 1) {
      if (bit < 6) put(8, bit, bit);
      else if (bit < 8) put(8, bit + 1, bit);
      else if (bit === 8) put(7, 8, bit);
      else put(14 - bit, 8, bit);
      if (bit < 8) put(far - bit, 8, bit);
      else put(8, this.#size - 15 + bit, bit);
    }
    const row = rows[this.#size - 8];
    if (row !== undefined) row[8] = true;
  }

  #drawVersion(): void {
    if (this.#version < 7) return;
    const bits = (this.#version << 12) | divided(this.#version << 12, 0x1f25, 12);
    for (let bit = 0; bit < 18; bit += 1) {
      const dark = ((bits >> bit) & 1) === 1;
      const along = this.#size - 11 + (bit % 3);
      const across = Math.floor(bit / 3);
      this.#set(along, across, dark);
      this.#set(across, along, dark);
    }
  }

  /** Up and down in pairs of columns, from the right. */
  place(words: readonly number[]): void {
    let bit = 0;
    for (let right = this.#size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      const upward = ((right + 1) & 2) === 0;
      for (let step = 0; step < this.#size; step += 1)
        for (const x of [right, right - 1]) {
          const y = upward ? this.#size - 1 - step : step;
          const row = this.#content[y];
          if (row === undefined || this.#fixed[y]?.[x] !== undefined) continue;
          row[x] = (((words[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
          bit += 1;
        }
    }
  }

  /** With the mask that disturbs readers least. */
  masked(): readonly (readonly boolean[])[] {
    const drawn = MASKS.map((flips, mask) => {
      const rows = this.#fixed.map((row, y) =>
        row.map((fixed, x) => fixed ?? (this.#content[y]?.[x] ?? false) !== flips(x, y)),
      );
      this.#drawFormat(rows, mask);
      return rows;
    });
    const [best = []] = drawn.toSorted((a, b) => penalty(a) - penalty(b));
    return best;
  }
}

function divided(value: number, by: number, degree: number): number {
  let rest = value;
  for (let bit = 31 - Math.clz32(rest); rest !== 0 && bit >= degree; bit = 31 - Math.clz32(rest))
    rest ^= by << (bit - degree);
  return rest;
}

/** Long runs, squares, and an uneven share of dark modules; the patterns that look like finders cost as runs. */
function penalty(rows: readonly (readonly boolean[])[]): number {
  const lines = [...rows, ...(rows[0] ?? []).map((_, x) => rows.map((row) => row[x] ?? false))];
  const runs = lines.map((line) => line.map((dark) => (dark ? '1' : '0')).join(''));
  const long = sum(
    runs.flatMap((run) => [...run.matchAll(/0{5,}|1{5,}/g)].map(([found]) => found.length - 2)),
  );
  const like = sum(runs.map((run) => [...run.matchAll(/(?=10111010000|00001011101)/g)].length));
  let squares = 0;
  for (const [y, row] of rows.entries())
    for (const [x, dark] of row.entries())
      if (row[x + 1] === dark && rows[y + 1]?.[x] === dark && rows[y + 1]?.[x + 1] === dark) squares += 1;
  const share = rows.flat().filter(Boolean).length / rows.length ** 2;
  return long + 40 * like + 3 * squares + 10 * Math.floor(Math.abs(share * 20 - 10));
}
