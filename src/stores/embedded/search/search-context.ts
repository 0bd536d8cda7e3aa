/** What one search looks at: a connection, a moment, a caller; and what stands for a resource in its SQL. */
import type { DatabaseSync } from 'node:sqlite';
import type { Clause, Prefix, Sight } from '../../../ports/query.ts';
import { sightSql, type SightMoment } from './sight.ts';
import { firstRow, sql, word } from '../sql.ts';
import type { Sql } from '../sql.ts';

/** Where one way of searching ends and another begins. What is found does not depend on it. */
export interface Limits {
  /** Rows of a place are counted up to here. */
  readonly many: number;
  /** So few rows that counting on costs more than it can save. */
  readonly few: number;
  /** Candidates that are sorted rather than walked. */
  readonly sorted: number;
  /** Candidates that are sorted by several keys rather than walked by the first. */
  readonly sortable: number;
  /** Candidates that a walk looks at before another way is taken, where there is one. */
  readonly tried: number;
  /** The same where the other way is long. */
  readonly triedLong: number;
  /** The same where the other way is dear to begin. */
  readonly triedShort: number;
  /** Candidates at the far end of a hop that is looked up first. */
  readonly narrow: number;
  /** Branches that are merged in order; more are sorted. */
  readonly merged: number;
  /** Bytes for sets of versions that the connection remembers (version-sets.ts); 0 for none. */
  readonly setBytes: number;
}

export const LIMITS: Limits = {
  many: 10_000,
  few: 50,
  sorted: 1000,
  sortable: 50_000,
  tried: 5000,
  triedLong: 10_000,
  triedShort: 200,
  narrow: 1000,
  merged: 16,
  setBytes: 12 * 1024 * 1024,
};

export interface SearchContext extends SightMoment {
  readonly db: DatabaseSync;
  readonly limits: Limits;
  readonly sight: Sight;
  /** The number of a name; -1 when nobody ever used it. */
  readonly nid: (name: string) => number;
}

/** The versions that may be found: from `oldest` to `newest` in the order of writing. */
export interface Span {
  readonly oldest: number;
  readonly newest: number;
}

/** A resource in SQL: a row of `version`, and its row of `resource`. */
export interface ResourceAlias {
  readonly type: string;
  readonly v: Sql;
  readonly r: Sql;
  /** The row of `value` by which a hop came here. */
  readonly x: Sql;
  /** Its `vid` from the outermost table that has it: what asks for the values alone needs no row of `version`. */
  readonly vid: Sql;
  readonly depth: number;
}

export function aliasOf(type: string, depth: number, vid = word(`v${depth}.vid`)): ResourceAlias {
  return { type, depth, v: word(`v${depth}`), r: word(`r${depth}`), x: word(`x${depth}`), vid };
}

/** Evaluated once per candidate row: throws when the search must stop. */
export const GO = word('go()');

/** A context of its own names; to be made anew inside every transaction, for what was undone was never named. */
export function searchContextOf(
  db: DatabaseSync,
  sight: Sight,
  { seq, now }: SightMoment,
  limits: Limits,
): SearchContext {
  const names = new Map<string, number>();
  function nid(name: string): number {
    let known = names.get(name);
    if (known === undefined) {
      known = firstRow<[number]>(db, sql`SELECT nid FROM name WHERE name = ${name}`)?.[0] ?? -1;
      names.set(name, known);
    }
    return known;
  }
  return { db, limits, sight, seq, now, nid };
}

/** The alias is live at the moment, and within the caller's sight but for what scopes narrow. */
export function isReached({ v, r, vid }: ResourceAlias, { sight, seq, now }: SearchContext): Sql {
  const alias = { resource: r.sql, vid: vid.sql, shown: `${v.sql}.seq` };
  const seen = sightSql(sight, { seq, now }, alias);
  return sql`${v}.seq <= ${seq} AND ${v}.ended > ${seq} AND ${seen}`;
}

/** The version of a resource at the moment: its newest by then, be it live or not. */
export function versionAt(rid: Sql, seq: number): Sql {
  return sql`(SELECT vid FROM version INDEXED BY version_of WHERE rid = ${rid} AND seq <= ${seq} ORDER BY seq DESC LIMIT 1)`;
}

/** The number of a parameter of a type. */
export const pidOf = (context: SearchContext, type: string, param: string): number =>
  context.nid(`${type}.${param}`);

/**
 * The versions that a query can find: those written by then, narrowed by the `updated` clauses that must hold. Times
 * never decrease in the order of writing (law 17), so a time is a place in that order, found by halving.
 */
export function spanOf({ db, seq }: SearchContext, must: readonly Clause[]): Span {
  const newest = lastVid(db, (made) => made <= seq);
  let span: Span = { oldest: 0, newest };
  for (const clause of must) {
    if (clause.kind !== 'updated') continue;
    const before = lastVid(db, (_seq, at) => at < clause.low);
    const through = lastVid(db, (_seq, at) => at <= clause.high);
    const { after, until } = SPANS[clause.prefix](before, through);
    span = { oldest: Math.max(span.oldest, after + 1), newest: Math.min(span.newest, until) };
  }
  return span;
}

/** Places in the order of writing: the last version before the searched interval, and the last one in it or before. */
type SpanOf = (before: number, through: number) => { readonly after: number; readonly until: number };

const SPANS: { readonly [P in Prefix]: SpanOf } = {
  eq: (before, through) => ({ after: before, until: through }),
  ap: (before, through) => ({ after: before, until: through }),
  ge: (before) => ({ after: before, until: Infinity }),
  gt: (_before, through) => ({ after: through, until: Infinity }),
  sa: (_before, through) => ({ after: through, until: Infinity }),
  le: (_before, through) => ({ after: 0, until: through }),
  lt: (before) => ({ after: 0, until: before }),
  eb: (before) => ({ after: 0, until: before }),
  ne: () => ({ after: 0, until: Infinity }),
};

/** The last version, in the order of writing, that `holds`; `holds` is true up to some version and false after it. */
function lastVid(db: DatabaseSync, holds: (seq: number, at: number) => boolean): number {
  let found = 0;
  let below = firstRow<[number]>(db, sql`SELECT max(vid) FROM version`)?.[0] ?? 0;
  let probe = below;
  while (found < below) {
    const row = firstRow<[number, number, number]>(
      db,
      sql`SELECT vid, seq, at FROM version WHERE vid <= ${probe} ORDER BY vid DESC LIMIT 1`,
    );
    if (row === undefined || row[0] <= found) found = Math.max(found, probe);
    else if (holds(row[1], row[2])) found = probe;
    else below = row[0] - 1;
    probe = found + Math.ceil((below - found) / 2);
  }
  return found;
}
