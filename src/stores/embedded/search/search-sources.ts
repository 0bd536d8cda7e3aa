/**
 * Where to look: for a clause, the places in the indexes that hold every version that can satisfy it, and how many
 * there are, counted up to a bound. The narrowest place drives the search; its rows are verified like any others, so a
 * place may hold too much, never too little.
 */
import type { Clause } from '../../../ports/query.ts';
import { cutText, foldText } from '../../../fhir/fold.ts';
import { FOREVER, LONG } from '../folder/schema.ts';
import { DEGREE_KM, firstCode, hasPrefix, listed, uriAncestors } from './search-conditions.ts';
import { notedBeside, boundsOfRange, wide, windowOf } from './search-ranges.ts';
import type { Bounds } from './search-ranges.ts';
import { countUpTo } from './place-counts.ts';
import type { Bits } from './bits.ts';
import { displayExpression, expressionOf, versionsBetween } from './search-text.ts';
import { pidOf, versionAt } from './search-context.ts';
import type { Limits, Span, SearchContext } from './search-context.ts';
import { firstRow, sql, TRUE, word } from '../sql.ts';
import type { Sql } from '../sql.ts';

export interface VersionSource {
  /** SELECTs of `vid`; a version may be in several, or twice in one. */
  readonly branches: readonly Sql[];
  /** Each branch gives its rows in the order of writing, without sorting. */
  readonly ordered: boolean;
  /** How many rows they give; the limit `many` stands for that and more. */
  readonly rows: number;
  /** Clauses that every row satisfies: they need not be verified. */
  readonly settles?: readonly Clause[];
}

/** Versions of which nothing but is among the matches of a search. */
export interface Candidates {
  /** Its number in SQL. */
  readonly number: number;
  readonly bits: Bits;
  readonly count: number;
}

/** A type in a context, and the versions of it that may be found. */
export interface Field {
  readonly type: string;
  readonly context: SearchContext;
  readonly span: Span;
  /** What can be among the matches, where that is known. */
  readonly among?: Candidates;
}

/** The narrowest place among those of clauses that must all hold; undefined when none of them names one. */
export function narrowest(must: readonly Clause[], field: Field): VersionSource | undefined {
  let best: VersionSource | undefined;
  const windows = windowed(must);
  for (const clause of tuplesLast(must)) {
    if (isOfWords(clause) || (clause.kind === 'range' && windows.includes(clause.param))) continue;
    best = narrower(best, sourceOf(clause, field));
    if (best !== undefined && best.rows <= field.context.limits.few) return best;
  }
  for (const param of windows) best = narrower(best, inWindow(param, must, field));
  const texts = withTexts(must, field);
  // To verify words on what comes from elsewhere, all that has them is listed first.
  return texts !== undefined && best !== undefined && best.rows >= field.context.limits.many
    ? texts
    : narrower(best, texts);
}

/** Of equally wide places the first is taken, and the place of a tuple holds whatever has its first part. */
const tuplesLast = (must: readonly Clause[]): readonly Clause[] =>
  must.toSorted((one, other) => Number(one.kind === 'tuple') - Number(other.kind === 'tuple'));

/** What has the words that all clauses on words ask for: one question to the full text, and its answer is exact. */
function withTexts(must: readonly Clause[], field: Field): VersionSource | undefined {
  const settles = must.filter(isOfWords);
  const asked: Clause = { kind: 'all', of: settles };
  if (expressionOf(asked) === '') return undefined;
  const branches = [texts(asked, field)];
  return { branches, ordered: true, rows: countOf(branches, field), settles };
}

/** Whether a clause asks for words alone, some of which must be there or must not. */
function isOfWords(clause: Clause): boolean {
  return expressionOf(clause.kind === 'not' ? clause.clause : clause) !== '';
}

/** Parameters with more than one range clause: narrow together, though each alone may not be. */
function windowed(must: readonly Clause[]): readonly string[] {
  const params = must.flatMap((clause) => (clause.kind === 'range' ? [clause.param] : []));
  return [...new Set(params.filter((param, i) => params.indexOf(param) < i))];
}

