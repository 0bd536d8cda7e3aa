/** Sizes of 64 bits in a zip archive (PKWARE APPNOTE 4.5.3): some writers have them where nothing is that large. */
import { BrokenPackage } from './broken-package.ts';

/** Sizes of a row of the directory, and where the header of its file is. */
interface RowSizes {
  readonly size: number;
  readonly compressedSize: number;
  readonly headerAt: number;
}

const ZIP64 = 0x0001;
const ONES = 0xffffffff;

/** A number of 64 bits. @throws BrokenPackage for one that no archive has */
export function numberAt(bytes: Buffer, at: number): number {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BrokenPackage('inconsistent');
  return Number(value);
}

/**
 * The sizes of the row at `at`; one that is all ones stands in the extra field, in the order in which they are asked for.
 *
 * @throws BrokenPackage
 */
export function readSizes(bytes: Buffer, at: number, extra: Buffer): RowSizes {
  const large = findLarge(extra);
  let next = 0;
  const one = (small: number): number => {
    if (small !== ONES) return small;
    if (large === undefined || next + 8 > large.length) throw new BrokenPackage('inconsistent');
    next += 8;
    return numberAt(large, next - 8);
  };
  const size = one(bytes.readUInt32LE(at + 24));
  const compressedSize = one(bytes.readUInt32LE(at + 20));
  const headerAt = one(bytes.readUInt32LE(at + 42));
  if (bytes.readUInt16LE(at + 34) !== 0) throw new BrokenPackage('inconsistent');
  return { size, compressedSize, headerAt };
}

/** The field of ZIP64 among the extra fields. Another that is cut off says nothing of the sizes, and is left alone. */
function findLarge(extra: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2);
    if (at + 4 + length > extra.length) return undefined;
    if (extra.readUInt16LE(at) === ZIP64) return extra.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return undefined;
}
