/**
 * search of several types at once, of the whole system or of a compartment (http://hl7.org/fhir/R4/http.html#search): what
 * is asked must mean something to every type, and each type is searched in the sight that the scopes give for it. Pages
 * take the best of each type's matches, and remember how far they came in each.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import {
  EVERYTHING,
  type Match,
  type Page,
  type Query,
  type Sight,
  type SortKey,
} from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { compartmentClause } from '../../resources/compartment.ts';
import { RESOURCE_TYPES, SERVED_TYPES } from '../../resources/index.ts';
import { parseSearch, type Pair, type ParsedSearch } from '../../resources/search-query.ts';
import type { TerminologySource } from '../../resources/terminology/terminology-source.ts';
import { checkFocus } from '../compartment.ts';
import { suppressedIn } from '../denied.ts';
import { checkHidden, shownSearch } from '../search/hidden.ts';
import { checkInclusions } from '../search/include.ts';
import {
  cutPage,
  PAGE,
  pageLink,
  readPageMark,
  snapshotAsOf,
  type Links,
  type PageMark,
} from '../search/page.ts';
import type { Reply, Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { sightForClause, sightForType } from '../scope.ts';
import { replyWithMatches } from '../search/searchset.ts';
import { findPage, termsAsked, within } from './search.ts';

/** Milliseconds that the searches of one page may take together. */
const TIME_MAX = 20_000;

/** What is asked of one type. */
interface Part {
  readonly parsed: ParsedSearch;
  readonly query: Query;
}

export async function performSystemSearch(context: OperationContext, request: Request): Promise<Reply> {
  return performSystemSearchAsOf(context, request, readPageMark(request.query));
}

/** Refuses a search that could not be answered, before a transaction is committed that it is part of. */
export async function checkSystemSearch(context: OperationContext, request: Request): Promise<void> {
  readParts(context, request, await termsAsked(context, request, undefined));
}

/** A search as of a commit: a page's, or that of the transaction it is part of; of the latest, if undefined. */
export async function performSystemSearchAsOf(
  context: OperationContext,
  request: Request,
  { asOf, offsets }: Pick<PageMark, 'asOf' | 'offsets'>,
): Promise<Reply> {
  const parts = readParts(context, request, await termsAsked(context, request, asOf));
  const [{ parsed }] = parts;
  if (offsets.length > 0 && offsets.length !== parts.length)
    throw new OperationOutcomeError('page-expired', { diagnostics: 'the page is one of other types' });
  const snapshot = snapshotAsOf(context, asOf);
  const { compartment } = request;
  if (compartment !== undefined)
    await checkFocus(
      snapshot,
      compartment,
      parts.map(({ query }) => query.sight),
    );
  const from = parts.map((_, index) => offsets[index] ?? 0);
  const { matches, to, more, total } = await findAll(context, request, snapshot, parts, from);
  const links = linksOf(selfOf(context, request, parsed), snapshot.seq, { from, to, more });
  const warnings = [
    ...cutPage(more, matches.length, parsed.query.count),
    ...(await suppressedIn(context, snapshot, request, parsed.query.where)),
  ];
  return replyWithMatches(context, request, snapshot, parsed, { matches, total, links, warnings });
}

// — what is asked

function readParts(
  context: OperationContext,
  request: Request,
  terminology: TerminologySource | undefined,
): readonly [Part, ...Part[]] {
  const sights = sightsOf(request);
  const types = [...sights.keys()];
  const pairs = request.query.filter(([name]) => name !== PAGE && name !== TYPE);
  const understood = readTogether({ context, request, terminology }, types, pairs);
  const [first, ...rest] = types.map((type, index): Part => {
    const parsed = understood[index] as ParsedSearch; // one for each type
    const { where } = parsed.query;
    const sight = sightForClause(request.caller, where, sights.get(type) as Sight); // a key of it
    return { parsed, query: { ...parsed.query, sight } };
  });
  if (first === undefined) throw new Error('at least one type is searched');
  return [first, ...rest];
}

const TYPE = '_type';

/** The types that are searched, each in its sight: those that are named, or all that the scopes give. */
function sightsOf({ query, caller, compartment }: Request): ReadonlyMap<string, Sight> {
  const named = readTypes(query);
  const sights = new Map<string, Sight>();
  for (const type of named ?? SEARCHED) {
    const isInside =
      compartment === undefined ||
      compartmentClause(compartment, type, RESOURCE_TYPES.get(type)) !== undefined;
    if (named === undefined && !isInside) continue;
    const sight = sightForType(caller, type);
    if (sight !== undefined) sights.set(type, sight);
    else if (named !== undefined) throw lacking(type);
  }
  if (sights.size === 0) throw lacking('*');
  return sights;
}

const lacking = (type: string): OperationOutcomeError =>
  new OperationOutcomeError('scope-insufficient', { diagnostics: `needed: system/${type}.s` });

/** AuditEvents are no versions of resources, and are searched by themselves. */
const SEARCHED: readonly string[] = [...RESOURCE_TYPES.values()]
  .filter(({ renderedFromAudit }) => renderedFromAudit !== true)
  .map(({ type }) => type);

function readTypes(query: Request['query']): readonly string[] | undefined {
  const given = query.filter(([name]) => name === TYPE);
  if (given.length === 0) return undefined;
  if (given.length > 1) throw badType('given twice');
  const types = [...new Set(given[0]?.[1].split(','))];
  for (const type of types)
    if (!SEARCHED.includes(type)) throw badType('names a type that is not searched so');
  return types;
}

const badType = (why: string): OperationOutcomeError =>
  new OperationOutcomeError('search-value-invalid', { diagnostics: `${TYPE}: ${why}` });

