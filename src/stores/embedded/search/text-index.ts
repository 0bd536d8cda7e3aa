/**
 * Full text, in a file of its own beside the store's (ADR 0016): for every version the words of its narrative and of
 * the rest, by SQLite's FTS5. The search threads make it from committed versions, never the writer, so a commit pays
 * nothing for it. It can be deleted at any time, and is made again.
 */
import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import { parseStored } from '../../../ports/stored-resource.ts';
import type { TextReader } from '../../../ports/text-reader.ts';
import { openDatabase, prepare, readMeta, writeMeta } from '../folder/connection.ts';
import { typeOfRef } from '../write/identities.ts';
import { noteTexts } from './search-text.ts';

/** Called between steps; throws to end. */
type Guard = () => void;

export interface TextIndex {
  /**
   * Reads up to this many more versions, and forgets those that no search may see. Returns whether there is more to do.
   * Waits for another thread that does the same.
   */
  advance(versions: number): boolean;
  /** Reads everything that has been committed until now. */
  catchUp(guard: Guard): void;
  close(): void;
}

/** The layout of the file. A file of another layout is made again. */
export const TEXT_FORMAT = 1;

/**
 * `words`: rowid is the vid; type as one word. The tokenizer knows nothing but spaces between our own words, which are
 * folded: words are what `wordsOf` says, not what SQLite's tables of Unicode say.
 *
 * `meta`: format · through (the versions up to this vid are in) · purged (what ended up to this seq is out) · expunged (so
 * many versions without content are out) · anchor (the
 * beginning of the hash of the commit of `through`: the store may have been replaced by a backup).
 */
