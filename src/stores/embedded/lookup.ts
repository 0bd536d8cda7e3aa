/**
 * Lookups: searches by a reference, token or uri that few versions have, and by others beside it. Rules, conditions and
 * deliveries ask for little else; each is answered where it is asked, in a few microseconds, because handing it to a thread
 * would cost more than answering it. What many versions have, or long ones, is a search like any other.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Clause, Match, Page, Query } from '../../ports/query.ts';
import { prepare, statements } from './connection.ts';
import { mustOf } from './search-hops.ts';
import { sightSql } from './sight.ts';

/** Versions looked at, at most. */
export const LOOKUP_MAX = 64;
/** Characters of their texts, at most. */
const CHARACTERS_MAX = 1024 * 1024;

/** All matches as of a seq, newest write first; undefined when the query is not a lookup. */
export type Lookup = (query: Query, seq: number) => readonly Match[] | undefined;

type MatchRow = [ref: Match['ref'], seq: number, text: string, custodian: Match['custodian']];

export function prepareLookup(db: DatabaseSync): Lookup {
  const sql = statements(db);
  const pid = '(SELECT nid FROM name WHERE name = ?)';
  const versions = (test: string) =>
    prepare<[number]>(
      db,
      `SELECT DISTINCT vid FROM value INDEXED BY sqlite_autoindex_value_1 WHERE pid = ${pid} AND low = ? ${test}
       ORDER BY vid DESC LIMIT ${LOOKUP_MAX + 1}`,
    );
  const [having, havingBoth] = [versions(''), versions('AND high = ?')];
  const has = (test: string) =>
    prepare<[number]>(db, `SELECT 1 FROM value WHERE pid = ${pid} AND low = ? AND vid = ? ${test} LIMIT 1`);
  const [alsoHas, alsoHasBoth] = [has(''), has('AND high = ?')];

  /** Whether a version has a further value. */
  const satisfies = (type: string, vid: number, { param, low, high }: Equality): boolean => {
    const name = `${type}.${param}`;
    const found = high === undefined ? alsoHas.get(name, low, vid) : alsoHasBoth.get(name, low, vid, high);
    return found !== undefined;
  };

  return ({ type, where, sort, sight, characters = CHARACTERS_MAX }, seq) => {
    const [first, ...further] = sort.length === 0 ? equalitiesOf(where) : [];
    if (first === undefined) return undefined;
    const { param, low, high } = first;
    const name = `${type}.${param}`;
    const vids = high === undefined ? having.all(name, low) : havingBoth.all(name, low, high);
    if (vids.length > LOOKUP_MAX) return undefined;
    const seen = sightSql(sight, seq, { resource: 'r', vid: 'v.vid' });
    const one = sql<MatchRow>(
      `SELECT r.ref, v.seq, v.text, coalesce((SELECT name FROM name WHERE nid = r.custodian), '')
       FROM version v CROSS JOIN resource r ON r.rid = v.rid
       WHERE v.vid = ? AND v.seq <= ? AND v.ended > ? AND ${seen.sql}`,
    );
    const matches: Match[] = [];
    let left = Math.min(characters, CHARACTERS_MAX);
    for (const [vid] of vids) {
      if (!further.every((one) => satisfies(type, vid, one))) continue;
      const row = one.get(vid, seq, seq, ...seen.params);
      if (row === undefined) continue;
      const match = toMatch(row);
      if ((left -= match.text.length) < 0) return undefined;
      matches.push(match);
    }
    return matches;
  };
}

/** One page of all matches. */
export const pageOf = (matches: readonly Match[], { offset, count, total }: Query): Page => ({
  matches: matches.slice(offset, offset + count),
  more: matches.length > offset + count,
  ...(total && { total: matches.length }),
});

const toMatch = ([ref, seq, text, custodian]: MatchRow): Match => ({ ref, seq, text, custodian });

interface Equality {
  readonly param: string;
  readonly low: string;
  readonly high?: string | undefined;
}

/**
 * The values that are asked for, when they are all that is asked. Of several the reference is first: few versions have it.
 */
function equalitiesOf(where: Clause): readonly Equality[] {
  const clauses = mustOf(where);
  const equalities = clauses.flatMap((clause) => equalityOf(clause) ?? []);
  if (equalities.length < clauses.length) return [];
  const at = clauses.findIndex(({ kind }) => kind === 'reference');
  if (at < 0 && clauses.length > 1) return [];
  return at <= 0 ? equalities : [...equalities.splice(at, 1), ...equalities];
}

function equalityOf(clause: Clause): Equality | undefined {
  const { kind } = clause;
  if (kind === 'token' && clause.code !== undefined)
    return { param: clause.param, low: clause.code, high: clause.system };
  if (kind === 'uri' && clause.match === 'exact') return { param: clause.param, low: clause.value };
  const [to, ...others] = kind === 'reference' ? clause.to : [];
  return kind === 'reference' && to !== undefined && others.length === 0
    ? { param: clause.param, low: to }
    : undefined;
}
