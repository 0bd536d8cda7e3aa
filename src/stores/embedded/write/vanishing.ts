/**
 * Records that are here no more, and versions whose content was expunged, whose texts a log elsewhere still holds (laws 24
 * and 28): they are to vanish there, too. Where the log is in the folder it never held a text, and there is no such table.
 */
import type { DatabaseSync } from 'node:sqlite';
import { prepare } from '../folder/connection.ts';

/** The kind under which a version stands among records; its key is the resource. No record is of this kind. */
export const VERSION_KIND = ':version';

/** A record as it was written at a seq, or a version. */
export type VanishingRecord = readonly [rev: number, kind: string, key: string];

const TABLE = `CREATE TABLE IF NOT EXISTS vanishing (rev INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
  PRIMARY KEY (rev, kind, key)) STRICT, WITHOUT ROWID`;

export interface NoteVanishing {
  /** Called before a record is written anew or taken away. */
  record(kind: string, key: string): void;
  /** Called when the content of a version was expunged. */
  version(seq: number, ref: string): void;
}

/** @param follows whether the log is elsewhere */
export function prepareVanishingNote(db: DatabaseSync, follows: boolean): NoteVanishing {
  if (!follows) return { record: () => undefined, version: () => undefined };
  db.exec(TABLE);
  const noteRecord = prepare(
    db,
    'INSERT OR IGNORE INTO vanishing (rev, kind, key) SELECT rev, kind, key FROM record WHERE kind = ? AND key = ?',
  );
  const noteVersion = prepare(db, 'INSERT OR IGNORE INTO vanishing (rev, kind, key) VALUES (?, ?, ?)');
  return {
    record: (kind, key) => void noteRecord.run(kind, key),
    version: (seq, ref) => void noteVersion.run(seq, VERSION_KIND, ref),
  };
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
    'SELECT rev, kind, key FROM vanishing ORDER BY rev, kind, key LIMIT ? + 0',
  );
  const forget = prepare(db, 'DELETE FROM vanishing WHERE rev = ? AND kind = ? AND key = ?');
  return {
    first: (max) => first.all(max),
    forget(records) {
      for (const record of records) forget.run(...record);
    },
  };
}