export const TEXT_SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(type, narrative, content, content='', contentless_delete=1, tokenize='ascii');
`;

/** The number of versions of one transaction when there is much to do. */
const AT_ONCE = 500;
/** The number of commits whose ended versions are removed in one step. */
const PURGED_AT_ONCE = 1000;
/** The index's own connection keeps this much in memory. */
const CACHE_KIB = 4 * 1024;

/** Where the full text of a store is. */
export const textFileOf = (database: string): string => database.replace(/\.db$/, '') + '-text.db';

type Row = readonly [vid: number, ref: Ref, ended: number, text: string | null];

/** Opens the full text of the store that `db` reads, and lets `db` search it under the name `text`. */
export function openTextIndex(
  db: DatabaseSync,
  database: string,
  { fullTextOf }: Pick<TextReader, 'fullTextOf'>,
): TextIndex {
  const file = textFileOf(database);
  const own = openOwn(file);
  db.prepare('ATTACH ? AS text').run(file);
  noteTexts(db, true);
  const versions = prepare<Row>(
    db,
    `SELECT v.vid, r.ref, v.ended, v.text FROM main.version v CROSS JOIN main.resource r ON r.rid = v.rid
     WHERE v.vid > ? ORDER BY v.vid LIMIT ? + 0`,
  );
  const anchorAt = prepare<[string]>(
    db,
    'SELECT hex(substr(l.hash, 1, 6)) FROM main.version v JOIN main.log l ON l.seq = v.seq WHERE v.vid = ?',
  );
  const newest = prepare<[number | null]>(db, 'SELECT max(vid) FROM main.version');
  const add = prepare(own, 'INSERT INTO words (rowid, type, narrative, content) VALUES (?, ?, ?, ?)');
  const { horizon, forget } = prepareForgetting(db, own);

  const anchorOf = (vid: number): number => Number.parseInt(anchorAt.get(vid)?.[0] ?? '0', 16);

  function advance(count: number): boolean {
    own.exec('BEGIN IMMEDIATE');
    try {
      if (!isOfThisStore()) begin();
      const more = take(count);
      const moreToForget = forget();
      own.exec('COMMIT');
      return more || moreToForget;
    } catch (error) {
      if (own.isTransaction) own.exec('ROLLBACK');
      throw error;
    }
  }

  function isOfThisStore(): boolean {
    const through = readMeta(own, 'through', -1);
    return through >= 0 && readMeta(own, 'anchor', -1) === anchorOf(through);
  }

  function begin(): void {
    own.exec("INSERT INTO words (words) VALUES ('delete-all')");
    mark(0);
    writeMeta(own, 'purged', horizon());
  }

  function mark(through: number): void {
    writeMeta(own, 'through', through);
    writeMeta(own, 'anchor', anchorOf(through));
  }

  function take(count: number): boolean {
    const before = horizon();
    const rows = versions.all(readMeta(own, 'through', 0), count);
    for (const [vid, ref, until, text] of rows) if (text !== null && until > before) addTexts(vid, ref, text);
    const last = rows.at(-1);
    if (last !== undefined) mark(last[0]);
    return rows.length === count;
  }

  function addTexts(vid: number, ref: Ref, text: string): void {
    const type = typeOfRef(ref);
    const { narrative, content } = fullTextOf(type, parseStored(text));
    add.run(BigInt(vid), type, narrative, content);
  }

  return {
    advance,
    catchUp(guard) {
      const target = newest.get()?.[0] ?? 0;
      while (readMeta(own, 'through', 0) < target || !isOfThisStore()) {
        guard();
        advance(AT_ONCE);
      }
    },
    close() {
      noteTexts(db, false);
      db.exec('DETACH text');
      own.close();
    },
  };
}

interface Forgetting {
  /** The last seq whose ended versions may be forgotten: their values are gone, too. */
  readonly horizon: () => number;
  /** Forgets what no search may see any more; returns whether there is more of it. */
  readonly forget: () => boolean;
}

function prepareForgetting(db: DatabaseSync, own: DatabaseSync): Forgetting {
  const purged = prepare<[number]>(db, "SELECT value FROM main.meta WHERE key = 'purged'");
  const typeAfter = prepare<[number | null]>(db, 'SELECT min(type) FROM main.version WHERE type > ?');
  const ended = prepare<[number]>(
    db,
    'SELECT vid FROM main.version WHERE type = ? AND ended > ? AND ended <= ?',
  );
  const expunged = prepare<[number]>(
    db,
    "SELECT vid FROM main.version WHERE text IS NULL AND method <> 'DELETE' ORDER BY vid",
  );
  const drop = prepare(own, 'DELETE FROM words WHERE rowid = CAST(? AS INTEGER)');
  const horizon = (): number => purged.get()?.[0] ?? 0;

  return { horizon, forget };

  /** Content that was expunged leaves no words. There is little of it: all of it is taken again when there is more. */
  function forgetExpunged(): void {
    const gone = expunged.all();
    if (gone.length === readMeta(own, 'expunged', 0)) return;
    for (const [vid] of gone) drop.run(vid);
    writeMeta(own, 'expunged', gone.length);
  }

  function forget(): boolean {
    forgetExpunged();
    const [from, until] = [readMeta(own, 'purged', 0), horizon()];
    if (from >= until) return false;
    const through = Math.min(until, from + PURGED_AT_ONCE);
    for (let type = typeAfter.get(0)?.[0]; type != null; type = typeAfter.get(type)?.[0]) {
      for (const [vid] of ended.all(type, from, through)) drop.run(vid);
    }
    writeMeta(own, 'purged', through);
    return through < until;
  }
}

/** Opens the file for writing, and first removes one of another layout. Its loss only costs time. */
function openOwn(file: string): DatabaseSync {
  if (existsSync(file) && !isOurs(file)) removeTexts(file);
  const own = openDatabase(file, { readOnly: false, cacheKib: CACHE_KIB, pragmas: ['synchronous = NORMAL'] });
  own.exec('BEGIN IMMEDIATE');
  if (readFormat(own) !== TEXT_FORMAT) {
    own.exec(TEXT_SCHEMA);
    writeMeta(own, 'format', TEXT_FORMAT);
  }
  own.exec('COMMIT');
  return own;
}

function isOurs(file: string): boolean {
  try {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      return [0, TEXT_FORMAT].includes(readFormat(db));
    } finally {
      db.close();
    }
  } catch {
    return false;
  }
}

function readFormat(db: DatabaseSync): number {
  const isNew = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'meta'`).get() === undefined;
  return isNew ? 0 : readMeta(db, 'format', 0);
}

/** Removes the full text of a store. */
function removeTexts(file: string): void {
  for (const one of [file, `${file}-wal`, `${file}-shm`]) rmSync(one, { force: true });
}
