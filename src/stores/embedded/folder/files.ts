/** Files as files: each below `files` in the data folder, readable by the server's user alone, flushed with its folder. */
import { existsSync } from 'node:fs';
import { open, opendir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files, StoredFile } from '../../../ports/files.ts';
import { CommitRefused, type CommitRefusal } from '../../../ports/store.ts';
import { FILE_KIND, type FileRecord } from '../../../ports/stored-file.ts';
import { makeFolder } from '../../log/durable-folder.ts';
import { createFiles } from '../../log/files.ts';
import { openDatabase, prepare } from './connection.ts';
import { pathsOf } from './folder.ts';
import { FILE_MODE } from './private-files.ts';

/** Bytes that are read at once. */
const CHUNK_BYTES = 256 * 1024;

/** What a failure of the disk is called. */
const REFUSALS: ReadonlyMap<unknown, Extract<CommitRefusal, 'disk-full' | 'read-only'>> = new Map([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['EIO', 'disk-full'],
  ['EROFS', 'read-only'],
  ['EACCES', 'read-only'],
  ['EPERM', 'read-only'],
]);

type DiskRefused = (reason: 'disk-full' | 'read-only') => void;

/**
 * @param folder the data folder
 * @param diskRefused told when the disk does not take a file
 */
export function openFolderFiles(folder: string, diskRefused: DiskRefused = () => undefined): Files {
  const { files } = pathsOf(folder);
  const pathOf = (id: string): string => join(files, id);
  return createFiles({
    async write(id, bytes) {
      try {
        makeFolder(files);
        await writeDurably(pathOf(id), bytes);
        await flush(files);
      } catch (error) {
        const reason = REFUSALS.get((error as NodeJS.ErrnoException | null)?.code);
        if (reason === undefined) throw error;
        diskRefused(reason);
        throw new CommitRefused(reason);
      }
    },
    read: (id, { from, to }) => readPart(pathOf(id), from, to),
    async size(id) {
      try {
        return (await stat(pathOf(id))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    remove: (id) => rm(pathOf(id), { force: true }),
    async *list() {
      if (!existsSync(files)) return;
      for await (const entry of await opendir(files)) {
        const found = await stat(join(files, entry.name)).catch(() => undefined); // removed meanwhile
        if (found !== undefined) yield { id: entry.name, at: found.mtimeMs };
      }
    },
  });
}

async function writeDurably(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(path, 'wx', FILE_MODE);
  try {
    for await (const chunk of bytes) await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** So that a power cut does not take away a file that was made in the folder. */
async function flush(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* readPart(path: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    for (let at = from; at < to;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, to - at));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** The files that the store of a folder names. */
export function filesNamedIn(folder: string): readonly StoredFile[] {
  const db = openDatabase(pathsOf(folder).database, { readOnly: true, cacheKib: 1024 });
  try {
    // A folder of the first format has no records.
    if (db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'record'`).get() === undefined) return [];
    const rows = prepare<[key: string, body: string]>(db, 'SELECT key, body FROM record WHERE kind = ?');
    const named: StoredFile[] = [];
    for (const [id, body] of rows.each(FILE_KIND)) {
      const { size, sha256 } = JSON.parse(body) as FileRecord; // written with the Binary
      named.push({ id, size, sha256 });
    }
    return named;
  } finally {
    db.close();
  }
}
