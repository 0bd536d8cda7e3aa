/**
 * A clause as an SQL condition on an alias that stands for a resource. Values are looked up, never scanned: by equality
 * in `value` itself (values written together are stored together there), otherwise in `value_of`. Every EXISTS has a
 * LIMIT, which keeps the planner from turning it into a join in an order of its own.
 */
import { narrowedTo, type Clause, type PartClause, type Prefix } from '../../../ports/query.ts';
import { expressionOf, isAmong, isDisplayed } from './search-text.ts';
import { aliasOf, GO, isReached, pidOf, versionAt } from './search-context.ts';
import { compartmentText } from './sight.ts';
import type { ResourceAlias, SearchContext } from './search-context.ts';
import { and, FALSE, or, sql, TRUE, word } from '../sql.ts';
import type { Sql } from '../sql.ts';

type Kind = Clause['kind'];
type Of<K extends Kind> = Extract<Clause, { kind: K }>;
type Rows = { readonly [K in Kind]: (clause: Of<K>, alias: ResourceAlias, context: SearchContext) => Sql };

/** The condition under which the resource of `alias` satisfies `clause`; never NULL. */
export function conditionOf(clause: Clause, alias: ResourceAlias, context: SearchContext): Sql {
  // Each row takes the clauses of its own kind; that the kind selects both is more than TypeScript can follow.
  const row = CONDITIONS[clause.kind] as (
    clause: Clause,
    alias: ResourceAlias,
    context: SearchContext,
  ) => Sql;
  return row(clause, alias, context);
}

/** What every alias of every query carries: it is live at the moment, reached, and within the scopes (rules 2.6, smart SM-26). */
export const isSeen = (alias: ResourceAlias, context: SearchContext): Sql =>
  sql`${isReached(alias, context)} AND ${isWithinScopes(alias, context)}`;

/** What scopes narrow of the type of the alias. */
export function isWithinScopes(alias: ResourceAlias, context: SearchContext): Sql {
  const clause = narrowedTo(context.sight, alias.type);
  return clause === undefined ? TRUE : conditionOf(clause, alias, context);
}

