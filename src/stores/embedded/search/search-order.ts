/**
 * Finding versions in the order of the result: either a walk over an index that has that order, which stops when it has
 * enough, or, when the candidates are few, all of them sorted.
 */
import { narrowedTo, type Clause, type SortKey } from '../../../ports/query.ts';
import { isCandidate, candidatesFor, candidatePlace } from './candidates.ts';
import { conditionOf, isSeen } from './search-conditions.ts';
import { boundsOf, countOf, narrower, narrowest, wholeType, withinSight } from './search-sources.ts';
import type { Field, Candidates, VersionSource } from './search-sources.ts';
import { windowOf } from './search-ranges.ts';
import { aliasOf, GO, pidOf, versionAt } from './search-context.ts';
import { and, eachRow, FALSE, firstRow, joinedSql, limited, sql, TRUE, word } from '../sql.ts';
import type { Sql } from '../sql.ts';

export interface VersionSearch {
  readonly field: Field;
  /** The clauses that must all hold. */
  readonly must: readonly Clause[];
  readonly sort: readonly SortKey[];
  /** Versions wanted at most. */
  readonly need: number;
}

/** SQLite: no limit; a LIMIT keeps a subquery's own order. */
const ALL = -1;

/** The versions that match, distinct, in the order of the result. */
export function findVersions(wanted: VersionSearch): readonly number[] {
  const { sort } = wanted;
  const isByWriting = sort.length === 0 || sort[0]?.param === '_lastUpdated';
  const tried = isByWriting && wanted.must.some(({ kind }) => kind === 'display') ? tryNewest(wanted) : [];
  return tried.length === wanted.need ? tried : findIn(sourceOf(wanted), wanted);
}

/** The same in a place; undefined is anywhere. */
function findIn(source: VersionSource | undefined, wanted: VersionSearch): readonly number[] {
  const { sort } = wanted;
  const [key] = sort;
  if (sort.length > 1 && key !== undefined && key.param !== '_id') return findByKeys(key, source, wanted);
  if (key === undefined || key.param === '_lastUpdated') return inOrderOfWriting(source, wanted);
  return findByKey(key, source, wanted);
}

/** By one key: few candidates are sorted; of many, some in its order are tried first, as most searches are dense. */
function findByKey(
  key: SortKey,
  source: VersionSource | undefined,
  wanted: VersionSearch,
): readonly number[] {
  const { field, need } = wanted;
  const { many, sorted: few, tried, triedLong } = field.context.limits;
  if (source === undefined) return collect([walkByKey(key, wanted, ALL), walkWithout(key, wanted)], wanted);
  if (source.rows <= few) return sorted(source, wanted);
  const found = collect([walkByKey(key, wanted, source.rows < many ? tried : triedLong)], wanted);
  return found.length < need ? sorted(source, wanted) : found;
}

/** By several keys: few candidates are sorted; many are walked by the first key, or taken apart by its values. */
function findByKeys(
  key: SortKey,
  source: VersionSource | undefined,
  wanted: VersionSearch,
): readonly number[] {
  const { field, must } = wanted;
  if (source !== undefined && source.rows <= field.context.limits.sorted) return sorted(source, wanted);
  const among = candidatesFor(must, field);
  return among === undefined ? inOrderOfKeys(key, source, wanted) : findAmong(among, wanted, () => source);
}

/** The same where it is known what can be among the matches: of anything else no row is read. */
function findAmong(
  among: Candidates,
  wanted: VersionSearch,
  wide: () => VersionSource | undefined,
): readonly number[] {
  const asked = { ...wanted, field: { ...wanted.field, among } };
  const { sorted: few, sortable } = wanted.field.context.limits;
  const [key] = wanted.sort;
  if (among.count === 0 || key === undefined) return [];
  const place = among.count <= sortable ? candidatePlace(among) : wide();
  if (place !== undefined && among.count <= few) return sorted(place, asked);
  const isOneKey = wanted.sort.length === 1 || key.param === '_id'; // no two have the same id
  return isOneKey ? findIn(place, asked) : inOrderOfKeys(key, place, asked);
}

/** The versions of a source that match, newest write first. */
export function versionsIn(source: VersionSource, wanted: VersionSearch): readonly number[] {
  return collect([walk(source, true, ALL)], wanted);
}

/** How many versions match. */
export function countVersions(wanted: VersionSearch): number {
  const { field, must } = wanted;
  const source = sourceOf(wanted) ?? wholeType(field);
  if (source.branches.length === 0) return 0;
  const query = sql`SELECT count(DISTINCT v0.vid) ${verified(unionOf(source), field, unsettled(must, source))}`;
  return firstRow<[number]>(field.context.db, query)?.[0] ?? 0;
}

