/** Records as they are read: their current values, what has expired left out. */
import { RECORDS_AT_ONCE, type StoredRecord } from '../../ports/record.ts';
import type { Clock } from '../../ports/clock.ts';
import { openDatabase, prepare } from './folder/connection.ts';
import { pathsOf } from './folder/folder.ts';
import type { SnapshotReading } from './reading.ts';
import { FOREVER } from './folder/schema.ts';

interface RecordReading {
  one(kind: string, key: string): StoredRecord | undefined;
  /** Those with this index value after a key, in the order of their keys. */
  some(kind: string, name: string, value: string, after: string): readonly StoredRecord[];
}

type RecordRow = [kind: string, key: string, rev: number, body: string, expires: number];

const COLUMNS = 'r.kind, r.key, r.rev, r.body, r.expires';

export function prepareRecordReading(
  { db, transaction }: SnapshotReading['byId'],
  clock: Clock,
): RecordReading {
  const one = prepare<RecordRow>(
    db,
    `SELECT ${COLUMNS} FROM record r WHERE r.kind = ? AND r.key = ? AND r.expires > ?`,
  );
  const some = prepare<RecordRow>(
    db,
    `SELECT ${COLUMNS} FROM record_index i JOIN record r ON r.kind = i.kind AND r.key = i.key
     WHERE i.kind = ? AND i.name = ? AND i.value = ? AND i.key > ? AND r.expires > ?
     ORDER BY i.key LIMIT ${RECORDS_AT_ONCE}`,
  );
  return {
    one(kind, key) {
      transaction.enter();
      const row = one.get(kind, key, clock.now());
      return row && toRecord(row);
    },
    some(kind, name, value, after) {
      transaction.enter();
      return some.all(kind, name, value, after, clock.now()).map(toRecord);
    },
  };
}

/** How many records of a kind have an index value; also beside a live server, and 0 in a folder without records. */
export function countRecords(folder: string, kind: string, name: string, value: string): number {
  const db = openDatabase(pathsOf(folder).database, { readOnly: true, cacheKib: 1024 });
  try {
    if (db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'record_index'`).get() === undefined) return 0;
    const count = prepare<[number]>(
      db,
      'SELECT count(*) FROM record_index WHERE kind = ? AND name = ? AND value = ?',
    );
    return count.get(kind, name, value)?.[0] ?? 0;
  } finally {
    db.close();
  }
}

/** The records of a kind, also beside a live server; none in a folder without records. */
export function readRecords(folder: string, kind: string): readonly StoredRecord[] {
  const db = openDatabase(pathsOf(folder).database, { readOnly: true, cacheKib: 1024 });
  try {
    if (db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'record'`).get() === undefined) return [];
    const all = prepare<RecordRow>(
      db,
      `SELECT ${COLUMNS} FROM record r WHERE r.kind = ? ORDER BY r.key LIMIT ${RECORDS_AT_ONCE}`,
    );
    return all.all(kind).map(toRecord);
  } finally {
    db.close();
  }
}

const toRecord = ([kind, key, version, body, expires]: RecordRow): StoredRecord => ({
  kind,
  key,
  version,
  body: JSON.parse(body) as object, // the writer's own text
  expiresAt: expires === FOREVER ? undefined : expires,
});