function inWindow(param: string, must: readonly Clause[], field: Field): VersionSource | undefined {
  const window = windowOf(param, must);
  if (window === undefined) return undefined;
  const [, inside = []] = between(param, window, field);
  const branches = [...inside, ...notedBeside(param, must).map((noted) => equalTo(noted, 0, field))];
  return { branches, ordered: false, rows: countOf(branches, field) };
}

/**
 * The bounds within which all of a parameter's lower bounds lie, of versions that satisfy the range clauses on it; undefined
 * when some version has several intervals, or a long one that reaches into the bounds from outside.
 */
export function boundsOf(param: string, must: readonly Clause[], field: Field): Bounds | undefined {
  const window = windowOf(param, must);
  if (window === undefined) return undefined;
  const { context, type } = field;
  const noted = notedBeside(param, must).map((one) => where(one, TRUE, field));
  const { reach } = window;
  const long = reach === undefined ? [] : [longFrom(pidOf(context, type, param), reach)];
  return [...noted, ...long].some((one) => hasRow(one, context)) ? undefined : window;
}

/** The narrower of two; what comes in order, when both are wide. */
export function narrower(
  one: VersionSource | undefined,
  other: VersionSource | undefined,
): VersionSource | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  if (one.rows !== other.rows) return one.rows < other.rows ? one : other;
  return other.ordered && !one.ordered ? other : one;
}

/** Every live version of the type. */
export function wholeType({ type, context, span }: Field): VersionSource {
  const of = sql`SELECT vid FROM version INDEXED BY version_type WHERE type = ${context.nid(type)}`;
  const between = sql`vid BETWEEN ${span.oldest} AND ${span.newest}`;
  const current = sql`${of} AND ended = ${FOREVER} AND ${between}`;
  const endedSince = sql`${of} AND ended > ${context.seq} AND ended < ${FOREVER} AND ${between}`;
  return { branches: [current, endedSince], ordered: true, rows: context.limits.many };
}

/** What is within the caller's sight; undefined where that is everything, or the directory. */
export function withinSight(field: Field): VersionSource | undefined {
  const { type, context } = field;
  const { sight } = context;
  if (sight.everything || hasDirectory(field)) return undefined;
  if (sight.patient !== undefined) return inCompartment(sight.patient, field);
  const [org, nid] = [context.nid(sight.organization), context.nid(type)];
  const kept = sql`SELECT rid FROM resource INDEXED BY resource_kept
    WHERE type = ${nid} AND everyone = 0 AND custodian = ${org}`;
  const granted = sql`SELECT rid FROM sight WHERE org = ${org}`;
  const ofType = sql`SELECT s.rid FROM sight s CROSS JOIN resource r ON r.rid = s.rid WHERE s.org = ${org} AND r.type = ${nid}`;
  const branches = [kept, ofType].map(
    (rids) => sql`SELECT ${versionAt(word('o.rid'), context.seq)} AS vid FROM (${rids}) o`,
  );
  return { branches, ordered: false, rows: countOf([kept, granted], field) };
}

/** Whether some resource of the type is in the directory. */
export function hasDirectory({ type, context }: Field): boolean {
  const everyones = sql`SELECT 1 FROM resource INDEXED BY resource_kept WHERE type = ${context.nid(type)} AND everyone = 1`;
  return hasRow(everyones, context);
}

const hasRow = (select: Sql, { db }: SearchContext): boolean =>
  firstRow(db, sql`${select} LIMIT 1`) !== undefined;

function inCompartment(patient: string, field: Field): VersionSource | undefined {
  const inside: Clause = { kind: 'reference', param: ':patient', to: [patient] };
  if (field.type !== 'Patient') return sourceOf(inside, field);
  return sourceOf(
    { kind: 'any', of: [inside, { kind: 'id', ids: [patient.slice('Patient/'.length)] }] },
    field,
  );
}