interface Reading {
  readonly context: OperationContext;
  readonly request: Request;
  readonly terminology: TerminologySource | undefined;
}

/**
 * The search as each type understands it. A parameter that one of them does not have is refused; with
 * `handling=lenient` it is left out for all.
 */
function readTogether(
  reading: Reading,
  types: readonly string[],
  pairs: readonly Pair[],
): readonly ParsedSearch[] {
  const isLenient = reading.request.prefer.handling === 'lenient';
  const read = (asked: readonly Pair[]) => types.map((type) => readOne(reading, types, type, asked));
  const first = read(pairs);
  if (!isLenient) return first;
  const left = new Set(first.flatMap((parsed) => parsed.left));
  if (left.size === 0) return first;
  const warnings = [...left].flatMap((pair) => {
    const without = first.find((parsed) => parsed.left.includes(pair));
    return without?.warnings[without.left.indexOf(pair)] ?? [];
  });
  return read(pairs.filter((pair) => !left.has(pair))).map((parsed) => ({ ...parsed, warnings }));
}

function readOne(
  { context: { settings, clock }, request: { prefer, compartment, caller }, terminology }: Reading,
  searched: readonly string[],
  type: string,
  pairs: readonly Pair[],
): ParsedSearch {
  const parsed = parseSearch(type, pairs, {
    lenient: prefer.handling === 'lenient',
    base: settings.publicBase,
    now: clock.now(),
    types: SERVED_TYPES,
    terminology,
    countDefault: settings.pageSizeDefault,
    countMax: settings.pageSizeMax,
    sight: EVERYTHING, // replaced by that of the type before anything is asked
    searched,
  });
  checkInclusions(parsed);
  checkHidden(caller, parsed);
  const shown = shownSearch(caller, parsed);
  return compartment === undefined ? shown : within(shown, compartment, type);
}

// — what is found

interface Found {
  readonly matches: readonly Match[];
  /** How far this page came in each type. */
  readonly to: readonly number[];
  readonly more: boolean;
  readonly total: number | undefined;
}

async function findAll(
  { clock, settings: { answerBytesMax: characters } }: OperationContext,
  { signal }: Request,
  snapshot: Snapshot,
  parts: readonly Part[],
  from: readonly number[],
): Promise<Found> {
  const until = clock.now() + TIME_MAX;
  const pages = [];
  for (const [index, { query }] of parts.entries()) {
    if (clock.now() > until) throw new OperationOutcomeError('search-too-costly', { retryAfter: 60 });
    pages.push(await findPage(snapshot, { ...query, characters, offset: from[index] ?? 0 }, signal));
  }
  const totals = pages.map(({ total }) => total ?? 0);
  const { count = 0, sort = [], total = false } = parts[0]?.query ?? {};
  const { matches, taken } = merge(pages, isBefore(sort), { count, characters });
  return {
    matches,
    to: from.map((offset, index) => offset + (taken[index] ?? 0)),
    more: pages.some((page, index) => page.more || page.matches.length > (taken[index] ?? 0)),
    total: total ? totals.reduce((sum, one) => sum + one, 0) : undefined,
  };
}

/** The first of several lists that are each in order, as many as fit; `taken` from each. */
function merge(
  pages: readonly Page[],
  comesBefore: (one: Match, other: Match) => boolean,
  { count, characters }: { readonly count: number; readonly characters: number },
): { readonly matches: readonly Match[]; readonly taken: readonly number[] } {
  const taken = pages.map(() => 0);
  const matches: Match[] = [];
  let left = characters;
  while (matches.length < count) {
    // What comes next in a list that was cut is not known.
    if (pages.some((page, index) => page.more && taken[index] === page.matches.length)) break;
    let best: { readonly match: Match; readonly index: number } | undefined;
    for (const [index, page] of pages.entries()) {
      const match = page.matches[taken[index] ?? 0];
      if (match !== undefined && (best === undefined || comesBefore(match, best.match)))
        best = { match, index };
    }
    left -= best?.match.text.length ?? 0;
    if (best === undefined || (left < 0 && matches.length > 0)) break;
    matches.push(best.match);
    taken[best.index] = (taken[best.index] ?? 0) + 1;
  }
  return { matches, taken };
}

/** Several types are sorted by `_lastUpdated` or `_id`; without a key, newest write first. */
function isBefore([key]: readonly SortKey[]): (one: Match, other: Match) => boolean {
  const way = (key?.descending ?? true) ? -1 : 1;
  const idOf = ({ ref }: Match): string => ref.slice(ref.indexOf('/'));
  if (key?.param === '_id') return (one, other) => (idOf(one) < idOf(other) ? 1 : -1) * way < 0;
  return (one, other) => (one.seq - other.seq) * way < 0;
}

// — how it is told

function selfOf(
  { settings }: OperationContext,
  { compartment, query }: Request,
  { self }: ParsedSearch,
): string {
  const types = query.find(([name]) => name === TYPE)?.[1];
  const asked = [types === undefined ? '' : `${TYPE}=${types}`, self].filter((text) => text !== '').join('&');
  const at = compartment === undefined ? settings.publicBase : `${settings.publicBase}/${compartment}/*`;
  return asked === '' ? at : `${at}?${asked}`;
}

function linksOf(
  self: string,
  seq: number,
  { from, to, more }: Pick<Found, 'to' | 'more'> & { readonly from: readonly number[] },
): Links {
  const links: (readonly [string, string])[] = [['self', self]];
  if (from.some((offset) => offset > 0)) links.push(['first', pageLink(self, seq, ...from.map(() => 0))]);
  if (more && to.some((offset, index) => offset > (from[index] ?? 0)))
    links.push(['next', pageLink(self, seq, ...to)]);
  return links;
}
