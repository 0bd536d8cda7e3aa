/**
 * History, newest first. The history of one resource is one query. The history of a type or the whole system is read in
 * slices of the version table, between which other work runs, so that a long one holds up nobody and can be ended.
 */
import type { HistoryPage, HistoryQuery, HistoryVersion } from '../../ports/store.ts';
import type { Ref } from '../../fhir/types.ts';
import { statements } from './folder/connection.ts';
import { columnsOf, JOIN_NEWEST, NEWEST, toVersion } from './reading.ts';
import type { SnapshotReading, VersionRow } from './reading.ts';
import { prepareScopes } from './scopes.ts';
import { sightSql } from './search/sight.ts';
import type { Condition, SightMoment } from './search/sight.ts';
import { fitting, inSlices } from './slices.ts';

/** A row with the method of the version before it. */
const COLUMNS = `${columnsOf('v')},
  (SELECT p.method FROM version p WHERE p.rid = v.rid AND p.seq < v.seq ORDER BY p.seq DESC LIMIT 1)`;
type HistoryRow = readonly [...VersionRow, before: HistoryVersion['method'] | null];

/** A version of a resource that did not exist, or was deleted, creates it, whatever its method. */
function toHistory(row: HistoryRow): HistoryVersion {
  const [ref, seq, at, method, text, custodian, before] = row;
  const version = toVersion([ref, seq, at, method, text, custodian]);
  const isNew = method !== 'DELETE' && (before === null || before === 'DELETE');
  return isNew ? { ...version, created: true } : version;
}

/** The number of rows of the version table that one slice reads. */
const SLICE = 4000;

/** What histories are read with: statements, the bound of time, and what narrowed scopes leave. */
interface HistoryReading {
  readonly sql: ReturnType<typeof statements>;
  readonly timeoutMs: number;
  readonly isWithin: ReturnType<typeof prepareScopes>;
}

export function prepareHistory({
  db,
  timeoutMs,
  clock,
  scopes,
  verdicts,
}: SnapshotReading): (query: HistoryQuery, seq: number, signal: AbortSignal) => Promise<HistoryPage> {
  const reading: HistoryReading = {
    sql: statements(db),
    timeoutMs,
    isWithin: prepareScopes(db, scopes, verdicts),
  };
  return async (query, seq, signal) => {
    const where = conditionOf(query, { seq, now: clock.now() });
    return query.id === undefined
      ? readMany(reading, query, seq, where, signal)
      : readOne(reading, query, seq, where);
  };
}

function readOne(reading: HistoryReading, query: HistoryQuery, seq: number, where: Condition): HistoryPage {
  const { sql } = reading;
  const ref: Ref = `${query.type}/${query.id}`;
  const from = `FROM resource r ${JOIN_NEWEST} JOIN version v ON v.rid = r.rid AND v.seq <= ?
    WHERE r.ref = ? AND ${where.sql}`;
  const values = [seq, seq, ref, ...where.params];
  if (isNarrowed(query)) return readOneNarrowed(reading, query, seq, ref, { sql: from, params: values });
  const rows = sql<HistoryRow>(`SELECT ${COLUMNS} ${from} ORDER BY v.seq DESC LIMIT ? + 0 OFFSET ? + 0`).each(
    ...values,
    query.count + 1,
    query.offset,
  );
  const page = pageFor(query);
  for (const row of rows) if (!page.take(toHistory(row))) break;
  const total = query.total ? sql<[number]>(`SELECT count(*) ${from}`).get(...values)![0] : undefined;
  return page.done(total);
}