/** Where a clause can be satisfied; undefined when it could be anywhere. */
function sourceOf(clause: Clause, field: Field): VersionSource | undefined {
  if (clause.kind === 'all') return narrowest(clause.of, field);
  if (clause.kind === 'any')
    return union(
      clause.of.map((one) => sourceOf(one, field)),
      field.context.limits,
    );
  const [equal, between] = branchesOf(clause, field);
  if (equal === undefined) return undefined;
  const branches = [...equal, ...(between ?? [])];
  const ordered = between === undefined && equal.length <= field.context.limits.merged;
  const place = { branches, ordered, rows: countOf(branches, field) };
  return isExact(clause) ? { ...place, settles: [clause] } : place;
}

/** Whether the places of a clause hold nothing but what satisfies it. */
const isExact = (clause: Clause): boolean =>
  clause.kind === 'token' ||
  clause.kind === 'reference' ||
  (clause.kind === 'uri' && clause.match === 'exact');

/** Places together; undefined when one of them could be anywhere. */
function union(
  sources: readonly (VersionSource | undefined)[],
  { many, merged }: Limits,
): VersionSource | undefined {
  const known = sources.filter((source) => source !== undefined);
  if (known.length < sources.length) return undefined;
  const branches = known.flatMap((source) => source.branches);
  const rows = known.reduce((sum, source) => sum + source.rows, 0);
  const ordered = branches.length <= merged && known.every((source) => source.ordered);
  return { branches, ordered, rows: Math.min(rows, many) };
}

/** How many rows branches give, up to `many`. */
export const countOf = (
  branches: readonly Sql[],
  { span: { newest }, context: { db, seq, limits } }: Field,
  many = limits.many,
): number => countUpTo(many, branches, db, { seq, newest });

/** Branches whose rows come in the order of writing, and branches whose rows do not; nothing: anywhere. */
type Branches = readonly [inOrder?: readonly Sql[], outOfOrder?: readonly Sql[]];

function branchesOf(clause: Clause, field: Field): Branches {
  switch (clause.kind) {
    case 'token':
      return clause.code === undefined
        ? []
        : [[equalToCode(clause.param, clause.code, clause.system, field)]];
    case 'reference':
      return references(clause.param, clause.to, field);
    case 'uri':
      return uris(clause.param, clause.match, clause.value, field);
    case 'string':
      return strings(clause.param, clause.match, clause.value, field);
    case 'range':
      return ranges(clause, field);
    case 'codes':
      return references(clause.param, clause.codes, field);
    case 'tuple': {
      const code = firstCode(clause.of);
      return code === undefined ? [] : [[equalTo(clause.param, code, field)]];
    }
    case 'near':
      return [[], [where(clause.param, isInBelt(clause), field)]];
    case 'missing':
      return clause.missing ? [] : [[], [where(clause.param, TRUE, field)]];
    case 'id':
      return [[], [versionsOf(clause.ids, field)]];
    case 'text':
      return [[texts(clause, field)]];
    case 'display':
      return displays(clause.value, field);
    default:
      return [];
  }
}

const where = (param: string, test: Sql, { type, context }: Field): Sql =>
  sql`SELECT vid FROM value INDEXED BY sqlite_autoindex_value_1 WHERE pid = ${pidOf(context, type, param)} AND ${test}`;

const equalTo = (param: string, low: string | number, field: Field): Sql =>
  where(param, sql`low = ${low} AND vid BETWEEN ${field.span.oldest} AND ${field.span.newest}`, field);

function equalToCode(param: string, code: string, system: string | undefined, field: Field): Sql {
  const equal = equalTo(param, code, field);
  return system === undefined ? equal : sql`${equal} AND high = ${system}`;
}

/** A text is kept folded and cut: what is written alike begins alike. */
const BEGINNING = 64;

function strings(
  param: string,
  match: Extract<Clause, { kind: 'string' }>['match'],
  text: string,
  field: Field,
): Branches {
  if (match === 'contains' || match === 'ends') return [];
  if (match === 'equals') return [[equalTo(param, text, field)]];
  const beginning = match === 'starts' ? text : cutText(foldText(text), BEGINNING);
  return [[], [where(param, hasPrefix(beginning), field)]];
}

