/**
 * Writes a zip archive (PKWARE APPNOTE 4.3) that depends on nothing but its files and their time: they are stored, because
 * two builds of a compressor need not write the same bytes, and their time is in UTC, which every machine agrees on.
 */
import { crc32 } from 'node:zlib';

export interface ZipFile {
  /** In ASCII, from the root. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Names are UTF-8; version 2.0 of the format. */
const FLAGS = 0x0800;
const VERSION = 20;
const STORED = 0;

/** @param at milliseconds since 1970: the time of every file */
export function writeZip(files: readonly ZipFile[], at: number): Uint8Array {
  const { date, time } = dosTimeOf(at);
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes } of files) {
    const named = Buffer.from(name, 'latin1');
    const sizes = [time, date, crc32(bytes), bytes.length, bytes.length, named.length] as const;
    const local = Buffer.concat([
      fields([0x04034b50, 4], [VERSION, 2], [FLAGS, 2], [STORED, 2], ...common(sizes), [0, 2]),
      named,
    ]);
    directory.push(
      fields([0x02014b50, 4], [VERSION, 2], [VERSION, 2], [FLAGS, 2], [STORED, 2], ...common(sizes)),
      // no extra field and no comment, on disk 0, no attributes
      fields([0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]),
      named,
    );
    pieces.push(local, bytes);
    offset += local.length + bytes.length;
  }
  const listed = Buffer.concat(directory);
  const count = files.length;
  const end = fields(
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [listed.length, 4],
    [offset, 4],
    [0, 2],
  );
  return Buffer.concat([...pieces, listed, end]);
}

type Field = readonly [value: number, width: 2 | 4];

/** The fields that stand alike beside the file and in the directory. */
const common = ([time, date, crc, compressed, size, name]: readonly [
  number,
  number,
  number,
  number,
  number,
  number,
]): readonly Field[] => [
  [time, 2],
  [date, 2],
  [crc, 4],
  [compressed, 4],
  [size, 4],
  [name, 2],
];

/** Numbers one behind the other, the lowest byte first. */
function fields(...numbers: readonly Field[]): Buffer {
  const bytes = Buffer.alloc(numbers.reduce((sum, [, width]) => sum + width, 0));
  let at = 0;
  for (const [value, width] of numbers) at = bytes.writeUIntLE(value, at, width);
  return bytes;
}

/** Date and time of MS-DOS, which begin in 1980, end in 2107 and know even seconds. */
export function dosTimeOf(ms: number): { readonly date: number; readonly time: number } {
  const at = new Date(Math.min(Math.max(ms, Date.UTC(1980, 0)), Date.UTC(2107, 11, 31, 23, 59, 58)));
  return {
    date: ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
  };
}
