/**
 * Checkpoints: copies of a read model at a seq, kept in the database, so that a node without its folder need not replay the
 * whole log. Two are kept. A store that came from a folder depends on them: they alone hold what those commits made.
 */
import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GridFSBucket, MongoGridFSChunkError } from 'mongodb';
import { copyStore } from '../embedded/folder/backup.ts';
import { dropDatabase, pathsOf } from '../embedded/folder/folder.ts';
import { FORMAT } from '../embedded/folder/schema.ts';
import { headOfFolder, readableHead } from '../embedded/log-reading.ts';
import { makeFolder } from '../log/durable-folder.ts';
import { CommitLog } from './commit-log.ts';
import { MAJORITY, type Connection } from './connection.ts';
import { NOT_REPLAYED } from './documents.ts';

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

/**
 * Puts the newest checkpoint that can be used into the place of a folder's database; without one there is none.
 *
 * @throws what the database, the network or the disk says: that is no reason to begin without it
 */
export async function restoreCheckpoint(connection: Connection, folder: string): Promise<void> {
  const bucket = new GridFSBucket(connection.db, BUCKET);
  dropDatabase(folder);
  const copy = makeCopyFolder(folder);
  try {
    const { database } = pathsOf(copy);
    for (const { id, name } of await usableFiles(connection)) {
      dropDatabase(copy);
      const file = createWriteStream(database, { mode: 0o600, flush: true });
      await pipeline(bucket.openDownloadStream(id), file).catch(passOverDamage);
      if (readableHead(copy)?.hash !== name.hash) continue;
      renameSync(database, pathsOf(folder).database);
      return;
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** A part that is missing, or of another length. */
function passOverDamage(error: unknown): void {
  if (!(error instanceof MongoGridFSChunkError)) throw error;
}

/** Makes a checkpoint when so many commits came after the last one, or none is there for commits that came from a folder. */
export function keepCheckpoints(
  connection: Connection,
  folder: string,
  commits: number,
): () => Promise<void> {
  let provenAfter = Infinity; // a node that serves the log moves nothing into it
  return async () => {
    const head = headOfFolder(folder);
    if (head === undefined) return;
    const seq = (await newestCheckpoint(connection))?.seq ?? 0;
    const lacksMoved = seq < provenAfter && (await movedAfter(connection, seq)) !== undefined;
    if (!lacksMoved) provenAfter = Math.min(seq, provenAfter);
    if (lacksMoved || head.seq >= seq + commits) await makeCheckpoint(connection, folder);
  };
}

/** The first commit that came from a folder and that no checkpoint holds: an empty folder cannot be filled any more. */
export async function movedWithoutCheckpoint(connection: Connection): Promise<number | undefined> {
  return movedAfter(connection, (await newestCheckpoint(connection))?.seq ?? 0);
}

async function movedAfter({ log }: Connection, seq: number): Promise<number | undefined> {
  const [found] = await log
    .find({ _id: { $gt: seq }, r: NOT_REPLAYED }, { projection: { _id: 1 } })
    .sort({ _id: 1 })
    .limit(1)
    .toArray();
  return found?._id;
}

/** Copies the read model of a folder into the database, beside a live server. */
export async function makeCheckpoint(connection: Connection, folder: string): Promise<void> {
  const copy = makeCopyFolder(folder);
  try {
    const { database } = pathsOf(copy);
    await copyStore(pathsOf(folder).database, database);
    const head = headOfFolder(copy);
    if (head !== undefined) await putCheckpoint(connection, database, head);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function makeCopyFolder(folder: string): string {
  const copy = join(folder, 'checkpoint');
  rmSync(copy, { recursive: true, force: true });
  makeFolder(copy);
  return copy;
}

/** Checkpoints of this log, newest first: those of another one, or with parts missing, are passed over. */
async function usableFiles(connection: Connection): Promise<readonly CheckpointFile[]> {
  const log = new CommitLog(connection);
  const parts = connection.db.collection('checkpoint.chunks');
  const usable: CheckpointFile[] = [];
  for (const file of await readableFiles(new GridFSBucket(connection.db, BUCKET)))
    if ((await parts.countDocuments({ files_id: file.id })) === file.parts && (await log.holds(file.name)))
      usable.push(file);
  return usable;
}

type CheckpointFile = Awaited<ReturnType<typeof readableFiles>>[number];

/** Those of a layout that this program knows, newest first. */
async function readableFiles(bucket: GridFSBucket) {
  const files = await bucket.find({}).toArray();
  return files
    .map(({ _id: id, uploadDate: at, length, chunkSize, metadata }) => ({
      id,
      at,
      parts: Math.ceil(length / chunkSize),
      name: metadata as CheckpointName | undefined, // of `putCheckpoint`
    }))
    .filter(
      (file): file is typeof file & { name: CheckpointName } => (file.name?.format ?? Infinity) <= FORMAT,
    )
    .toSorted((a, b) => b.name.seq - a.name.seq);
}