/** The narrowest place that clauses or sight leave. */
function sourceOf({ field, must }: VersionSearch): VersionSource | undefined {
  const scoped = narrowedTo(field.context.sight, field.type);
  const source = narrowest(scoped === undefined ? must : [...must, scoped], field);
  return source !== undefined && source.rows <= field.context.limits.few
    ? source
    : narrower(source, withinSight(field));
}

function inOrderOfWriting(source: VersionSource | undefined, wanted: VersionSearch): readonly number[] {
  const descending = isNewestFirst(wanted);
  const whole = wholeType(wanted.field);
  const { many, tried, triedShort: newest } = wanted.field.context.limits;
  if (source === undefined) return collect([walk(whole, descending, ALL)], wanted);
  if (!source.ordered && source.rows >= many) {
    const found = collect([walk(whole, descending, tried)], wanted);
    if (found.length === wanted.need) return found;
  }
  const isMiddling = source.rows > newest && source.rows < many;
  if (!source.ordered && isMiddling && newest >= wanted.need) {
    // Some are picked out of a place in a fourth of the time that sorting it takes.
    const found = collect([walk(source, descending, newest)], wanted);
    if (found.length === wanted.need) return found;
  }
  return collect([walk(source, descending, ALL)], wanted);
}

/** Full text gathers all that begins with a word before it gives the first: a few are looked at without it. */
function tryNewest(wanted: VersionSearch): readonly number[] {
  const { field } = wanted;
  return collect([walk(wholeType(field), isNewestFirst(wanted), field.context.limits.triedShort)], wanted);
}

const isNewestFirst = ({ sort }: VersionSearch): boolean => sort[0]?.descending ?? true;

/** A SELECT of candidates in the order of the result, and what they must satisfy beyond the clauses. */
interface Walk {
  readonly candidates: Sql;
  readonly besides?: Clause;
  /** What the candidates satisfy already. */
  readonly settles?: readonly Clause[] | undefined;
}

const NOWHERE: Walk = { candidates: sql`SELECT 0 AS vid WHERE ${FALSE}` };

const direction = (descending: boolean): Sql => word(descending ? 'DESC' : 'ASC');

function walk(source: VersionSource, descending: boolean, limit: number): Walk {
  if (source.branches.length === 0) return NOWHERE;
  const candidates = sql`${unionOf(source)} ORDER BY vid ${direction(descending)} ${limited(limit)}`;
  return { candidates, settles: source.settles };
}

/** The clauses that are still to be verified. */
const unsettled = (must: readonly Clause[], { settles }: Pick<Walk, 'settles'>): readonly Clause[] =>
  settles === undefined ? must : must.filter((clause) => !settles.includes(clause));

const unionOf = ({ branches }: VersionSource): Sql => joinedSql(branches, ' UNION ALL ');

/** By the value that comes first in the order (R4 search, sorting): later ones of the same version are passed over. */
function walkByKey({ param, descending }: SortKey, { field, must }: VersionSearch, limit: number): Walk {
  const { type, context } = field;
  const way = direction(descending);
  if (param === '_id') {
    return {
      candidates: sql`SELECT ${versionAt(word('o.rid'), context.seq)} AS vid FROM resource o
        WHERE ref >= ${`${type}/`} AND ref < ${`${type}0`} ORDER BY ref ${way} ${limited(limit)}`,
    };
  }
  const { from, to } = boundsOf(param, must, field) ?? {};
  const within = from === undefined || to === undefined ? TRUE : sql`low >= ${from} AND low <= ${to}`;
  return {
    candidates: sql`SELECT vid FROM value INDEXED BY sqlite_autoindex_value_1
      WHERE pid = ${pidOf(context, type, param)} AND ${within} ORDER BY low ${way}, vid ${way} ${limited(limit)}`,
  };
}

/**
 * By several keys, without sorting all that matches: in the order of the first one, and what is alike in it by the others.
 * What is alike and many is searched for by itself, in the order of the others. Where the candidates can be sorted after
 * all, the walk is given up when it has looked at enough.
 */
