/**
 * Proves that the records agree with the log: nobody edited one, none vanished before its time, and a commit wrote
 * each.
 */
import type { DatabaseSync } from 'node:sqlite';
import { digestRecord, type RecordDigest } from '../../log/chain.ts';
import { prepare, readMeta } from '../folder/connection.ts';

interface RecordProof {
  /** Takes one member of the log after the other, in order. */
  examine(member: RecordDigest): void;
  /** Ends after the last member. */
  conclude(seq: number): void;
}

type RecordRow = [rev: number, body: string, expires: number, indexed: string];

/** @param db of any format: an older folder has no records */
export function prepareRecordProof(db: DatabaseSync, note: (seq: number, says: string) => void): RecordProof {
  const hasRecords = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'record'`).get() !== undefined;
  if (!hasRecords) return { examine: () => undefined, conclude: () => undefined };
  const rowOf = prepare<RecordRow>(
    db,
    'SELECT rev, body, expires, indexed FROM record WHERE kind = ? AND key = ?',
  );
  const purged = readMeta(db, 'recordsPurged', 0);
  /** Absent records, until a later commit wrote them again: their name to the commit. */
  const missing = new Map<string, number>();
  let current = 0;

  return { examine, conclude };

  function examine([kind, key, rev, digest, expires]: RecordDigest): void {
    const name = JSON.stringify([kind, key]);
    missing.delete(name);
    const row = rowOf.get(kind, key);
    if (row !== undefined && row[0] > rev) return;
    if (row?.[0] !== rev) {
      if (digest !== '' && expires > purged) missing.set(name, rev);
      return;
    }
    current += 1;
    const [, body, storedExpires, indexed] = row;
    if (digestRecord(kind, key, body, indexed) !== digest || storedExpires !== expires) {
      note(rev, `the record ${kind} ${key} was changed`);
    }
  }

  function conclude(seq: number): void {
    for (const [name, rev] of missing) note(rev, `the record ${name} is missing`);
    const [there] = prepare<[number]>(db, 'SELECT count(*) FROM record').get() ?? [0];
    if (there !== current) note(seq, 'there are records that no commit wrote, or that one took away');
    const [astray] = prepare<[number]>(db, ASTRAY).get() ?? [0];
    if (astray > 0) note(seq, 'the index of the records is not what the records say');
  }
}

/** Index rows that belong to no record, and those that a record should have and the table lacks. */
const SAID = `SELECT r.kind, j.value ->> 0 AS name, j.value ->> 1 AS value, r.key FROM record r, json_each(r.indexed) j`;
const ASTRAY = `SELECT
  (SELECT count(*) FROM (SELECT kind, name, value, key FROM record_index EXCEPT ${SAID})) +
  (SELECT count(*) FROM (${SAID} EXCEPT SELECT kind, name, value, key FROM record_index))`;
