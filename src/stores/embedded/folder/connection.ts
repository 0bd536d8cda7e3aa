/** Connections to the database file, and statements whose rows are typed arrays. */
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import { createPrivately } from './private-files.ts';

export interface ConnectionOptions {
  readonly readOnly: boolean;
  /** Pages kept in memory by this connection, in KiB. */
  readonly cacheKib: number;
  /** Further pragmas of this connection: `mmap_size=268435456`. */
  readonly pragmas?: readonly string[];
}

/** The size to which SQLite cuts the WAL back after it has grown beyond. */
const WAL_BYTES = 64 * 1024 * 1024;

/** Opens the file. Durable: WAL with `synchronous = FULL`, so that a commit returns after the flush of its bytes. */
export function openDatabase(
  file: string,
  { readOnly, cacheKib, pragmas = [] }: ConnectionOptions,
): DatabaseSync {
  if (!readOnly) createPrivately(file);
  const db = new DatabaseSync(file, { readOnly, timeout: 5000 });
  if (!readOnly) db.exec(`PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = ${WAL_BYTES}`);
  db.exec(`PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${cacheKib}`);
  for (const pragma of pragmas) db.exec(`PRAGMA ${pragma}`);
  return db;
}

/** Gives back the pages that a connection keeps, as far as no statement uses them. */
export const releasePages = (db: DatabaseSync): void => db.exec('PRAGMA shrink_memory');

export interface Rows<R> {
  readonly get: (...values: SQLInputValue[]) => R | undefined;
  readonly all: (...values: SQLInputValue[]) => R[];
  /** Rows one by one; leaving the loop ends the statement. */
  readonly each: (...values: SQLInputValue[]) => IterableIterator<R>;
  readonly run: (...values: SQLInputValue[]) => number;
  /**
   * Runs an INSERT of one row, and gives its rowid. With RETURNING instead, SQLite copies every page that the statement
   * touches, and what it copied inside a savepoint is walked through at the end of each such statement.
   */
  readonly insert: (...values: SQLInputValue[]) => number;
}

/** A prepared statement whose rows are arrays of the SELECT's columns; `run` gives the number of rows changed. */
export function prepare<R extends readonly unknown[] = never>(db: DatabaseSync, sql: string): Rows<R> {
  const statement = db.prepare(sql, { returnArrays: true });
  return {
    // The SELECT decides the shape of a row, which TypeScript cannot see: hence the casts, only here.
    get: (...values) => statement.get(...values) as unknown as R | undefined,
    all: (...values) => statement.all(...values) as unknown as R[],
    each: (...values) => statement.iterate(...values) as unknown as IterableIterator<R>,
    run: (...values) => Number(statement.run(...values).changes),
    insert: (...values) => Number(statement.run(...values).lastInsertRowid),
  };
}

/** Statements by their text, prepared at first use. The texts must come from a small set. */
export function statements(db: DatabaseSync): <R extends readonly unknown[]>(sql: string) => Rows<R> {
  const kept = new Map<string, unknown>();
  return <R extends readonly unknown[]>(sql: string) => {
    let statement = kept.get(sql);
    if (statement === undefined) kept.set(sql, (statement = prepare<R>(db, sql)));
    // The map has the statement for the same text, and the text decides its row shape.
    return statement as Rows<R>;
  };
}

/** A value of the table `meta`, or the fallback. */
export function readMeta(db: DatabaseSync, key: string, fallback: number): number {
  return prepare<[number]>(db, 'SELECT value FROM meta WHERE key = ?').get(key)?.[0] ?? fallback;
}

/** Sets a value of the table `meta`. */
export function writeMeta(db: DatabaseSync, key: string, value: number): void {
  db.prepare(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  ).run(key, value);
}
