/**
 * Writes a zip archive that depends on nothing but its files and their time: they are stored, because two builds of a
 * compressor need not write the same bytes, and their time is in UTC, which every machine agrees on.
 */
import { Buffer } from 'node:buffer';
import { ZipFile } from 'yazl';

interface StoredFile {
  /** In ASCII, from the root. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** @param at milliseconds since 1970: the time of every file */
export async function writeZip(files: readonly StoredFile[], at: number): Promise<Uint8Array> {
  const zip = new ZipFile();
  const how = { mtime: dateInUtc(at), compress: false, forceDosTimestamp: true };
  for (const { name, bytes } of files)
    zip.addBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), name, how);
  zip.end();
  const chunks: Uint8Array[] = [];
  // Chunks of a file and of the directory: yazl does not say so in its types.
  for await (const chunk of zip.outputStream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Times of MS-DOS begin in 1980 and end in 2107; a day within, so that no zone leads out of them. */
const FIRST = Date.UTC(1980, 0, 2);
const LAST = Date.UTC(2107, 11, 30);

/** A date whose local parts are those of UTC, because yazl writes the local ones; some hours do not exist in some zones. */
function dateInUtc(ms: number): Date {
  const date = new Date(Math.min(Math.max(ms, FIRST), LAST));
  return Object.assign(date, {
    getFullYear: () => date.getUTCFullYear(),
    getMonth: () => date.getUTCMonth(),
    getDate: () => date.getUTCDate(),
    getHours: () => date.getUTCHours(),
    getMinutes: () => date.getUTCMinutes(),
    getSeconds: () => date.getUTCSeconds(),
  });
}
