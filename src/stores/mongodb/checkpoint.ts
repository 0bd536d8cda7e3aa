/**
 * Checkpoints: copies of a read model at a seq, kept in the database, so that a node without its folder need not replay the
 * whole log. Two are kept. For a store that came from a folder they hold what its first commits made.
 */
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GridFSBucket } from 'mongodb';
import { copyStore } from '../embedded/folder/backup.ts';
import { dropDatabase, pathsOf } from '../embedded/folder/folder.ts';
import { FORMAT } from '../embedded/folder/schema.ts';
import { headOfFolder, readableHead } from '../embedded/log-reading.ts';
import { makeFolder } from '../log/durable-folder.ts';
import { CommitLog } from './commit-log.ts';
import { MAJORITY, type Connection } from './connection.ts';

/** Where a read model stands, and its layout. */
interface CheckpointName {
  readonly seq: number;
  readonly hash: string;
  readonly format: number;
}

const KEPT = 2;
const BUCKET = { bucketName: 'checkpoint', chunkSizeBytes: 1024 * 1024, writeConcern: MAJORITY.writeConcern };

/** Where the newest checkpoint that can be used stands, and when it was made; undefined when there is none. */
export async function newestCheckpoint(
  connection: Connection,
): Promise<{ readonly seq: number; readonly at: Date } | undefined> {
  const [newest] = await usableFiles(connection);
  return newest && { seq: newest.name.seq, at: newest.at };
}

/** Puts the file, a self-contained copy of a read model, into the database, and takes older ones away. */
async function putCheckpoint(
  connection: Connection,
  file: string,
  { seq, hash }: Omit<CheckpointName, 'format'>,
): Promise<void> {
  const bucket = new GridFSBucket(connection.db, BUCKET);
  const metadata: CheckpointName = { seq, hash, format: FORMAT };
  const upload = bucket.openUploadStream(String(seq), { metadata });
  try {
    await pipeline(createReadStream(file), upload);
  } catch (error) {
    await upload.abort().catch(() => undefined); // the database went away
    throw error;
  }
  const kept = new Set((await usableFiles(connection)).slice(0, KEPT).map(({ id }) => id.toHexString()));
  for (const { id } of await readableFiles(bucket)) if (!kept.has(id.toHexString())) await bucket.delete(id);
  // Pieces of a copy whose process was killed: one node has the database, so nobody else is writing one now.
  const whole = (await bucket.find({}).toArray()).map(({ _id }) => _id);
  await connection.db.collection('checkpoint.chunks').deleteMany({ files_id: { $nin: whole } });
}

/** Puts the newest checkpoint that can be used into the place of a folder's database; without one there is none. */
export async function restoreCheckpoint(connection: Connection, folder: string): Promise<void> {
  const bucket = new GridFSBucket(connection.db, BUCKET);
  for (const { id, name } of await usableFiles(connection)) {
    dropDatabase(folder);
    const file = createWriteStream(pathsOf(folder).database, { mode: 0o600 });
    await pipeline(bucket.openDownloadStream(id), file).catch(() => undefined); // a part of it is missing
    if (readableHead(folder)?.hash === name.hash) return;
  }
  dropDatabase(folder);
}

/** Makes a checkpoint when so many commits came after the last one. */
export function keepCheckpoints(
  connection: Connection,
  folder: string,
  commits: number,
): () => Promise<void> {
  return async () => {
    const head = headOfFolder(folder);
    if (head === undefined || head.seq < ((await newestCheckpoint(connection))?.seq ?? 0) + commits) return;
    await makeCheckpoint(connection, folder);
  };
}

/** Copies the read model of a folder into the database, beside a live server. */
export async function makeCheckpoint(connection: Connection, folder: string): Promise<void> {
  const copy = join(folder, 'checkpoint');
  rmSync(copy, { recursive: true, force: true });
  makeFolder(copy);
  try {
    const { database } = pathsOf(copy);
    await copyStore(pathsOf(folder).database, database);
    const head = headOfFolder(copy);
    if (head !== undefined) await putCheckpoint(connection, database, head);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Checkpoints of this log, newest first: those of another one are passed over. */
async function usableFiles(connection: Connection): Promise<readonly CheckpointFile[]> {
  const log = new CommitLog(connection);
  const usable: CheckpointFile[] = [];
  for (const file of await readableFiles(new GridFSBucket(connection.db, BUCKET)))
    if (await log.holds(file.name)) usable.push(file);
  return usable;
}

type CheckpointFile = Awaited<ReturnType<typeof readableFiles>>[number];

/** Those of a layout that this program knows, newest first. */
async function readableFiles(bucket: GridFSBucket) {
  const files = await bucket.find({}).toArray();
  return files
    .map(({ _id: id, uploadDate: at, metadata }) => ({
      id,
      at,
      name: metadata as CheckpointName | undefined, // of `putCheckpoint`
    }))
    .filter(
      (file): file is typeof file & { name: CheckpointName } => (file.name?.format ?? Infinity) <= FORMAT,
    )
    .toSorted((a, b) => b.name.seq - a.name.seq);
}
