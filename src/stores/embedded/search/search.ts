/**
 * Searches over the tables of the embedded engine. A {@link Query} becomes SQL whose way through the indexes is chosen
 * here, by bounded counting, and never by SQLite's planner. A search runs as of any `seq` whose values are kept.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import type { Match, Page, Query } from '../../../ports/query.ts';
import { SearchRefused } from '../../../ports/store.ts';
import { mustOf, takeHops } from './search-hops.ts';
import { interruptOf, uninterrupted, type SearchInterrupt } from './search-interrupt.ts';
import { countVersions, findVersions } from './search-order.ts';
import type { VersionSearch } from './search-order.ts';
import { forgetCandidates } from './candidates.ts';
import { LIMITS, spanOf, searchContextOf } from './search-context.ts';
import type { SightMoment } from './sight.ts';
import type { Limits } from './search-context.ts';
import { fitting } from '../slices.ts';
import { eachRow, firstRow, sql } from '../sql.ts';

/** A connection that writes remembers no sets of versions. */
const WRITING: Limits = { ...LIMITS, setBytes: 0 };

/** The references on a query's page at a moment. Inside a transaction it sees what the transaction wrote. */
export function findRefs(
  db: DatabaseSync,
  query: Query,
  moment: SightMoment,
  guard: SearchInterrupt = uninterrupted,
): Ref[] {
  return guarded(db, guard, () => {
    const { offset, count } = query;
    const found = findVersions(wantedOf(db, query, moment, offset + count, WRITING));
    return matchesOf(db, found.slice(offset)).map(({ ref }) => ref);
  });
}

/** One page of a search at a moment, out of one read transaction. Throws {@link SearchRefused} `expired`. */
export function searchPage(
  db: DatabaseSync,
  query: Query,
  moment: SightMoment,
  guard: SearchInterrupt = uninterrupted,
  limits: Limits = LIMITS,
): Page {
  return guarded(db, guard, () => {
    if (moment.seq < horizonOf(db)) throw new SearchRefused('expired');
    const { offset, count, total } = query;
    const wanted = wantedOf(db, query, moment, offset + count + 1, limits);
    const found = findVersions(wanted);
    const matches = matchesOf(db, found.slice(offset, offset + count), query.characters);
    const page = { matches, more: found.length > offset + matches.length };
    if (!total) return page;
    return { ...page, total: found.length < wanted.need ? found.length : countVersions(wanted) };
  });
}

/** A search as of an earlier seq may miss values that are gone. */
function horizonOf(db: DatabaseSync): number {
  return firstRow<[number]>(db, sql`SELECT value FROM meta WHERE key = 'horizon'`)?.[0] ?? 0;
}

function wantedOf(
  db: DatabaseSync,
  query: Query,
  moment: SightMoment,
  need: number,
  limits: Limits,
): VersionSearch {
  const context = searchContextOf(db, query.sight, moment, limits);
  const must = mustOf(takeHops(query.where, query.type, context));
  return { field: { type: query.type, context, span: spanOf(context, must) }, must, sort: query.sort, need };
}

function matchesOf(db: DatabaseSync, vids: readonly number[], characters?: number): readonly Match[] {
  const query = sql`SELECT r.ref, v.seq, v.text, coalesce(n.name, '') FROM json_each(${JSON.stringify(vids)}) j
    CROSS JOIN version v ON v.vid = j.value AND v.text IS NOT NULL CROSS JOIN resource r ON r.rid = v.rid
    LEFT JOIN name n ON n.nid = r.custodian`;
  const fits = fitting(characters);
  const matches: Match[] = [];
  for (const [ref, seq, text, custodian] of eachRow<[Ref, number, string, Ref | '']>(db, query)) {
    if (!fits(text)) break;
    matches.push({ ref, seq, text, custodian });
  }
  return matches;
}

/** Runs a search under its guard, in a read transaction of its own unless there is one. */
function guarded<T>(db: DatabaseSync, guard: SearchInterrupt, search: () => T): T {
  const at = interruptOf(db);
  const [before, own] = [at.now, !db.isTransaction];
  at.now = guard;
  if (own) db.exec('BEGIN');
  try {
    return search();
  } finally {
    if (own) db.exec('ROLLBACK');
    at.now = before;
    forgetCandidates(db);
  }
}