const CONDITIONS: Rows = {
  all: (clause, alias, context) =>
    textsOf(clause, alias) ?? and(clause.of.map((one) => conditionOf(one, alias, context))),
  any: (clause, alias, context) =>
    textsOf(clause, alias) ?? or(clause.of.map((one) => conditionOf(one, alias, context))),
  not: ({ clause }, alias, context) => sql`NOT ${conditionOf(clause, alias, context)}`,
  missing: ({ param, missing }, alias, context) => {
    const some = someValue(param, TRUE, alias, context);
    return missing ? sql`NOT ${some}` : some;
  },
  token: ({ param, code, system }, alias, context) => {
    const ofSystem = system === undefined ? TRUE : sql`high = ${system}`;
    return code === undefined
      ? someValue(param, ofSystem, alias, context)
      : equalValue(param, code, ofSystem, alias, context);
  },
  string: ({ param, match, value }, alias, context) =>
    someValue(param, STRING_TESTS[match](value), alias, context),
  reference: ({ param, to }, alias, context) => {
    const [only] = to;
    if (only === undefined) return FALSE;
    if (to.length === 1) return equalValue(param, only, TRUE, alias, context);
    return someValue(param, sql`+low IN ${listed(to)}`, alias, context);
  },
  uri: ({ param, match, value }, alias, context) => {
    if (match === 'exact') return equalValue(param, value, TRUE, alias, context);
    return someValue(param, URI_TESTS[match](value), alias, context);
  },
  range: ({ param, prefix, low, high }, alias, context) =>
    someValue(param, RANGE_TESTS[prefix](word('low'), word('high'), low, high), alias, context),
  codes: ({ param, system, codes }, alias, context) =>
    someValue(param, sql`high = ${system} AND +low IN ${listed(codes)}`, alias, context),
  tuple: ({ param, of }, alias, context) => {
    const parts = and(of.map(partTest));
    const code = firstCode(of);
    return code === undefined
      ? someValue(param, parts, alias, context)
      : equalValue(param, code, parts, alias, context);
  },
  other: ({ clause }, alias, context) =>
    someValue(clause.param, sql`NOT (${valueTest(clause)})`, alias, context),
  near: ({ param, ...place }, alias, context) => someValue(param, nearTest(place), alias, context),
  inside: ({ patient }, { r, vid }) => ({
    sql: compartmentText({ resource: r.sql, vid: vid.sql }),
    params: [...vid.params, patient, patient],
  }),
  keeper: ({ of }, { r }, { nid }) => {
    const keepers = of.map((one) => (one === '' ? 0 : nid(one)));
    return sql`${r}.custodian IN (SELECT value FROM json_each(${JSON.stringify(keepers)}))`;
  },
  id: ({ ids }, alias) => sql`${alias.r}.ref IN ${listed(ids.map((id) => `${alias.type}/${id}`))}`,
  updated: ({ prefix, low, high }, { v }) => RANGE_TESTS[prefix](sql`${v}.at`, sql`${v}.at`, low, high),
  chain: ({ param, types, where }, alias, context) => {
    const hops = types.map((type) => aliasOf(type, alias.depth + 1));
    const [hop] = hops;
    if (hop === undefined) return FALSE;
    const { v, r, x } = hop;
    const kinds = hops.map(
      (one) =>
        sql`(${r}.type = ${context.nid(one.type)} AND ${isWithinScopes(one, context)} AND ${conditionOf(where, one, context)})`,
    );
    return sql`EXISTS (SELECT 1 FROM value ${x} INDEXED BY value_of CROSS JOIN resource ${r} ON ${r}.ref = ${x}.low
      CROSS JOIN version ${v} ON ${v}.vid = ${versionAt(sql`${r}.rid`, context.seq)}
      WHERE ${x}.vid = ${alias.vid} AND ${x}.pid = ${pidOf(context, alias.type, param)} AND ${GO}
      AND ${isReached(hop, context)} AND ${or(kinds)} LIMIT 1)`;
  },
  has: ({ type, param, where }, alias, context) => {
    const { v, r, x } = aliasOf(type, alias.depth + 1);
    const hop = { ...aliasOf(type, alias.depth + 1), vid: sql`${x}.vid` };
    return sql`EXISTS (SELECT 1 FROM value ${x} INDEXED BY sqlite_autoindex_value_1
      CROSS JOIN version ${v} ON ${v}.vid = ${x}.vid CROSS JOIN resource ${r} ON ${r}.rid = ${v}.rid
      WHERE ${x}.pid = ${pidOf(context, type, param)} AND ${x}.low = ${alias.r}.ref AND ${GO}
      AND ${isSeen(hop, context)} AND ${conditionOf(where, hop, context)} LIMIT 1)`;
  },
  text: (clause, { type, vid }) => isAmong(vid, expressionOf(clause), type),
  display: ({ param, value }, { type, v }) => isDisplayed(sql`${v}.text`, type, param, value),
};

/** Clauses on words alone are one query of the full text. */
function textsOf(clause: Clause, { type, vid }: ResourceAlias): Sql | undefined {
  const expression = expressionOf(clause);
  return expression === '' ? undefined : isAmong(vid, expression, type);
}

/** The condition that some value under the parameter passes a test on `low` and `high`. */
function someValue(param: string, test: Sql, { type, vid }: ResourceAlias, context: SearchContext): Sql {
  return sql`EXISTS (SELECT 1 FROM value INDEXED BY value_of
    WHERE vid = ${vid} AND pid = ${pidOf(context, type, param)} AND ${test} LIMIT 1)`;
}

/** The condition that some value under the parameter has this `low`, and passes a test on `high`. */
function equalValue(
  param: string,
  low: string,
  test: Sql,
  { type, vid }: ResourceAlias,
  context: SearchContext,
): Sql {
  return sql`EXISTS (SELECT 1 FROM value INDEXED BY sqlite_autoindex_value_1
    WHERE pid = ${pidOf(context, type, param)} AND low = ${low} AND vid = ${vid} AND ${test} LIMIT 1)`;
}

/** The code by which tuples are looked up: every tuple has an entry for each code of its first component. */
export function firstCode([first]: readonly PartClause[]): string | undefined {
  return first?.kind === 'token' && first.param === '' ? first.code : undefined;
}

/**
 * The condition that some value of the component at a place in the tuple (its JSON is in `high`) satisfies the clause.
 */
function partTest(part: PartClause, place: number): Sql {
  return sql`EXISTS (SELECT 1 FROM (SELECT value ->> 0 AS suffix, value ->> 1 AS low, value ->> 2 AS high
    FROM json_each(value.high, ${`$[${place}]`})) WHERE suffix = ${part.param} AND ${valueTest(part)} LIMIT 1)`;
}