/** By scopes that narrow the type: the newest version and each that is shown must be within them (smart SM-28). */
function readOneNarrowed(
  { sql, isWithin }: HistoryReading,
  query: HistoryQuery,
  seq: number,
  ref: Ref,
  from: Condition,
): HistoryPage {
  const { sight, offset, total } = query;
  const page = pageFor(query);
  let [isOpen, found] = [true, 0];
  const seqs = sql<[number]>(`SELECT v.seq ${from.sql} ORDER BY v.seq DESC`).all(...from.params);
  const one = sql<HistoryRow>(`SELECT ${COLUMNS} ${from.sql} AND v.seq = ?`);
  for (const [at] of isWithin(sight, ref, seq) ? seqs : []) {
    if (!isWithin(sight, ref, at)) continue;
    found += 1;
    if (found > offset && isOpen) isOpen = page.take(toHistory(one.get(...from.params, at)!));
    if (!isOpen && !total) break;
  }
  return page.done(total ? found : undefined);
}

async function readMany(
  { sql, timeoutMs, isWithin }: HistoryReading,
  query: HistoryQuery,
  seq: number,
  where: Condition,
  signal: AbortSignal,
): Promise<HistoryPage> {
  const from = `FROM version v JOIN resource r ON r.rid = v.rid ${JOIN_NEWEST}
    WHERE v.vid > ? AND v.vid <= ? AND v.seq <= ? AND ${where.sql}`;
  const { sight } = query;
  const asksScopes = isNarrowed(query);
  const ids = sql<[number, Ref, number]>(`SELECT v.vid, r.ref, v.seq ${from} ORDER BY v.vid DESC`);
  const one = sql<HistoryRow>(
    `SELECT ${COLUMNS} FROM version v JOIN resource r ON r.rid = v.rid WHERE v.vid = ?`,
  );
  const page = pageFor(query);
  let isOpen = true;
  let matches = 0;
  let high = sql<[number | null]>('SELECT max(vid) FROM version').get()?.[0] ?? 0;
  await inSlices(timeoutMs, signal, () => {
    const low = Math.max(0, high - SLICE);
    for (const [vid, ref, at] of ids.all(seq, low, high, seq, ...where.params)) {
      // The newest version decides what is seen; narrowed scopes ask each version besides (smart SM-29).
      if (asksScopes && !(isWithin(sight, ref, seq) && isWithin(sight, ref, at))) continue;
      matches += 1;
      if (matches > query.offset && isOpen) isOpen = page.take(toHistory(one.get(vid)!));
    }
    high = low;
    return high > 0 && (query.total || isOpen);
  });
  return page.done(query.total ? matches : undefined);
}

const isNarrowed = ({ sight }: HistoryQuery): boolean => sight.narrow !== undefined;

function conditionOf({ type, since, at, sight }: HistoryQuery, moment: SightMoment): Condition {
  const visible = sightSql(sight, moment, { ...NEWEST, shown: 'v.seq' });
  const parts = [visible.sql];
  const params = [...visible.params];
  if (type !== undefined) {
    parts.push('v.type = (SELECT nid FROM name WHERE name = ?)');
    params.push(type);
  }
  if (since !== undefined) {
    parts.push('v.at >= ?');
    params.push(since);
  }
  if (at !== undefined) {
    // A version is current from its commit until the next one; a deletion is an instant.
    parts.push(`v.at <= ? AND CASE v.method WHEN 'DELETE' THEN v.at >= ? ELSE coalesce(
      (SELECT n.at FROM version n WHERE n.rid = v.rid AND n.seq > v.seq AND n.seq <= ? ORDER BY n.seq LIMIT 1) > ?, 1) END`);
    params.push(at.high, at.low, moment.seq, at.low);
  }
  return { sql: parts.map((part) => `(${part})`).join(' AND '), params };
}

interface Filling {
  /** Returns false when the row belongs to another page. */
  readonly take: (version: HistoryVersion) => boolean;
  readonly done: (total: number | undefined) => HistoryPage;
}

function pageFor({ count, characters }: HistoryQuery): Filling {
  const fits = fitting(characters);
  const versions: HistoryVersion[] = [];
  let more = false;
  return {
    take(version) {
      more = versions.length >= count || !fits(version.text ?? '');
      if (!more) versions.push(version);
      return !more;
    },
    done: (total) => ({ versions, more, ...(total !== undefined && { total }) }),
  };
}
