/**
 * Lookups: searches by a reference, token or uri that few versions have, or by one of several, with others beside it; and
 * chains to what a lookup finds.
 * Most searches of rules, conditions, messages and deliveries are lookups. They run on the caller's thread in a few
 * microseconds, because handing one to another thread would cost more. A value that many versions or long ones have is
 * searched like any other. A type of which nothing is stored is no search at all: one of the whole system asks more than a
 * hundred types, and most folders hold a few dozen.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../../fhir/types.ts';
import {
  narrowedTo,
  type Clause,
  type Match,
  type Page,
  type Query,
  type Sight,
} from '../../../ports/query.ts';
import { prepare, statements } from '../folder/connection.ts';
import { mustOf } from './search-hops.ts';
import { ALL_LOOKED_UP, type SeldomValues } from './seldom-values.ts';
import { sightSql, type SightMoment } from './sight.ts';

/** The largest number of versions looked at. */
const LOOKUP_MAX = 64;
/** The largest number of further values that are looked for in them: 256 take a third of a millisecond. */
const FURTHER_MAX = 256;
/** The largest number of characters of their texts. */
const CHARACTERS_MAX = 1024 * 1024;

/** All matches at a moment, newest write first; undefined when the query is not a lookup. */
type Lookup = (query: Query, moment: SightMoment) => readonly Match[] | undefined;

type MatchRow = [ref: Match['ref'], seq: number, text: string, custodian: Match['custodian']];

export function prepareLookup(db: DatabaseSync, seldom = ALL_LOOKED_UP): Lookup {
  const sql = statements(db);
  const has = (test: string) =>
    prepare<[number]>(db, `SELECT 1 FROM value WHERE pid = ${PID} AND low = ? AND vid = ? ${test} LIMIT 1`);
  const stored = prepare<[number]>(
    db,
    'SELECT 1 FROM resource INDEXED BY resource_kept WHERE type = (SELECT nid FROM name WHERE name = ?) LIMIT 1',
  );
  const versionsWith = prepareVersionsWith(db, seldom);
  const [alsoHas, alsoHasBoth] = [has(''), has('AND high = ?')];

  /** Whether a version has one of several values. */
  const satisfies = (type: string, vid: number, anyOf: AnyOf): boolean =>
    anyOf.some(({ param, low, high }) => {
      const name = `${type}.${param}`;
      const found = high === undefined ? alsoHas.get(name, low, vid) : alsoHasBoth.get(name, low, vid, high);
      return found !== undefined;
    });

  const lookup: Lookup = ({ type, where, sort, sight, characters = CHARACTERS_MAX }, moment) => {
    const must = isNewestFirst(sort) ? takeChains(lookup, where, sight, moment) : undefined;
    if (must?.some(isOfNothing)) return [];
    const [first, ...further] = must === undefined ? [] : demandsOf(must, narrowedTo(sight, type));
    const vids = first && versionsWith(type, first);
    if (vids?.length === 0) return [];
    if (vids === undefined || vids.length * further.flat().length > FURTHER_MAX)
      return stored.get(type) === undefined ? [] : undefined;
    const { seq } = moment;
    const seen = sightSql(sight, moment, { resource: 'r', vid: 'v.vid', shown: 'v.seq' });
    const one = sql<MatchRow>(
      `SELECT r.ref, v.seq, v.text, coalesce((SELECT name FROM name WHERE nid = r.custodian), '')
       FROM version v CROSS JOIN resource r ON r.rid = v.rid
       WHERE v.vid = ? AND v.seq <= ? AND v.ended > ? AND ${seen.sql}`,
    );
    const matches: Match[] = [];
    let left = Math.min(characters, CHARACTERS_MAX);
    for (const vid of vids) {
      if (!further.every((one) => satisfies(type, vid, one))) continue;
      const row = one.get(vid, seq, seq, ...seen.params);
      if (row === undefined) continue;
      const match = toMatch(row);
      if ((left -= match.text.length) < 0) return undefined;
      matches.push(match);
    }
    return matches;
  };
  return lookup;
}

const PID = '(SELECT nid FROM name WHERE name = ?)';

/** The versions that have one of several values, newest first; undefined when they are many. */
type VersionsWith = (type: string, anyOf: AnyOf) => readonly number[] | undefined;

