/**
 * How many rows a place has, up to a bound. Ten thousand rows take a millisecond to count, as long as the rest of a search,
 * so what is wide is remembered for a while. A count chooses a way and never decides what is found, so it may be old.
 */
import type { DatabaseSync } from 'node:sqlite';
import { firstRow, limited, sql } from '../sql.ts';
import type { Sql } from '../sql.ts';

/** What changes with each write: a place is the same place at another moment. */
interface Moment {
  readonly seq: number;
  /** The newest version that can be found. */
  readonly newest: number;
}

interface Counted {
  readonly rows: number;
  readonly newest: number;
  uses: number;
}

/** Fewer rows are quicker counted than remembered. */
const REMEMBERED_MIN = 256;
/** Places that are remembered; the oldest go first. */
const REMEMBERED_MAX = 512;
/** After so many uses a place is counted again: what ended may be gone from it. */
const USES_MAX = 250;
/** It is counted again when so many versions were written, as a share of its rows. */
const GROWN = 0.25;

const counts = new WeakMap<DatabaseSync, Map<string, Counted>>();

/** How many rows branches give, up to a limit. */
export function countUpTo(limit: number, branches: readonly Sql[], db: DatabaseSync, moment: Moment): number {
  let rows = 0;
  for (const branch of branches) {
    if (rows >= limit) return limit;
    rows += countBranch(limit - rows, branch, db, moment);
  }
  return rows;
}

function countBranch(limit: number, branch: Sql, db: DatabaseSync, moment: Moment): number {
  if (limit < REMEMBERED_MIN) return count(limit, branch, db);
  const known = countsOf(db);
  const key = keyOf(limit, branch, moment);
  const before = known.get(key);
  if (before !== undefined && isYoung(before, moment)) {
    before.uses += 1;
    return before.rows;
  }
  const rows = count(limit, branch, db);
  known.delete(key);
  if (rows < REMEMBERED_MIN) return rows;
  if (known.size >= REMEMBERED_MAX) known.delete(known.keys().next().value ?? '');
  known.set(key, { rows, newest: moment.newest, uses: 0 });
  return rows;
}

const count = (limit: number, branch: Sql, db: DatabaseSync): number =>
  firstRow<[number]>(db, sql`SELECT count(*) FROM (${branch} ${limited(limit)})`)?.[0] ?? 0;

const isYoung = ({ rows, newest, uses }: Counted, now: Moment): boolean =>
  uses < USES_MAX && Math.abs(now.newest - newest) <= rows * GROWN;

function keyOf(limit: number, { sql: text, params }: Sql, { seq, newest }: Moment): string {
  const named = params.map((param) => (param === newest ? 'newest' : param === seq ? 'seq' : param));
  return `${limit} ${text} ${JSON.stringify(named)}`;
}

function countsOf(db: DatabaseSync): Map<string, Counted> {
  const known = counts.get(db) ?? new Map<string, Counted>();
  counts.set(db, known);
  return known;
}
