/** The end of a zip archive, which says where its directory is (PKWARE APPNOTE 4.3.14 to 4.3.16). */
import { BrokenPackage } from './broken-package.ts';
import { numberAt } from './read-zip64.ts';

/** Where the directory begins and ends, and how many rows it has. */
interface ZipEnd {
  readonly entries: number;
  readonly start: number;
  readonly end: number;
}

const END = 0x06054b50;
const END_LENGTH = 22;
const COMMENT_MAX = 0xffff;
const LOCATOR = 0x07064b50;
const LOCATOR_LENGTH = 20;
const END64 = 0x06064b50;
const END64_LENGTH = 56;

/** @throws BrokenPackage */
export function readEnd(bytes: Buffer): ZipEnd {
  const at = findEnd(bytes);
  const said = {
    disks: [bytes.readUInt16LE(at + 4), bytes.readUInt16LE(at + 6)],
    here: bytes.readUInt16LE(at + 8),
    entries: bytes.readUInt16LE(at + 10),
    size: bytes.readUInt32LE(at + 12),
    start: bytes.readUInt32LE(at + 16),
  };
  const large = readLargeEnd(bytes, at);
  const isAlike =
    large === undefined
      ? said.here === said.entries
      : isOf(said.here, large.entries, 0xffff) &&
        isOf(said.entries, large.entries, 0xffff) &&
        isOf(said.size, large.size, 0xffffffff) &&
        isOf(said.start, large.start, 0xffffffff);
  const { entries, size, start } = large ?? said;
  const end = large?.at ?? at;
  const isOneDisk = said.disks.every((disk) => disk === 0 || (large !== undefined && disk === 0xffff));
  if (!isAlike || !isOneDisk || start + size !== end) throw new BrokenPackage('inconsistent');
  return { entries, start, end };
}

/** A small number that stands for a large one is all ones, or the same. */
const isOf = (small: number, large: number, ones: number): boolean => small === large || small === ones;

/** The one end whose comment is the rest of the bytes. A second one would be another archive to another reader. */
function findEnd(bytes: Buffer): number {
  const ends: number[] = [];
  for (
    let at = bytes.length - END_LENGTH;
    at >= Math.max(0, bytes.length - END_LENGTH - COMMENT_MAX);
    at -= 1
  ) {
    if (bytes.readUInt32LE(at) === END && bytes.readUInt16LE(at + 20) === bytes.length - at - END_LENGTH)
      ends.push(at);
  }
  const [only, another] = ends;
  if (only === undefined) throw new BrokenPackage('not-a-package');
  if (another !== undefined) throw new BrokenPackage('inconsistent');
  return only;
}

/** The end of ZIP64, where a locator stands before the end. No archive that is taken needs it, but some writers have it. */
function readLargeEnd(
  bytes: Buffer,
  endAt: number,
):
  | { readonly at: number; readonly entries: number; readonly size: number; readonly start: number }
  | undefined {
  const locatorAt = endAt - LOCATOR_LENGTH;
  if (locatorAt < 0 || bytes.readUInt32LE(locatorAt) !== LOCATOR) return undefined;
  const at = numberAt(bytes, locatorAt + 8);
  if (at + END64_LENGTH > locatorAt || bytes.readUInt32LE(at) !== END64)
    throw new BrokenPackage('inconsistent');
  const isWhole = at + 12 + numberAt(bytes, at + 4) === locatorAt;
  const isOneDisk = bytes.readUInt32LE(at + 16) === 0 && bytes.readUInt32LE(at + 20) === 0;
  const entries = numberAt(bytes, at + 32);
  if (!isWhole || !isOneDisk || numberAt(bytes, at + 24) !== entries) throw new BrokenPackage('inconsistent');
  return { at, entries, size: numberAt(bytes, at + 40), start: numberAt(bytes, at + 48) };
}