function inOrderOfKeys(
  key: SortKey,
  source: VersionSource | undefined,
  wanted: VersionSearch,
): readonly number[] {
  const { field, must, need } = wanted;
  const { among } = field;
  const rest = { ...wanted, sort: wanted.sort.slice(1) };
  const found = new Set<number>();
  const put = (vids: readonly number[]): void => vids.forEach((vid) => found.add(vid));
  const isNarrow = among === undefined && source !== undefined && isSortable(source, field);
  // Later values of a version are passed over: whatever has an earlier one is found already.
  const putEqual = (code: string): void => {
    const alike: Clause = { kind: 'token', param: key.param, code };
    const asked = { ...rest, must: [...must, alike], need: need + found.size };
    const some = among && candidatesFor([alike, ...must], field);
    if (some !== undefined) put(findAmong(some, asked, () => sourceOf(asked)));
    else put(findIn(isNarrow ? narrowedBy(alike, source, field) : sourceOf(asked), asked));
  };
  const values = fewValues(key, field);
  for (const value of values ?? []) if (found.size < need) putEqual(value);
  if (values === undefined) {
    const limit = source === undefined ? ALL : triesOf(source, field);
    for (let beyond: Value | undefined; found.size < need;) {
      const walked = walkOfKey(key, source ?? wholeType(field), wanted, { beyond, limit });
      const shared = putAlike(walked, limit, rest, found, put);
      if (shared === undefined) break;
      putEqual(shared);
      beyond = shared;
    }
    if (limit !== ALL && source !== undefined && found.size < need) return sorted(source, wanted);
  }
  if (found.size < need && key.param !== '_lastUpdated' && windowOf(key.param, must) === undefined) {
    const without: Clause = { kind: 'missing', param: key.param, missing: true };
    const asked = { ...rest, must: [...must, without], need: need - found.size };
    put(among === undefined ? findVersions(asked) : findAmong(among, asked, () => source));
  }
  return [...found].slice(0, need);
}

/** How many candidates are looked at before those of a place are sorted after all. */
function triesOf({ rows }: VersionSource, { among, context: { limits } }: Field): number {
  if (rows < limits.many) return limits.tried;
  return among !== undefined && among.count <= limits.sortable ? limits.triedLong : ALL;
}

/** Whether it is known how much there is in a place, and no more than can be sorted. */
function isSortable({ branches }: VersionSource, field: Field): boolean {
  const { sortable } = field.context.limits;
  return countOf(branches, field, sortable) < sortable;
}

/** What of a place satisfies a clause too: two wide places may have nothing in common. */
function narrowedBy(clause: Clause, source: VersionSource, field: Field): VersionSource {
  const { type, context } = field;
  const condition = conditionOf(clause, aliasOf(type, 0, word('n.vid')), context);
  const branches = source.branches.map(
    (branch) => sql`SELECT n.vid FROM (${branch}) n WHERE ${GO} AND ${condition}`,
  );
  return { ...source, branches, rows: countOf(branches, field) };
}

/** Texts under a parameter that are few enough to be searched for one by one. */
const VALUES_FEW = 12;

/** All values of a key in its order, where they are texts and few, such as codes; undefined where they are not. */
function fewValues({ param, descending }: SortKey, { type, context }: Field): readonly string[] | undefined {
  if (param === '_lastUpdated') return undefined;
  const way = direction(descending);
  const values: string[] = [];
  for (let last: Sql = TRUE; ;) {
    const query = sql`SELECT low FROM value INDEXED BY sqlite_autoindex_value_1
      WHERE pid = ${pidOf(context, type, param)} AND ${last} ORDER BY low ${way} LIMIT 1`;
    const value = firstRow<[Value]>(context.db, query)?.[0];
    if (value === undefined) return values;
    if (typeof value !== 'string' || values.length >= VALUES_FEW) return undefined;
    values.push(value);
    last = sql`low ${word(descending ? '<' : '>')} ${value}`;
  }
}

type Value = string | number;

/** Puts groups of what is alike, each in order, until there is enough; the text that too many share, if there is one. */
function putAlike(
  one: Walk,
  limit: number,
  rest: VersionSearch,
  found: ReadonlySet<number>,
  put: (vids: readonly number[]) => void,
): string | undefined {
  const { field, must, need } = rest;
  const query = sql`SELECT v0.vid, d.k ${verified(one.candidates, field, unsettled(must, one))}`;
  let [value, group]: [Value | undefined, Set<number>] = [undefined, new Set()];
  for (const [vid, k] of eachRow<[number, Value]>(field.context.db, query)) {
    if (found.has(vid) || group.has(vid)) continue;
    if (k !== value) {
      put(inOrder(group, rest));
      [value, group] = [k, new Set()];
      if (found.size >= need) return undefined;
    }
    group.add(vid);
    if (group.size > field.context.limits.sorted && typeof k === 'string') return k;
  }
  // Where the walk has a limit, the last group may not be whole.
  if (limit === ALL) put(inOrder(group, rest));
  return undefined;
}

/** Verified versions, in the order of the keys. */
function inOrder(vids: ReadonlySet<number>, { field, sort }: VersionSearch): readonly number[] {
  if (vids.size < 2) return [...vids];
  const given = sql`SELECT value AS vid FROM json_each(${JSON.stringify([...vids])})`;
  return sorted(
    { branches: [given], ordered: false, rows: vids.size },
    { field, sort, must: [], need: vids.size },
  );
}

