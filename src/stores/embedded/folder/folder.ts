/**
 * The data folder: where its files are, that one process uses it at a time, and that its format is ours (rules 3.7).
 *
 * The lock is an exclusive transaction on a database of its own, held until the process closes or dies. The operating
 * system lets go of it with the process, so there is no stale lock to judge and no race in taking one over; a file made
 * with O_EXCL would need both. `owner.json` only names the holder, for the message.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { VALUE_RULES } from '../../../ports/value-rules.ts';
import { flushFolder, FolderRefused, makeFolder, messageOf } from '../../log/durable-folder.ts';
import { openDatabase, readMeta, writeMeta } from './connection.ts';
import { textFileOf } from '../search/text-index.ts';
import { fillAuditParties } from './fill-audit-parties.ts';
import { fillDenials } from './fill-denials.ts';
import { fillGuards } from './fill-guards.ts';
import { createPrivately, FILE_MODE, NotPrivate, tightenFolder } from './private-files.ts';
import { FORMAT, RECORD_TABLES, SCHEMA } from './schema.ts';

interface FolderPaths {
  readonly database: string;
  readonly lock: string;
  readonly owner: string;
  readonly reserve: string;
  readonly anchors: string;
  /** The folder of files, made with the first of them. */
  readonly files: string;
  /** There where the folder is a read model of a log elsewhere: holds the log's id, or `UNFINISHED_COPY`. */
  readonly follows: string;
}

export function pathsOf(folder: string): FolderPaths {
  return {
    database: join(folder, 'store.db'),
    lock: join(folder, 'lock.db'),
    owner: join(folder, 'owner.json'),
    reserve: join(folder, 'reserve'),
    anchors: join(folder, 'anchors.jsonl'),
    files: join(folder, 'files'),
    follows: join(folder, 'follows'),
  };
}

/** @throws FolderRefused when there is no store in the folder */
export function needStore(folder: string): FolderPaths {
  const paths = pathsOf(folder);
  if (!existsSync(paths.database)) throw new FolderRefused(`There is no store in ${folder}.`);
  return paths;
}

interface Lock {
  release(): void;
}

const SQLITE_BUSY = 5;

/** Takes the folder for this process, making it when there is none; {@link FolderRefused} names who has it. */
export function lockFolder(folder: string, now: number): Lock {
  const paths = pathsOf(folder);
  try {
    makeFolder(folder);
    createPrivately(paths.lock);
    const db = new DatabaseSync(paths.lock, { timeout: 0 });
    try {
      db.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      db.close();
      throw error;
    }
    writeFileSync(
      paths.owner,
      JSON.stringify({ pid: process.pid, host: hostname(), since: new Date(now).toISOString() }),
      { mode: FILE_MODE },
    );
    return { release: () => db.close() };
  } catch (error) {
    // Errors of node:sqlite carry SQLite's result code.
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw new FolderRefused(
        `The data folder ${folder} is in use by ${ownerOf(paths.owner)}. Stop it first, or use another folder.`,
        error,
      );
    }
    throw new FolderRefused(`The data folder ${folder} cannot be written: ${messageOf(error)}.`, error);
  }
}

function ownerOf(file: string): string {
  try {
    // Written by `lockFolder`; anything else fails here and is not named.
    const { pid, host, since } = JSON.parse(readFileSync(file, 'utf8')) as Record<
      'pid' | 'host' | 'since',
      unknown
    >;
    return `process ${String(pid)} on ${String(host)}, started ${String(since)}`;
  } catch {
    return 'another process';
  }
}

/**
 * Makes the tables when the folder is new; refuses a format that is not ours, files that cannot be written, and a folder
 * that others can read and that cannot be closed to them.
 */
export function prepareDatabase(folder: string): void {
  const file = pathsOf(folder).database;
  try {
    prepareFile(folder, file);
    tightenFolder(folder);
  } catch (error) {
    if (error instanceof FolderRefused) throw error;
    if (error instanceof NotPrivate) throw new FolderRefused(`${error.message}.`, error);
    throw new FolderRefused(`The store in ${folder} cannot be written: ${messageOf(error)}.`, error);
  }
}

function prepareFile(folder: string, file: string): void {
  const db = openDatabase(file, { readOnly: false, cacheKib: 1024 });
  try {
    const isNew = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'meta'`).get() === undefined;
    if (isNew) createTables(db);
    migrate(db);
    const format = readMeta(db, 'format', 0);
    if (format !== FORMAT) {
      throw new FolderRefused(
        `The data folder ${folder} has format ${format}, this program reads format ${FORMAT}. ` +
          `Use the version of the program that wrote it, or a newer one.`,
      );
    }
    // SQLite opens a file that it may only read without a word, and says so at the first write.
    db.exec('DELETE FROM meta WHERE false');
  } finally {
    db.close();
  }
}

/** Said of a folder that a backup or a log elsewhere is being copied into, until all of it is there. */
export const UNFINISHED_COPY = 'unfinished copy';

/** The id of the log that the folder is a read model of; undefined when the folder is all there is. */
export function readFollowed(folder: string): string | undefined {
  const { follows } = pathsOf(folder);
  return existsSync(follows) ? readFileSync(follows, 'utf8').trim() : undefined;
}

/** Says of the folder that it follows a log elsewhere; undefined: that it is all there is. */
export function markFollowed(folder: string, log: string | undefined): void {
  const { follows } = pathsOf(folder);
  if (log === undefined) rmSync(follows, { force: true });
  else writeFileSync(follows, `${log}\n`, { mode: FILE_MODE, flush: true });
  flushFolder(folder);
}

/** Puts on disk what was written without a flush. */
export function flushDatabase(folder: string): void {
  const { database } = pathsOf(folder);
  openDatabase(database, { readOnly: false, cacheKib: 1024, pragmas: ['wal_checkpoint(TRUNCATE)'] }).close();
  const descriptor = openSync(database, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  flushFolder(folder);
}

/** Takes the database away with all that is made from it; anchors and the folder's lock stay. */
export function dropDatabase(folder: string): void {
  const { database } = pathsOf(folder);
  for (const file of [database, textFileOf(database)])
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
}

function createTables(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE');
  db.exec(SCHEMA);
  writeMeta(db, 'format', FORMAT);
  writeMeta(db, 'born', FORMAT);
  writeMeta(db, 'values', VALUE_RULES);
  db.exec('COMMIT');
}

/** What takes a folder from one format to the next; each in one transaction with its number. */
const MIGRATIONS: ReadonlyMap<number, (db: DatabaseSync) => void> = new Map([
  [1, (db: DatabaseSync) => db.exec(RECORD_TABLES)],
  [2, fillDenials],
  [3, addLasting],
  [4, fillGuards],
  [5, fillAuditParties],
]);

/** Which denials last in an emergency: none of those that a folder of an earlier format holds. */
function addLasting(db: DatabaseSync): void {
  const known = db.prepare(`SELECT 1 FROM pragma_table_info('denied') WHERE name = 'lasting'`).get();
  if (known === undefined) db.exec('ALTER TABLE denied ADD COLUMN lasting INTEGER NOT NULL DEFAULT 0');
}

function migrate(db: DatabaseSync): void {
  for (let format = readMeta(db, 'format', 0); MIGRATIONS.has(format); format += 1) {
    db.exec('BEGIN IMMEDIATE');
    MIGRATIONS.get(format)?.(db);
    writeMeta(db, 'format', format + 1);
    db.exec('COMMIT');
  }
}
