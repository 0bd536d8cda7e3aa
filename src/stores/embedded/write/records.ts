/** Records as the writer keeps them: what a write expects is compared, and what is written leaves its digest in the log. */
import type { DatabaseSync } from 'node:sqlite';
import type { RecordPrecondition, RecordWrite } from '../../../ports/record.ts';
import { digestRecord, type RecordDigest } from '../../log/chain.ts';
import type { DecidedRecord } from '../../log/log-entry.ts';
import { prepare, readMeta, writeMeta } from '../folder/connection.ts';
import { FOREVER } from '../folder/schema.ts';
import type { NoteVanishing } from './vanishing.ts';

export interface Records {
  /** Whether what was relied on is so, as of `now`. */
  holds(precondition: RecordPrecondition, now: number): boolean;
  /** Whether what the write expects is so, as of `now`. */
  isExpected(write: RecordWrite, now: number): boolean;
  /** @returns the member of the log */
  write(record: DecidedRecord, seq: number): RecordDigest;
}

export function prepareRecords(db: DatabaseSync, noteVanishing: NoteVanishing): Records {
  const revOf = prepare<[rev: number]>(
    db,
    'SELECT rev FROM record WHERE kind = ? AND key = ? AND expires > ?',
  );
  const put = prepare(
    db,
    'INSERT OR REPLACE INTO record (kind, key, rev, body, expires, indexed) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const drop = prepare(db, 'DELETE FROM record WHERE kind = ? AND key = ?');
  const dropIndex = prepareIndexDrop(db);
  const addIndex = prepare(
    db,
    'INSERT OR IGNORE INTO record_index (kind, name, value, key) VALUES (?, ?, ?, ?)',
  );

  return {
    holds: ({ kind, key, version }, now) => (revOf.get(kind, key, now)?.[0] ?? 0) === version,
    isExpected({ kind, key, expect }, now) {
      if (expect === 'any') return true;
      const rev = revOf.get(kind, key, now)?.[0];
      return expect === 'absent' ? rev === undefined : rev === expect;
    },
    write({ kind, key, text, indexed, expiresAt, vanished = '' }, seq) {
      noteVanishing.record(kind, key);
      dropIndex(kind, key);
      if (text === undefined) {
        drop.run(kind, key);
        if (vanished === '') return [kind, key, seq, '', FOREVER];
        if (expiresAt < FOREVER) notePurge(db, expiresAt);
        return [kind, key, seq, vanished, expiresAt];
      }
      put.run(kind, key, seq, text, expiresAt, indexed);
      for (const [name, value] of pairsOf(indexed)) addIndex.run(kind, name, value, key);
      return [kind, key, seq, digestRecord(kind, key, text, indexed), expiresAt];
    },
  };
}

/** The names and values of a record's index. */
const pairsOf = (indexed: string): readonly (readonly [name: string, value: string])[] =>
  JSON.parse(indexed) as [string, string][]; // made from a RecordWrite

/** Takes the rows of a record's index away. */
function prepareIndexDrop(db: DatabaseSync): (kind: string, key: string) => void {
  const indexOf = prepare<[indexed: string]>(db, 'SELECT indexed FROM record WHERE kind = ? AND key = ?');
  const drop = prepare(db, 'DELETE FROM record_index WHERE kind = ? AND name = ? AND value = ? AND key = ?');
  return (kind, key) => {
    for (const [name, value] of pairsOf(indexOf.get(kind, key)?.[0] ?? '[]'))
      drop.run(kind, name, value, key);
  };
}

/** Records that expired up to this instant may be gone. */
function notePurge(db: DatabaseSync, until: number): void {
  writeMeta(db, 'recordsPurged', Math.max(until, readMeta(db, 'recordsPurged', 0)));
}

/** Forgets what has expired, so many at a time; true when there may be more. */
export function prepareRecordPurge(
  db: DatabaseSync,
  max: number,
  noteVanishing: NoteVanishing,
): (now: number) => boolean {
  const expired = prepare<[kind: string, key: string]>(
    db,
    `SELECT kind, key FROM record WHERE expires < ${FOREVER} AND expires <= ? ORDER BY expires LIMIT ${max}`,
  );
  const drop = prepare(db, 'DELETE FROM record WHERE kind = ? AND key = ?');
  const dropIndex = prepareIndexDrop(db);
  return (now) => {
    const gone = expired.all(now);
    if (gone.length === 0) return false;
    for (const [kind, key] of gone) {
      noteVanishing.record(kind, key);
      dropIndex(kind, key);
      drop.run(kind, key);
    }
    notePurge(db, now);
    return gone.length === max;
  };
}
