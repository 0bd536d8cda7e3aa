/**
 * Whether the end of a zip archive says what its directory is (PKWARE APPNOTE 4.3.14 to 4.3.16). yauzl believes the number
 * of rows and the place of the first; another reader believes the size, or counts from the end.
 */
import { BrokenPackage } from './broken-package.ts';

/** The directory as it was read. */
interface ReadDirectory {
  readonly entries: number;
  /** Bytes of its rows. */
  readonly length: number;
}

const END_LENGTH = 22;
const LOCATOR = 0x07064b50;
const LOCATOR_LENGTH = 20;
const END64_LENGTH = 56;

/**
 * Where the directory begins: it reaches up to the end, and both ends say so where there is a second one for ZIP64.
 *
 * @throws BrokenPackage `inconsistent`
 */
export function directoryStart(
  bytes: Buffer,
  commentLength: number,
  { entries, length }: ReadDirectory,
): number {
  const at = bytes.length - END_LENGTH - commentLength;
  const locatorAt = at - LOCATOR_LENGTH;
  const isLarge = locatorAt >= END64_LENGTH && bytes.readUInt32LE(locatorAt) === LOCATOR;
  const end = isLarge ? locatorAt - END64_LENGTH : at;
  const start = end - length;
  const says = (small: number, expected: number, ones: number): boolean =>
    small === expected || (isLarge && small === ones);
  const isTrue =
    says(bytes.readUInt16LE(at + 4), 0, 0xffff) &&
    says(bytes.readUInt16LE(at + 6), 0, 0xffff) &&
    says(bytes.readUInt16LE(at + 8), entries, 0xffff) &&
    says(bytes.readUInt16LE(at + 10), entries, 0xffff) &&
    says(bytes.readUInt32LE(at + 12), length, 0xffffffff) &&
    says(bytes.readUInt32LE(at + 16), start, 0xffffffff);
  if (!isTrue || (isLarge && !largeSays(bytes, end, [entries, entries, length, start])))
    throw new BrokenPackage('inconsistent');
  return start;
}

/** The end for ZIP64, which the locator behind it names. */
function largeSays(bytes: Buffer, at: number, expected: readonly number[]): boolean {
  const isHere = bytes.readBigUInt64LE(at + END64_LENGTH + 8) === BigInt(at);
  const isWhole = bytes.readBigUInt64LE(at + 4) === BigInt(END64_LENGTH - 12);
  const isOneDisk = bytes.readUInt32LE(at + 16) === 0 && bytes.readUInt32LE(at + 20) === 0;
  return (
    isHere &&
    isWhole &&
    isOneDisk &&
    expected.every((value, index) => bytes.readBigUInt64LE(at + 24 + 8 * index) === BigInt(value))
  );
}
