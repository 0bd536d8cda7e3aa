/**
 * Makes a folder a read model of the log: it is followed from where it stands, or thrown away and made anew, from the
 * newest checkpoint and then from the log (ADR 0028).
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  flushDatabase,
  markFollowed,
  pathsOf,
  prepareDatabase,
  readFollowed,
} from '../embedded/folder/folder.ts';
import { headOfFolder, readableHead } from '../embedded/log-reading.ts';
import { findRefs } from '../embedded/search/search.ts';
import { Diverged } from '../embedded/write/write-failure.ts';
import { StoreWriter, type WriterOptions } from '../embedded/write/writer.ts';
import { FolderRefused } from '../log/durable-folder.ts';
import { restoreCheckpoint } from './checkpoint.ts';
import { CommitLog } from './commit-log.ts';
import type { Connection } from './connection.ts';
import { createFollower } from './follow.ts';
import { assertInUse, makeStoreMeta, readStoreMeta } from './store-meta.ts';
import type { Tell } from './open.ts';
import type { Tried } from './tried.ts';
import type { LogTraffic } from './traffic.ts';

interface ReadModelParts {
  readonly connection: Connection;
  readonly folder: string;
  readonly writer: WriterOptions;
  readonly now: number;
  readonly traffic: LogTraffic;
  readonly tried: Tried;
  readonly tell: Tell;
}

/** @throws FolderRefused for a folder that is a store of its own; DatabaseRefused where the log cannot be followed */
export async function prepareReadModel(parts: ReadModelParts): Promise<void> {
  const { connection, folder, tell } = parts;
  const log = new CommitLog(connection);
  const meta = (await readStoreMeta(connection)) ?? (await makeStoreMeta(connection, randomUUID()));
  assertInUse(meta);
  if (await isKept(folder, meta.id, log)) {
    try {
      return await followOnce(parts, log, meta.id, false);
    } catch (error) {
      if (!(error instanceof Diverged || error instanceof FolderRefused)) throw error;
      tell('error', `the read model is thrown away and made anew: ${error.message}`);
    }
  }
  await restoreCheckpoint(connection, folder);
  await followOnce(parts, log, meta.id, true);
}

/** Whether what is in the folder follows from the log. */
async function isKept(folder: string, id: string, log: CommitLog): Promise<boolean> {
  if (!existsSync(pathsOf(folder).database)) return false;
  const followed = readFollowed(folder);
  if (followed === undefined && headOfFolder(folder) !== undefined) {
    throw new FolderRefused(
      `The folder ${folder} holds a store of its own. Move it into the database with npm run admin -- move, or name another folder.`,
    );
  }
  const head = followed === id ? readableHead(folder) : undefined;
  return head !== undefined && (await log.holds(head));
}

/** Said of a folder whose read model is being made: it is not flushed until it is whole, and begun again if that fails. */
const INCOMPLETE = 'incomplete';

async function followOnce(
  { folder, writer: options, now, traffic, tried, tell }: ReadModelParts,
  log: CommitLog,
  id: string,
  isNew: boolean,
): Promise<void> {
  prepareDatabase(folder);
  markFollowed(folder, isNew ? `${id} ${INCOMPLETE}` : id);
  const pragmas = isNew ? ['synchronous = OFF'] : options.pragmas;
  const writer = new StoreWriter({ ...options, pragmas }, findRefs, now);
  try {
    const before = writer.head.seq;
    const started = performance.now();
    await createFollower({ writer, log, traffic }).catchUp();
    const commits = writer.head.seq - before;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (commits > 0) tell('info', `the read model followed ${commits} commits in ${seconds} s`);
    if (isNew) writer.restoreAttempts(await tried.all());
  } finally {
    writer.close();
  }
  if (!isNew) return;
  flushDatabase(folder);
  markFollowed(folder, id);
}
