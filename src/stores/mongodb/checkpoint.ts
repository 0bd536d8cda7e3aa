/**
 * Checkpoints: copies of a read model at a seq, kept in the database, so that a node without its folder need not replay the
 * whole log. Two are kept. For a store that came from a folder they hold what its first commits made.
 */
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GridFSBucket } from 'mongodb';
import { copyStore } from '../embedded/folder/backup.ts';
import { pathsOf } from '../embedded/folder/folder.ts';
import { FORMAT } from '../embedded/folder/schema.ts';
import { headOfFolder } from '../embedded/log-reading.ts';
import { makeFolder } from '../log/durable-folder.ts';
import { MAJORITY, type Connection } from './connection.ts';

/** Where a read model stands, and its layout. */
interface CheckpointName {
  readonly seq: number;
  readonly hash: string;
  readonly format: number;
}

const KEPT = 2;
const BUCKET = { bucketName: 'checkpoint', chunkSizeBytes: 1024 * 1024, writeConcern: MAJORITY.writeConcern };

/** The newest checkpoint that this program can read, and when it was made; undefined when there is none. */
export async function newestCheckpoint({
  db,
}: Connection): Promise<{ readonly seq: number; readonly at: Date } | undefined> {
  const [newest] = await filesOf(new GridFSBucket(db, BUCKET));
  return newest && { seq: newest.name.seq, at: newest.at };
}

/** Puts the file, a self-contained copy of a read model, into the database, and takes older ones away. */
async function putCheckpoint(
  { db }: Connection,
  file: string,
  { seq, hash }: Omit<CheckpointName, 'format'>,
): Promise<void> {
  const bucket = new GridFSBucket(db, BUCKET);
  const metadata: CheckpointName = { seq, hash, format: FORMAT };
  await pipeline(createReadStream(file), bucket.openUploadStream(String(seq), { metadata }));
  const older = (await filesOf(bucket)).slice(KEPT);
  for (const { id } of older) await bucket.delete(id);
}

/** Writes the newest checkpoint to a file; gives its name, or undefined when there is none. */
export async function getCheckpoint({ db }: Connection, file: string): Promise<CheckpointName | undefined> {
  const bucket = new GridFSBucket(db, BUCKET);
  const [newest] = await filesOf(bucket);
  if (newest === undefined) return undefined;
  await pipeline(bucket.openDownloadStream(newest.id), createWriteStream(file, { mode: 0o600 }));
  return newest.name;
}

/** Makes a checkpoint when so many commits lie behind the last one. */
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
async function makeCheckpoint(connection: Connection, folder: string): Promise<void> {
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

/** Newest first. */
async function filesOf(bucket: GridFSBucket) {
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