function prepareVersionsWith(
  db: DatabaseSync,
  seldom: Pick<SeldomValues, 'hasNone' | 'noteNone'>,
): VersionsWith {
  const versions = (test: string) =>
    prepare<[number]>(
      db,
      `SELECT DISTINCT vid FROM value INDEXED BY sqlite_autoindex_value_1 WHERE pid = ${PID} AND low = ? ${test}
       ORDER BY vid DESC LIMIT ${LOOKUP_MAX + 1}`,
    );
  const [having, havingBoth] = [versions(''), versions('AND high = ?')];
  const wide = rememberWide();
  return (type, anyOf) => {
    const vids = new Set<number>();
    for (const { param, low, high } of anyOf) {
      if (seldom.hasNone(type, param, low)) continue;
      const name = `${type}.${param}`;
      if (wide.isPassedOver(name, low, high)) return undefined;
      const rows = high === undefined ? having.all(name, low) : havingBoth.all(name, low, high);
      if (rows.length === 0) seldom.noteNone(type, param);
      if (rows.length > LOOKUP_MAX) wide.note(name, low, high);
      for (const [vid] of rows) vids.add(vid);
      if (vids.size > LOOKUP_MAX) return undefined;
    }
    return anyOf.length === 1 ? [...vids] : [...vids].sort((a, b) => b - a);
  };
}

/** Values that are remembered; the oldest go first. */
const WIDE_MAX = 500;
/** Lookups that are passed over before a value is looked up again: what ended may be gone from it. */
const PASSED_OVER = 200;

const valueKey = (name: string, low: string, high = '\u{0}'): string => `${name} ${low} ${high}`;

/** Remembers which values many versions have: they are searched like any others, and need not be listed first. */
function rememberWide() {
  const left = new Map<string, number>();
  return {
    isPassedOver(name: string, low: string, high: string | undefined): boolean {
      if (left.size === 0) return false;
      const key = valueKey(name, low, high);
      const more = left.get(key);
      if (more === undefined) return false;
      if (more === 0) left.delete(key);
      else left.set(key, more - 1);
      return more > 0;
    },
    note(name: string, low: string, high: string | undefined): void {
      if (left.size >= WIDE_MAX) left.delete(left.keys().next().value ?? '');
      left.set(valueKey(name, low, high), PASSED_OVER);
    },
  };
}

/** The order of writing, newest first, whether it is asked for or not. */
const isNewestFirst = ([key, ...others]: Query['sort']): boolean =>
  key === undefined || (key.param === '_lastUpdated' && key.descending && others.length === 0);

/**
 * The clauses that must hold, each chain as a reference to what a lookup finds at its far end, unless that is no
 * lookup.
 */
function takeChains(lookup: Lookup, where: Clause, sight: Sight, moment: SightMoment): readonly Clause[] {
  const taken: Clause[] = [];
  for (const clause of mustOf(where)) {
    const far = clause.kind === 'chain' ? farEnds(lookup, clause, sight, moment) : undefined;
    taken.push(far ?? clause);
  }
  return taken;
}

function farEnds(
  lookup: Lookup,
  { param, types, where }: Extract<Clause, { kind: 'chain' }>,
  sight: Sight,
  moment: SightMoment,
): Clause | undefined {
  const to: Ref[] = [];
  for (const type of types) {
    const found = lookup({ type, where, sort: [], sight, count: 0, offset: 0, total: false }, moment);
    if (found === undefined) return undefined;
    to.push(...found.map(({ ref }) => ref));
  }
  return { kind: 'reference', param, to };
}

const isOfNothing = (clause: Clause): boolean => clause.kind === 'reference' && clause.to.length === 0;

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

/** Values of which a version must have one. */
type AnyOf = readonly Equality[];

/** The largest number of alternative values; each is looked up by itself. */
const ALTERNATIVES_MAX = 8;

/**
 * The values of a query, and of what scopes leave of its type, that has nothing else. Among several, the reference comes first, because few versions have it.
 */
function demandsOf(must: readonly Clause[], scoped: Clause | undefined): readonly AnyOf[] {
  const clauses = [...must, ...(scoped === undefined ? [] : mustOf(scoped))];
  const demands = clauses.flatMap((clause) => {
    const anyOf = anyOfIn(clause);
    return anyOf === undefined ? [] : [anyOf];
  });
  if (demands.length < clauses.length) return [];
  const at = clauses.findIndex(({ kind }) => kind === 'reference');
  if (at < 0 && clauses.length > 1) return [];
  return at <= 0 ? demands : [...demands.splice(at, 1), ...demands];
}

function anyOfIn(clause: Clause): AnyOf | undefined {
  const parts = clause.kind === 'any' ? clause.of : [clause];
  const equalities = parts.flatMap(equalitiesIn);
  const isWhole = parts.every((part) => equalitiesIn(part).length > 0);
  return isWhole && equalities.length > 0 && equalities.length <= ALTERNATIVES_MAX ? equalities : undefined;
}

function equalitiesIn(clause: Clause): readonly Equality[] {
  const { kind } = clause;
  if (kind === 'token' && clause.code !== undefined)
    return [{ param: clause.param, low: clause.code, high: clause.system }];
  if (kind === 'uri' && clause.match === 'exact') return [{ param: clause.param, low: clause.value }];
  return kind === 'reference' ? clause.to.map((low) => ({ param: clause.param, low })) : [];
}