/** Candidates with their value of a key as `k`, in its order, so many at most; beyond a value when one is given. */
function walkOfKey(
  { param, descending }: SortKey,
  source: VersionSource,
  { field, must }: VersionSearch,
  { beyond, limit }: { readonly beyond: Value | undefined; readonly limit: number },
): Walk {
  const { type, context } = field;
  const way = direction(descending);
  if (param === '_lastUpdated') {
    const { candidates, settles } = walk(source, descending, limit);
    return {
      candidates: sql`SELECT w.vid, at AS k FROM (${candidates}) w CROSS JOIN version USING (vid)`,
      settles,
    };
  }
  const { from, to } = boundsOf(param, must, field) ?? {};
  const within = from === undefined || to === undefined ? TRUE : sql`low >= ${from} AND low <= ${to}`;
  const after = beyond === undefined ? TRUE : sql`low ${word(descending ? '<' : '>')} ${beyond}`;
  return {
    candidates: sql`SELECT vid, low AS k FROM value INDEXED BY sqlite_autoindex_value_1
      WHERE pid = ${pidOf(context, type, param)} AND ${within} AND ${after} ORDER BY low ${way}, vid ${way} ${limited(limit)}`,
  };
}

/** What has no value to be sorted by comes last. */
function walkWithout({ param, descending }: SortKey, { field, must }: VersionSearch): Walk {
  if (param === '_id' || windowOf(param, must) !== undefined) return NOWHERE;
  return { ...walk(wholeType(field), descending, ALL), besides: { kind: 'missing', param, missing: true } };
}

/** Walks until there is enough. */
function collect(walks: readonly Walk[], { field, must, need }: VersionSearch): readonly number[] {
  const found = new Set<number>();
  for (const one of walks) {
    const { candidates, besides } = one;
    const open = [...unsettled(must, one), ...(besides === undefined ? [] : [besides])];
    const query = sql`SELECT v0.vid ${verified(candidates, field, open)}`;
    for (const [vid] of eachRow<[number]>(field.context.db, query)) {
      found.add(vid);
      if (found.size >= need) return [...found];
    }
  }
  return [...found];
}

/**
 * All that matches, sorted by every key; ties in the order of writing, in the direction of the last key. The keys need no
 * row of `version`, so candidates are sorted first, and verified one after the other until there is enough.
 */
function sorted(source: VersionSource, wanted: VersionSearch): readonly number[] {
  const { field, sort } = wanted;
  if (source.branches.length === 0) return [];
  const keys = sort.map((key, i) => sql`${keyOf(key, field)} AS ${word(`k${i}`)}`);
  const order = sort.map(({ descending }, i) => {
    const key = word(`k${i}`);
    return sql`${key} IS NULL, ${key} ${direction(descending)}`;
  });
  const candidates = sql`SELECT c.vid, ${joinedSql(keys, ', ')} FROM (SELECT DISTINCT vid FROM (${unionOf(source)})) c
    WHERE ${GO} ORDER BY ${joinedSql(order, ', ')}, c.vid ${direction(sort.at(-1)?.descending ?? true)} ${limited(ALL)}`;
  return collect([{ candidates, settles: source.settles }], wanted);
}

function keyOf({ param, descending }: SortKey, { type, context }: Field): Sql {
  if (param === '_lastUpdated') return word('(SELECT at FROM version WHERE vid = c.vid)');
  if (param === '_id') return word('(SELECT ref FROM version JOIN resource USING (rid) WHERE vid = c.vid)');
  return sql`(SELECT ${word(descending ? 'max' : 'min')}(low) FROM value INDEXED BY value_of
    WHERE vid = c.vid AND pid = ${pidOf(context, type, param)})`;
}

/** Candidates, in their own order, of which those remain that are live, visible and satisfy the clauses. */
function verified(candidates: Sql, field: Field, must: readonly Clause[]): Sql {
  const { type, context, span, among } = field;
  const alias = aliasOf(type, 0, word('d.vid'));
  const conditions = must.map((clause) => conditionOf(clause, alias, context));
  const looks = among === undefined ? GO : isCandidate(alias.vid, among);
  return sql`FROM (${candidates}) d CROSS JOIN version v0 ON v0.vid = d.vid CROSS JOIN resource r0 ON r0.rid = v0.rid
    WHERE ${looks} AND d.vid BETWEEN ${span.oldest} AND ${span.newest} AND ${isSeen(alias, context)} AND ${and(conditions)}`;
}
