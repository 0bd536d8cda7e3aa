/**
 * What may be forgotten, forgotten in small steps while the writer is idle: search values of versions that no search
 * may ask for any more, keys past their retention, outbox entries settled long ago, records that have expired. Versions and the log
 * stay for ever.
 */
import type { DatabaseSync } from 'node:sqlite';
import { prepare, readMeta, writeMeta } from '../folder/connection.ts';
import { prepareRecordPurge } from './records.ts';
import type { NoteVanishing } from './vanishing.ts';

interface Retention {
  readonly searchSnapshotMs: number;
  readonly keyRetentionMs: number;
  readonly outboxRetentionMs: number;
}

/** One step. `more`: there is more to do now. `horizon`: a search as of an earlier seq is expired. */
export type Tidy = (now: number, seq: number) => { readonly more: boolean; readonly horizon: number };

/** Rows of keys and entries that one step deletes at most. */
const ROWS = 200;

/** Commits whose superseded versions one step goes through at most. */
const COMMITS = 250;

export function prepareTidying(db: DatabaseSync, retention: Retention, noteVanishing: NoteVanishing): Tidy {
  const timeOf = prepare<[number]>(db, 'SELECT at FROM log WHERE seq = ?');
  const typeAfter = prepare<[number | null]>(db, 'SELECT min(type) FROM version WHERE type > ?');
  const dropValues = prepare(
    db,
    'DELETE FROM value WHERE vid IN (SELECT vid FROM version WHERE type = ? AND ended > ? AND ended <= ?)',
  );
  const dropKeys = prepare(
    db,
    `DELETE FROM commit_key WHERE (scope, id) IN (SELECT scope, id FROM commit_key WHERE at <= ? LIMIT ${ROWS})`,
  );
  const dropEntries = prepare(
    db,
    `DELETE FROM outbox WHERE oid IN (SELECT oid FROM outbox WHERE state >= 2 AND due <= ? LIMIT ${ROWS})`,
  );

  const dropRecords = prepareRecordPurge(db, ROWS, noteVanishing);

  return (now, seq) => {
    const records = dropRecords(now);
    const keys = dropKeys.run(now - retention.keyRetentionMs);
    const entries = dropEntries.run(now - retention.outboxRetentionMs);
    const before = readMeta(db, 'horizon', 0);
    const purged = readMeta(db, 'purged', 0);
    // The horizon is told before anything behind it goes: values are deleted by later steps only.
    const horizon = purged < before ? before : raiseHorizon(before, now - retention.searchSnapshotMs, seq);
    const through = Math.min(before, purged + COMMITS);
    if (through > purged) purge(purged, through);
    return { more: records || keys === ROWS || entries === ROWS || through < horizon, horizon };
  };

  function raiseHorizon(horizon: number, before: number, seq: number): number {
    const last = lastSeqBefore(before, horizon, seq);
    if (last > horizon) writeMeta(db, 'horizon', last);
    return last;
  }

  /** Search values of versions that ended after one seq and up to another: no search may ask for them. */
  function purge(after: number, through: number): void {
    for (let type = typeAfter.get(0)?.[0]; type != null; type = typeAfter.get(type)?.[0]) {
      dropValues.run(type, after, through);
    }
    writeMeta(db, 'purged', through);
  }

  /** The last seq committed before this instant, `low` at least: time never decreases along seq. */
  function lastSeqBefore(before: number, low: number, high: number): number {
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (timeOf.get(middle)![0] < before) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