function references(param: string, to: readonly string[], field: Field): Branches {
  if (to.length <= field.context.limits.merged) return [to.map((one) => equalTo(param, one, field))];
  const { type, context } = field;
  const each = sql`SELECT vid FROM ${listed(to)} j CROSS JOIN value INDEXED BY sqlite_autoindex_value_1
    ON pid = ${pidOf(context, type, param)} AND low = j.value`;
  return [[], [each]];
}

function uris(param: string, match: 'exact' | 'below' | 'above', uri: string, field: Field): Branches {
  if (match === 'exact') return [[equalTo(param, uri, field)]];
  if (match === 'above') return references(param, uriAncestors(uri), field);
  return [
    [equalTo(param, uri, field)],
    [where(param, hasPrefix(uri.endsWith('/') ? uri : `${uri}/`), field)],
  ];
}

const texts = (clause: Clause, { type, span }: Field): Sql =>
  versionsBetween(expressionOf(clause), type, span.oldest, span.newest);

function displays(value: string, { type, context, span }: Field): Branches {
  const expression = displayExpression(value, context.db);
  // In order, but all that begins with the word is gathered before the first: what else is wide and in order goes first.
  return expression === '' ? [] : [[], [versionsBetween(expression, type, span.oldest, span.newest)]];
}

function versionsOf(ids: readonly string[], { type, context }: Field): Sql {
  return sql`SELECT ${versionAt(word('r.rid'), context.seq)} AS vid FROM ${listed(ids.map((id) => `${type}/${id}`))} j
    CROSS JOIN resource r ON r.ref = j.value`;
}

/** Latitudes that are near enough; a little more, for what rounding takes. */
function isInBelt({ latitude, km }: { readonly latitude: number; readonly km: number }): Sql {
  const degrees = km / DEGREE_KM + 0.001;
  return sql`low >= ${latitude - degrees} AND low <= ${latitude + degrees}`;
}

function ranges(clause: Extract<Clause, { kind: 'range' }>, field: Field): Branches {
  const bounds = boundsOfRange(clause);
  if (bounds === undefined) return [];
  if (clause.points !== true) return between(clause.param, bounds, field);
  const marked = equalTo(wide(clause.param), 0, field);
  const [, inside = []] = between(clause.param, bounds, field);
  const few = field.context.limits.triedShort;
  const points = countOf(inside, field, few) < few ? undefined : fewPoints(clause.param, bounds, field);
  return points === undefined
    ? [[], [...inside, marked]]
    : [[...points.map((low) => equalTo(clause.param, low, field)), marked]];
}

/** The points within bounds, where they are so few that what has one of them can be merged in the order of writing. */
function fewPoints(
  param: string,
  { from, to }: Bounds,
  { type, context }: Field,
): readonly number[] | undefined {
  const { db, limits } = context;
  const pid = pidOf(context, type, param);
  const points: number[] = [];
  for (let last = sql`low >= ${from}`; ;) {
    const next = sql`SELECT low FROM value INDEXED BY sqlite_autoindex_value_1
      WHERE pid = ${pid} AND ${last} AND low <= ${to} ORDER BY low LIMIT 1`;
    const point = firstRow<[number]>(db, next)?.[0];
    if (point === undefined) return points;
    if (points.length >= limits.merged - 1) return undefined;
    points.push(point);
    last = sql`low > ${point}`;
  }
}

function between(param: string, bounds: Bounds, field: Field): Branches {
  const { from, to, reach } = bounds;
  const near = where(param, sql`low >= ${from} AND low <= ${to}`, field);
  if (reach === undefined) return [[], [near]];
  return [[], [near, longFrom(pidOf(field.context, field.type, param), reach)]];
}

const longFrom = (pid: number, reach: number): Sql => sql`SELECT vid FROM value INDEXED BY value_long
  WHERE pid = ${pid} AND high >= ${reach} AND high - low > ${word(String(LONG))}`;
