/** The bytes of a file of an archive, once: never more than its directory says, and checked by its check sum. */
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { BrokenPackage } from './broken-package.ts';
import type { ZipEntry } from './read-zip.ts';

const inflate = promisify(inflateRaw) as (
  bytes: Uint8Array,
  options: { maxOutputLength: number },
) => Promise<Buffer>;

/** @throws BrokenPackage where the bytes are not those that the directory says */
export async function expandFile(archive: Uint8Array, entry: ZipEntry): Promise<Uint8Array> {
  const packed = archive.subarray(entry.at, entry.at + entry.compressedSize);
  const bytes = entry.isDeflated ? await inflated(packed, entry.size) : packed;
  if (bytes.length !== entry.size || crc32(bytes) !== entry.crc) throw new BrokenPackage('inconsistent');
  return bytes;
}

async function inflated(packed: Uint8Array, size: number): Promise<Uint8Array> {
  try {
    return await inflate(packed, { maxOutputLength: Math.max(1, size) });
  } catch {
    throw new BrokenPackage('inconsistent');
  }
}
