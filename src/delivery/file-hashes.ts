/**
 * The hashes of files that leave, by which the audit finds the same bytes again under any name (baa-messaging MS51): of each
 * file, and of each file inside of an archive. base64 is undone before, so that nobody hides a file by writing it otherwise.
 */
import { hash } from 'node:crypto';
import { expandFile } from '../direct/xdm/expand.ts';
import { readZip } from '../direct/xdm/read-zip.ts';
import { BrokenPackage } from '../direct/xdm/broken-package.ts';

/** Hashes in one row of the audit, at most. */
const FILE_HASHES_MAX = 256;
/** Archives inside of archives that are looked into: one more than any that the server takes. */
const DEPTH_MAX = 3;
const ARCHIVE = {
  bytes: 64 * 1024 * 1024,
  expandedBytes: 128 * 1024 * 1024,
  entries: FILE_HASHES_MAX,
} as const;

/** SHA-256 in hex of the files and of what archives among them hold, each once. */
async function hashFiles(files: Iterable<Uint8Array>): Promise<readonly string[]> {
  const hashes = new Set<string>();
  for (const bytes of files) await addHash(bytes, hashes, 0);
  return [...hashes];
}

/** The same as a member of an audit row; nothing where no file left. */
export async function fileHashesOf(
  files: Iterable<Uint8Array>,
): Promise<{ readonly fileHashes?: readonly string[] }> {
  const fileHashes = await hashFiles(files);
  return fileHashes.length === 0 ? {} : { fileHashes };
}

async function addHash(bytes: Uint8Array, hashes: Set<string>, depth: number): Promise<void> {
  if (hashes.size >= FILE_HASHES_MAX) return;
  hashes.add(hash('sha256', bytes, 'hex'));
  if (!isArchive(bytes) || depth === DEPTH_MAX) return;
  try {
    for (const entry of await readZip(bytes, ARCHIVE))
      await addHash(await expandFile(bytes, entry), hashes, depth + 1);
  } catch (error) {
    // Of an archive that cannot be read, or is larger than the server expands, nothing but its own hash is known.
    if (!(error instanceof BrokenPackage)) throw error;
  }
}

/** A zip archive begins with the header of a file (PKWARE APPNOTE 4.3.7). */
export const isArchive = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 0x03 && bytes[3] === 0x04;