/** A clause as a test on the `low` and `high` of one value. */
function valueTest(clause: PartClause): Sql {
  switch (clause.kind) {
    case 'token': {
      const { code, system } = clause;
      return and([
        ...(code === undefined ? [] : [sql`low = ${code}`]),
        ...(system === undefined ? [] : [sql`high = ${system}`]),
      ]);
    }
    case 'string':
      return STRING_TESTS[clause.match](clause.value);
    case 'reference':
      return sql`low IN ${listed(clause.to)}`;
    case 'uri':
      return URI_TESTS[clause.match](clause.value);
    default:
      return RANGE_TESTS[clause.prefix](word('low'), word('high'), clause.low, clause.high);
  }
}

/** Degrees and kilometres along a meridian. */
export const DEGREE_KM = 111.195;
const EARTH_KM = 6371.0088;

/** `low` and `high` are a latitude and a longitude near enough, by the haversine formula. */
function nearTest({ latitude, longitude, km }: Pick<Of<'near'>, 'latitude' | 'longitude' | 'km'>): Sql {
  return sql`2 * ${EARTH_KM} * asin(min(1, sqrt(pow(sin(radians(low - ${latitude}) / 2), 2)
    + cos(radians(${latitude})) * cos(radians(low)) * pow(sin(radians(high - ${longitude}) / 2), 2)))) <= ${km}`;
}

/** Any number of texts bound as one value, so that the statement stays the same. */
export const listed = (texts: readonly string[]): Sql =>
  sql`(SELECT value FROM json_each(${JSON.stringify(texts)}))`;

const STRING_TESTS = {
  starts: (folded: string) => hasPrefix(folded),
  contains: (folded: string) => sql`instr(low, ${folded}) > 0`,
  ends: (folded: string) => sql`(${folded} = '' OR substr(low, -length(${folded})) = ${folded})`,
  equals: (folded: string) => sql`low = ${folded}`,
  exact: (written: string) => sql`high = ${written}`,
};

/** `low` begins with a text. */
export function hasPrefix(prefix: string): Sql {
  const end = afterPrefix(prefix);
  return end === undefined ? sql`low >= ${prefix}` : sql`low >= ${prefix} AND low < ${end}`;
}

/** The first text, by code points, after all texts that begin with `prefix`; undefined when there is none. */
function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // Surrogates are not characters.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}

/** `low` is the uri or lies below it (R4 search, uri: partial matching, by segments of the path). */
function isUriBelow(uri: string): Sql {
  const folder = uri.endsWith('/') ? uri : `${uri}/`;
  return sql`(low = ${uri} OR (${hasPrefix(folder)}))`;
}

const URI_TESTS = {
  exact: (uri: string) => sql`low = ${uri}`,
  below: isUriBelow,
  above: (uri: string) => sql`+low IN ${listed(uriAncestors(uri))}`,
};

/** The number of segments of a uri that `:above` looks at. */
const SEGMENTS = 64;

/** A uri and everything above it, with and without the closing slash. */
export function uriAncestors(uri: string): readonly string[] {
  const ancestors = new Set([uri]);
  for (let at = uri.indexOf('/'), n = 0; at >= 0 && n < SEGMENTS; at = uri.indexOf('/', at + 1), n += 1) {
    ancestors.add(uri.slice(0, at)).add(uri.slice(0, at + 1));
  }
  return [...ancestors];
}

type RangeTest = (low: Sql, high: Sql, from: number, to: number) => Sql;

/**
 * R4 search 3.1.1.5.1, prefixes: the value's interval low–high against the searched interval from–to. For `ap` the
 * searched interval is widened already.
 */
const RANGE_TESTS: { readonly [P in Prefix]: RangeTest } = {
  eq: (low, high, from, to) => sql`(${low} >= ${from} AND ${high} <= ${to})`,
  ne: (low, high, from, to) => sql`(${low} < ${from} OR ${high} > ${to})`,
  gt: (_low, high, _from, to) => sql`${high} > ${to}`,
  lt: (low, _high, from) => sql`${low} < ${from}`,
  ge: (low, high, from, to) => sql`(${high} > ${to} OR (${low} >= ${from} AND ${high} <= ${to}))`,
  le: (low, high, from, to) => sql`(${low} < ${from} OR (${low} >= ${from} AND ${high} <= ${to}))`,
  sa: (low, _high, _from, to) => sql`${low} > ${to}`,
  eb: (_low, high, from) => sql`${high} < ${from}`,
  ap: (low, high, from, to) => sql`(${low} <= ${to} AND ${high} >= ${from})`,
};
