/**
 * Reads audit rows, newest or oldest first: those of the last commits by walking the log, older ones by the index, and
 * filters them row by row (rules 2.8).
 */
import type { AuditEntry, AuditQuery, AuditRow } from '../../ports/store.ts';
import { readIndexed } from './write/audit-index.ts';
import { markKeys, marksBorne, agentsNamed, unversioned } from '../log/audit-rows.ts';
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
    const { oldestFirst = false, behind } = query;
    const log = sql<LogRow>(sliceSql(0, oldestFirst));
    const index = sql<LogRow>(sliceSql(keys.length, oldestFirst));
    const indexed = keys.length === 0 ? 0 : readIndexed(db);
    // The last row of the previous page lies in the commit at `behind`, so that commit is read again.
    let lowest = Math.max(
      query.from === undefined ? 1 : seqBefore(query.from, seq) + 1,
      oldestFirst ? (behind?.seq ?? 1) : 1,
    );
    let highest = Math.min(
      oldestFirst ? seq : (behind?.seq ?? seq),
      query.to === undefined ? seq : seqBefore(query.to + 1, seq),
    );
    const found: AuditRow[] = [];
    await inSlices(timeoutMs, signal, () => {
      const inLog = oldestFirst ? lowest > indexed : highest > indexed;
      const [low, high] = inLog
        ? [Math.max(lowest, indexed + 1), highest]
        : [lowest, oldestFirst ? Math.min(highest, indexed) : highest];
      const rows = inLog
        ? log.all(low, high, SLICE)
        : index.all(...keys.slice(0, 1), low, high, ...keys.slice(1), SLICE);
      for (const row of rows) found.push(...rowsOf(row, oldestFirst).filter((one) => matches(one, query)));
      const last = rows.length === SLICE ? rows.at(-1)?.[0] : undefined;
      if (oldestFirst) lowest = last === undefined ? high + 1 : last + 1;
      else highest = last === undefined ? low - 1 : last - 1;
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
function keysOf({ names, organization, marks = [], viewer }: AuditQuery): string[] {
  return [
    ...marks.flatMap(markKeys),
    ...names.map((name) => `n:${name}`),
    ...(organization === undefined ? [] : [`a:${organization}`]),
    ...(viewer === undefined ? [] : [`v:${viewer}`]),
  ];
}

/** Values: the first key if any, the lowest and highest seq, the further keys, the limit. */
function sliceSql(keys: number, oldestFirst: boolean): string {
  const order = oldestFirst ? 'ASC' : 'DESC';
  if (keys === 0)
    return `SELECT seq, at, audit FROM log WHERE seq >= ? AND seq <= ? ORDER BY seq ${order} LIMIT ? + 0`;
  const others = Array.from(
    { length: keys - 1 },
    () => 'AND EXISTS (SELECT 1 FROM audit_index o WHERE o.key = ? AND o.seq = i.seq)',
  );
  return `SELECT l.seq, l.at, l.audit FROM audit_index i JOIN log l ON l.seq = i.seq
    WHERE i.key = ? AND i.seq >= ? AND i.seq <= ? ${others.join(' ')} ORDER BY i.seq ${order} LIMIT ? + 0`;
}

function rowsOf([seq, at, audit]: LogRow, oldestFirst: boolean): AuditRow[] {
  const instant = new Date(at).toISOString();
  // The log's audit text was written from AuditEntry values.
  const entries = JSON.parse(audit) as AuditEntry[];
  const rows = entries.map((entry, position) => ({ seq, position, at: instant, entry }));
  return oldestFirst ? rows : rows.toReversed();
}

/** The index says that some row of the commit fits each key. This check asks whether one row fits them all. */
function matches(row: AuditRow, query: AuditQuery): boolean {
  const { entry } = row;
  const { viewer, names, organization, marks = [] } = query;
  if (isPassed(row, query)) return false;
  if (organization !== undefined && !agentsNamed(entry).includes(organization)) return false;
  if (viewer !== undefined && entry.agent.organization !== viewer && !entry.viewers.includes(viewer))
    return false;
  if (!marks.every(({ kind, value }) => marksBorne(entry, kind).includes(value))) return false;
  return names.every(
    (name) => entry.patients.includes(name) || entry.entities.some((entity) => unversioned(entity) === name),
  );
}

/** Whether a row was on an earlier page. */
function isPassed({ seq, position }: AuditRow, { behind, oldestFirst }: AuditQuery): boolean {
  if (behind === undefined) return false;
  const distance = seq - behind.seq || position - behind.position;
  return oldestFirst === true ? distance <= 0 : distance >= 0;
}
