/**
 * Reads audit rows, newest first: those of the last commits by walking the log, older ones by the index, and filters
 * them row by row (rules 2.8).
 */
import type { AuditEntry, AuditQuery, AuditRow } from '../../ports/store.ts';
import { readIndexed } from './write/audit-index.ts';
import { unversioned } from '../log/audit-rows.ts';
import { statements } from './folder/connection.ts';
import { inSlices } from './slices.ts';
import type { SnapshotReading } from './reading.ts';

/** The number of commits that one slice reads. */
const SLICE = 200;

type LogRow = [seq: number, at: number, audit: string];

export function prepareAuditReading({
  db,
  timeoutMs,
}: Pick<SnapshotReading, 'db' | 'timeoutMs'>): (
  query: AuditQuery,
  seq: number,
  signal: AbortSignal,
) => Promise<readonly AuditRow[]> {
  const sql = statements(db);

  return async (query, seq, signal) => {
    const keys = keysOf(query);
    const log = sql<LogRow>(sliceSql(0));
    const index = sql<LogRow>(sliceSql(keys.length));
    const indexed = keys.length === 0 ? 0 : readIndexed(db);
    const lowest = query.from === undefined ? 1 : seqBefore(query.from, seq) + 1;
    // The last row of the previous page lies in the commit at `before`, so that commit is read again.
    let highest = Math.min(
      query.before?.seq ?? seq,
      query.to === undefined ? seq : seqBefore(query.to + 1, seq),
    );
    const found: AuditRow[] = [];
    await inSlices(timeoutMs, signal, () => {
      const inLog = highest > indexed;
      const rows = inLog
        ? log.all(Math.max(lowest, indexed + 1), highest, SLICE)
        : index.all(...keys.slice(0, 1), lowest, highest, ...keys.slice(1), SLICE);
      for (const row of rows) found.push(...rowsOf(row).filter((one) => matches(one, query)));
      const next = rows.length === SLICE ? (rows.at(-1)?.[0] ?? 0) - 1 : 0;
      highest = inLog ? Math.max(next, indexed) : next;
      return highest >= lowest && found.length < query.count;
    });
    return found.slice(0, query.count);
  };

  /** The last seq committed before this instant. Time never decreases along seq. */
  function seqBefore(instant: number, seq: number): number {
    const timeOf = sql<[number]>('SELECT at FROM log WHERE seq = ?');
    let low = 0;
    let high = seq;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (timeOf.get(middle)![0] < instant) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The keys that a commit must have. The first one drives the search; it is the most selective by its kind. */
function keysOf({ names, organization, viewer }: AuditQuery): string[] {
  return [
    ...names.map((name) => `n:${name}`),
    ...(organization === undefined ? [] : [`a:${organization}`]),
    ...(viewer === undefined ? [] : [`v:${viewer}`]),
  ];
}

/** Values: the first key if any, the lowest and highest seq, the further keys, the limit. */
function sliceSql(keys: number): string {
  if (keys === 0)
    return 'SELECT seq, at, audit FROM log WHERE seq >= ? AND seq <= ? ORDER BY seq DESC LIMIT ?';
  const others = Array.from(
    { length: keys - 1 },
    () => 'AND EXISTS (SELECT 1 FROM audit_index o WHERE o.key = ? AND o.seq = i.seq)',
  );
  return `SELECT l.seq, l.at, l.audit FROM audit_index i JOIN log l ON l.seq = i.seq
    WHERE i.key = ? AND i.seq >= ? AND i.seq <= ? ${others.join(' ')} ORDER BY i.seq DESC LIMIT ?`;
}

function rowsOf([seq, at, audit]: LogRow): AuditRow[] {
  const instant = new Date(at).toISOString();
  // The log's audit text was written from AuditEntry values.
  const entries = JSON.parse(audit) as AuditEntry[];
  return entries.map((entry, position) => ({ seq, position, at: instant, entry })).toReversed();
}

/** The index says that some row of the commit fits each key. This check asks whether one row fits them all. */
function matches(
  { seq, position, entry }: AuditRow,
  { viewer, names, organization, before }: AuditQuery,
): boolean {
  if (before && !(seq < before.seq || (seq === before.seq && position < before.position))) return false;
  if (organization !== undefined && entry.agent.organization !== organization) return false;
  if (viewer !== undefined && entry.agent.organization !== viewer && !entry.viewers.includes(viewer))
    return false;
  return names.every(
    (name) => entry.patients.includes(name) || entry.entities.some((entity) => unversioned(entity) === name),
  );
}
