/**
 * Reads the directory of a zip archive that anybody may have made. yauzl reads it; everything that another reader could
 * understand differently is refused here: a second end, a local header that says something else, files that overlap, names
 * that are alike (PKWARE APPNOTE 4.3, 4.4).
 */
import { Buffer } from 'node:buffer';
import type { Entry, LocalFileHeader, ZipFile } from 'yauzl';
import { BrokenPackage } from './broken-package.ts';
import { directoryStart } from './read-zip-end.ts';
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

interface Row extends ZipEntry {
  readonly isFolder: boolean;
  readonly headerAt: number;
}

/** Of a row of the directory, without name, extra field and comment. */
const ROW_LENGTH = 46;

/** Bits of the general flags: encrypted, patched, strongly encrypted, masked; sizes behind the bytes. */
const ENCRYPTED = 0x2041;
const PATCHED = 0x20;
const SIZES_BEHIND = 0x08;

const STORED = 0;
const DEFLATED = 8;
const ONES = 0xffffffff;

/** Types of a file in the upper half of the attributes, as Unix writes them: unsaid, a folder, a file. */
const TYPE_MASK = 0xf000;
const FILE_TYPES: ReadonlySet<number> = new Set([0, 0x4000, 0x8000]);

/**
 * The files of an archive, in the order of its directory.
 *
 * @throws BrokenPackage
 */
export async function readZip(archive: Uint8Array, limits: ZipLimits): Promise<readonly ZipEntry[]> {
  if (archive.length > limits.bytes) throw new BrokenPackage('too-large');
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.length);
  try {
    const rows = await readRows(bytes, limits);
    return rows.filter(({ isFolder }) => !isFolder);
  } catch (error) {
    throw error instanceof BrokenPackage ? error : new BrokenPackage(codeOf(error));
  }
}

/** Its reader says in words what is wrong. */
function codeOf(error: unknown): 'not-a-package' | 'encrypted' | 'inconsistent' {
  const says = error instanceof Error ? error.message : '';
  if (/^End of central directory record signature|^Invalid comment length/.test(says)) return 'not-a-package';
  return /encryption/.test(says) ? 'encrypted' : 'inconsistent';
}

async function readRows(bytes: Buffer, limits: ZipLimits): Promise<readonly Row[]> {
  // Loaded with the first archive: a server that is sent none starts without it.
  const { fromBufferPromise } = await import('yauzl');
  const zip = await fromBufferPromise(bytes, { autoClose: false, decodeStrings: false });
  if (zip.entryCount > limits.entries) throw new BrokenPackage('too-many-files');
  const rows: Row[] = [];
  let length = 0;
  for await (const entry of zip.eachEntry()) {
    rows.push(await readRow(zip, entry));
    length += ROW_LENGTH + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
  }
  checkTogether(rows, directoryStart(bytes, zip.comment.length, { entries: rows.length, length }), limits);
  return rows;
}

async function readRow(zip: ZipFile, entry: Entry): Promise<Row> {
  const { externalFileAttributes, compressedSize, uncompressedSize: size, compressionMethod } = entry;
  const name = safeName(decodeName(entry.fileNameRaw));
  if (name === undefined) throw new BrokenPackage('unsafe-name');
  if (!FILE_TYPES.has((externalFileAttributes >>> 16) & TYPE_MASK)) throw new BrokenPackage('unsafe-file');
  if ((entry.generalPurposeBitFlag & ENCRYPTED) !== 0) throw new BrokenPackage('encrypted');
  const isKnown = compressionMethod === STORED || compressionMethod === DEFLATED;
  if (!isKnown || (entry.generalPurposeBitFlag & PATCHED) !== 0)
    throw new BrokenPackage('compression-unknown');
  const isFolder = name.endsWith('/');
  const local = await zip.readLocalFileHeaderPromise(entry);
  if (!saysSame(entry, local) || (isFolder && size > 0)) throw new BrokenPackage('inconsistent');
  return {
    name,
    key: nameKey(name),
    isDeflated: compressionMethod === DEFLATED,
    crc: entry.crc32,
    compressedSize,
    size,
    at: local.fileDataStart,
    isFolder,
    headerAt: entry.relativeOffsetOfLocalHeader,
  };
}

/** Whether the header beside a file says what the directory says; zeros where sizes follow the bytes, ones for ZIP64. */
function saysSame(entry: Entry, local: LocalFileHeader): boolean {
  const isBehind = (entry.generalPurposeBitFlag & SIZES_BEHIND) !== 0;
  const isOf = (said: number, expected: number): boolean => said === expected || (isBehind && said === 0);
  const isSize = (said: number, expected: number): boolean => isOf(said, expected) || said === ONES;
  return (
    entry.fileNameRaw.equals(local.fileName) &&
    local.generalPurposeBitFlag === entry.generalPurposeBitFlag &&
    local.compressionMethod === entry.compressionMethod &&
    isOf(local.crc32, entry.crc32) &&
    isSize(local.compressedSize, entry.compressedSize) &&
    isSize(local.uncompressedSize, entry.uncompressedSize)
  );
}

/** What the rows may say together: names that differ, bytes that do not overlap, and not too much. */
function checkTogether(rows: readonly Row[], start: number, limits: ZipLimits): void {
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
  if (free > start) throw new BrokenPackage('inconsistent');
}

/** UTF-8 where it is that, whatever the flag says; else a character for each byte: the names that count are ASCII. */
function decodeName(raw: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    return Buffer.from(raw).toString('latin1');
  }
}
