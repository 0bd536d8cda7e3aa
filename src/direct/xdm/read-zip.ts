/**
 * Reads the directory of a zip archive (PKWARE APPNOTE 4.3) that anybody may have made. Everything that two readers could
 * understand differently is refused: a second end, a local header that says something else, files that overlap.
 */
import { BrokenPackage } from './broken-package.ts';
import { readEnd } from './read-zip-end.ts';
import { readSizes } from './read-zip64.ts';
import { nameKey, safeName } from './zip-names.ts';

/** A file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** See {@link nameKey}. */
  readonly key: string;
  readonly isDeflated: boolean;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Where its bytes begin. */
  readonly at: number;
}

export interface ZipLimits {
  readonly bytes: number;
  readonly expandedBytes: number;
  readonly entries: number;
}

/** A row of the directory, with where its header and its bytes are. */
interface Row extends ZipEntry {
  readonly raw: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly isFolder: boolean;
  readonly headerAt: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const LOCAL_LENGTH = 30;
const CENTRAL_LENGTH = 46;

/** Bits of the general flags: encrypted, patched, strongly encrypted, masked; sizes behind the bytes; names in UTF-8. */
const ENCRYPTED = 0x2041;
const PATCHED = 0x20;
const SIZES_BEHIND = 0x08;

const STORED = 0;
const DEFLATED = 8;

/** Types of a file in the upper half of the attributes, as Unix writes them. */
const TYPE_MASK = 0xf000;
const FILE_TYPES: ReadonlySet<number> = new Set([0, 0x4000, 0x8000]);

/**
 * The files of an archive, in the order of its directory.
 *
 * @throws BrokenPackage
 */
export function readZip(archive: Uint8Array, limits: ZipLimits): readonly ZipEntry[] {
  if (archive.length > limits.bytes) throw new BrokenPackage('too-large');
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.length);
  const { entries, start, end } = readEnd(bytes);
  if (entries > limits.entries) throw new BrokenPackage('too-many-files');
  const rows: Row[] = [];
  let at = start;
  for (let index = 0; index < entries; index += 1) {
    const [row, next] = readRow(bytes, at, start, end);
    rows.push(row);
    at = next;
  }
  if (at !== end) throw new BrokenPackage('inconsistent');
  checkTogether(rows, limits);
  return rows.filter(({ isFolder }) => !isFolder);
}

function readRow(bytes: Buffer, at: number, start: number, end: number): readonly [Row, number] {
  if (at + CENTRAL_LENGTH > end || bytes.readUInt32LE(at) !== CENTRAL)
    throw new BrokenPackage('inconsistent');
  const flags = bytes.readUInt16LE(at + 8);
  const method = bytes.readUInt16LE(at + 10);
  const nameAt = at + CENTRAL_LENGTH;
  const extraAt = nameAt + bytes.readUInt16LE(at + 28);
  const commentAt = extraAt + bytes.readUInt16LE(at + 30);
  const next = commentAt + bytes.readUInt16LE(at + 32);
  if (next > end) throw new BrokenPackage('inconsistent');
  const raw = bytes.subarray(nameAt, extraAt);
  const { size, compressedSize, headerAt } = readSizes(bytes, at, bytes.subarray(extraAt, commentAt));
  const name = safeName(decodeName(raw));
  if (name === undefined) throw new BrokenPackage('unsafe-name');
  if (!FILE_TYPES.has((bytes.readUInt32LE(at + 38) >>> 16) & TYPE_MASK))
    throw new BrokenPackage('unsafe-file');
  const isFolder = name.endsWith('/');
  const crc = bytes.readUInt32LE(at + 16);
  const listed = {
    name,
    key: nameKey(name),
    crc,
    compressedSize,
    size,
    raw,
    flags,
    method,
    isFolder,
    headerAt,
  };
  checkAlone(listed);
  return [{ ...listed, isDeflated: method === DEFLATED, at: readLocal(bytes, listed, start) }, next];
}

/** What a row may say by itself. */
function checkAlone(row: Omit<Row, 'at' | 'isDeflated'>): void {
  if ((row.flags & ENCRYPTED) !== 0) throw new BrokenPackage('encrypted');
  if ((row.flags & PATCHED) !== 0 || (row.method !== STORED && row.method !== DEFLATED))
    throw new BrokenPackage('compression-unknown');
  const isTrue = row.method === DEFLATED || row.size === row.compressedSize;
  if (!isTrue || (row.isFolder && row.size > 0)) throw new BrokenPackage('inconsistent');
}

/** Where the bytes of a file begin, once its own header has said the same as the directory. */
function readLocal(bytes: Buffer, row: Omit<Row, 'at' | 'isDeflated'>, start: number): number {
  const { headerAt } = row;
  if (headerAt + LOCAL_LENGTH > start || bytes.readUInt32LE(headerAt) !== LOCAL)
    throw new BrokenPackage('inconsistent');
  const nameAt = headerAt + LOCAL_LENGTH;
  const extraAt = nameAt + bytes.readUInt16LE(headerAt + 26);
  const at = extraAt + bytes.readUInt16LE(headerAt + 28);
  const isSame =
    bytes.subarray(nameAt, extraAt).equals(row.raw) &&
    bytes.readUInt16LE(headerAt + 6) === row.flags &&
    bytes.readUInt16LE(headerAt + 8) === row.method &&
    saysSame(bytes, row);
  if (!isSame || at + row.compressedSize > start) throw new BrokenPackage('inconsistent');
  return at;
}

/** Whether check sum and sizes are those of the directory; zeros where they follow the bytes, ones where ZIP64 has them. */
function saysSame(bytes: Buffer, row: Omit<Row, 'at' | 'isDeflated'>): boolean {
  const isBehind = (row.flags & SIZES_BEHIND) !== 0;
  return [row.crc, row.compressedSize, row.size].every((expected, index) => {
    const said = bytes.readUInt32LE(row.headerAt + 14 + 4 * index);
    return said === expected || (isBehind && said === 0) || (index > 0 && said === 0xffffffff);
  });
}

/** What the rows may say together: names that differ, bytes that do not overlap, and not too much. */
function checkTogether(rows: readonly Row[], limits: ZipLimits): void {
  const names = new Map<string, boolean>();
  let expanded = 0;
  for (const { key, isFolder, size } of rows) {
    expanded += size;
    // A folder may be listed twice, a file may not, and no file has the name of a folder.
    const plain = key.replace(/\/$/, '');
    if (names.has(plain) && !(isFolder && names.get(plain) === true))
      throw new BrokenPackage('duplicate-name');
    names.set(plain, isFolder);
  }
  if (expanded > limits.expandedBytes) throw new BrokenPackage('too-large');
  let free = 0;
  for (const { headerAt, at, compressedSize } of rows.toSorted((a, b) => a.headerAt - b.headerAt)) {
    if (headerAt < free) throw new BrokenPackage('inconsistent');
    free = at + compressedSize;
  }
}

/** UTF-8 where it is that, whatever the flag says; else a character for each byte: the names that count are ASCII. */
function decodeName(raw: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    return Buffer.from(raw).toString('latin1');
  }
}
