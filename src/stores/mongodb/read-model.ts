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
import { readAnchors } from '../log/anchors.ts';
import { FolderRefused, messageOf } from '../log/durable-folder.ts';
import { restoreCheckpoint } from './checkpoint.ts';
import { CommitLog } from './commit-log.ts';
import { DatabaseRefused, type Connection } from './connection.ts';
import { createFollower, NotReplayed } from './follow.ts';
import { assertInUse, makeStoreMeta, readStoreMeta } from './store-meta.ts';
import type { Tell } from './open.ts';
import type { Tried } from './tried.ts';
import type { LogTraffic } from './traffic.ts';

interface ReadModelParts {
  readonly connection: Connection;
  readonly folder: string;
  readonly anchorFile: string;
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
  assertNoStoreOfItsOwn(folder);
  const found = await readStoreMeta(connection);
  await assertFollows({ folder, id: found?.id, log, name: connection.db.databaseName });
  const meta = found ?? (await makeStoreMeta(connection, randomUUID()));
  assertInUse(meta);
  await tellOfAnchors(parts, log);
  if (isWhole(folder, meta.id)) {
    try {
      return await followOnce(parts, log, meta.id, false);
    } catch (error) {
      if (!(error instanceof Diverged || error instanceof FolderRefused)) throw error;
      const isExpected = error instanceof NotReplayed;
      tell(isExpected ? 'info' : 'error', `the read model is thrown away and made anew: ${error.message}`);
    }
  }
  await restoreCheckpoint(connection, folder);
  await followOnce(parts, log, meta.id, true);
}

/** What was anchored was acknowledged. A log that ends before it lost something, whoever still has it. */
async function tellOfAnchors({ anchorFile, tell }: ReadModelParts, log: CommitLog): Promise<void> {
  const anchored = readAnchors(anchorFile).anchors.at(-1)?.seq ?? 0;
  if (anchored === 0) return;
  const last = (await log.newest())?.last ?? 0;
  if (anchored > last)
    tell(
      'error',
      `commit ${anchored} was anchored in ${anchorFile}, and the log in the database ends at commit ${last}: an older copy of it was restored, or it was cut off`,
    );
}

/** What is not said to be a read model may be all there is of a store. */
function assertNoStoreOfItsOwn(folder: string): void {
  if (readFollowed(folder) !== undefined || !existsSync(pathsOf(folder).database)) return;
  if (!mayHoldCommits(folder)) return;
  throw new FolderRefused(
    `The folder ${folder} holds a store of its own. Move it into the database with npm run admin -- move, or name another folder.`,
  );
}

/** Whether there are commits in a folder; or what is there cannot be read, and there may be. */
function mayHoldCommits(folder: string): boolean {
  try {
    return headOfFolder(folder) !== undefined;
  } catch (error) {
    return !/no such table/.test(messageOf(error));
  }
}

interface Followed {
  readonly folder: string;
  /** Of the store in the database; undefined when it holds none. */
  readonly id: string | undefined;
  readonly log: CommitLog;
  /** The database's. */
  readonly name: string;
}

/**
 * A read model is only thrown away for a log that has all that it has: where the database is another one, empty, or an
 * older copy, the folder may hold the last that is left.
 *
 * @throws FolderRefused or DatabaseRefused
 */
async function assertFollows({ folder, id, log, name }: Followed): Promise<void> {
  const newest = await log.newest();
  if (id === undefined && newest !== undefined)
    throw new DatabaseRefused(
      `The database ${name} has a log and does not say whose: name another database, or restore all of its collections.`,
    );
  const [followed, incomplete] = (readFollowed(folder) ?? '').split(' ');
  const head = existsSync(pathsOf(folder).database) ? readableHead(folder) : undefined;
  if (head === undefined || incomplete !== undefined) return;
  if (followed !== id)
    throw new FolderRefused(
      `The folder ${folder} follows another log, up to commit ${head.seq}, than the database ${name} holds. Name the right database, or an empty folder.`,
    );
  if (!(await log.holds(head)))
    throw new FolderRefused(
      `Commit ${head.seq} of the folder ${folder} is not in the log of the database ${name}, which ends at commit ${newest?.last ?? 0}: an older copy of it was restored, or it was changed. Keep the folder (npm run backup), and start on an empty one to go on without what the database lacks.`,
    );
}

/** Whether the folder holds a whole read model of the log. */
const isWhole = (folder: string, id: string): boolean =>
  existsSync(pathsOf(folder).database) && readFollowed(folder) === id && readableHead(folder) !== undefined;

/** Said of a folder whose read model is being made: it is not flushed until it is whole, and begun again if that fails. */
const INCOMPLETE = 'incomplete';

async function followOnce(
  { folder, writer: options, now, traffic, tried, tell }: ReadModelParts,
  log: CommitLog,
  id: string,
  isNew: boolean,
): Promise<void> {
  markFollowed(folder, isNew ? `${id} ${INCOMPLETE}` : id);
  prepareDatabase(folder);
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
