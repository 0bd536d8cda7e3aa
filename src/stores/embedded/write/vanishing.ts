/**
 * Records that are here no more and whose texts a log elsewhere still holds (law 24): they are to vanish there, too. Where
 * the log is in the folder it never held a text, and there is no such table.
 */
import type { DatabaseSync } from 'node:sqlite';
import { prepare } from '../folder/connection.ts';

/** A record as it was written at a seq. */
export type VanishingRecord = readonly [rev: number, kind: string, key: string];

const TABLE = `CREATE TABLE IF NOT EXISTS vanishing (rev INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
  PRIMARY KEY (rev, kind, key)) STRICT, WITHOUT ROWID`;

/** Called before a record is written anew or taken away. */
export type NoteVanishing = (kind: string, key: string) => void;

/** @param follows whether the log is elsewhere */
export function prepareVanishingNote(db: DatabaseSync, follows: boolean): NoteVanishing {
  if (!follows) return () => undefined;
  db.exec(TABLE);
  const note = prepare(
    db,
    'INSERT OR IGNORE INTO vanishing (rev, kind, key) SELECT rev, kind, key FROM record WHERE kind = ? AND key = ?',
  );
  return (kind, key) => void note.run(kind, key);
}

export interface Vanishing {
  /** The first ones, in the order of the log, so many at most. */
  readonly first: (max: number) => readonly VanishingRecord[];
  /** They have vanished. */
  readonly forget: (records: readonly VanishingRecord[]) => void;
}

/** @param follows whether the log is elsewhere */
export function prepareVanishing(db: DatabaseSync, follows: boolean): Vanishing {
  if (!follows) return { first: () => [], forget: () => undefined };
  db.exec(TABLE);
  const first = prepare<VanishingRecord>(
    db,
    'SELECT rev, kind, key FROM vanishing ORDER BY rev, kind, key LIMIT ?',
  );
  const forget = prepare(db, 'DELETE FROM vanishing WHERE rev = ? AND kind = ? AND key = ?');
  return {
    first: (max) => first.all(max),
    forget(records) {
      for (const record of records) forget.run(...record);
    },
  };
}
