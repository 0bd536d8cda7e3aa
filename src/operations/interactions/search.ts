/**
 * search of one type, as a whole or in a compartment (http://hl7.org/fhir/R4/http.html#search), its includes, and its pages.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { narrowedTo, type Page, type Query } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { compartmentClause } from '../../resources/compartment.ts';
import { RESOURCE_TYPES, SERVED_TYPES } from '../../resources/index.ts';
import { parseSearch, type ParsedSearch } from '../../resources/search-query.ts';
import type { TerminologySource } from '../../resources/terminology/terminology-source.ts';
import { checkFocus } from '../compartment.ts';
import { suppressedIn } from '../denied.ts';
import { checkHidden, shownSearch } from '../search/hidden.ts';
import { checkInclusions } from '../search/include.ts';
import { cutPage, PAGE, pageLinks, readPageMark, snapshotAsOf } from '../search/page.ts';
import type { Reply, Request } from '../request.ts';
import type { OperationContext } from '../context.ts';
import { sightFor, sightForClause } from '../scope.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { searchPackaged } from '../search/packaged-search.ts';
import { termsOf } from '../search/search-terms.ts';
import { replyWithMatches } from '../search/searchset.ts';

export async function performSearch(context: OperationContext, request: Request): Promise<Reply> {
  return performSearchAsOf(context, request, readPageMark(request.query).asOf);
}

/** Refuses a search that could not be answered, before a transaction is committed that it is part of. */
export async function checkSearch(context: OperationContext, request: Request): Promise<void> {
  const { where, sight } = parse(context, request, await termsAsked(context, request, undefined)).query;
  sightForClause(request.caller, where, sight);
}

/** A search as of a commit: a page's, or that of the transaction it is part of; of the latest, if undefined. */
export async function performSearchAsOf(
  context: OperationContext,
  request: Request,
  asOf: number | undefined,
): Promise<Reply> {
  const { type = '', compartment } = request;
  const parsed = parse(context, request, await termsAsked(context, request, asOf));
  const { where, sight } = parsed.query;
  const query = {
    ...parsed.query,
    sight: sightForClause(request.caller, where, sight),
    offset: readPageMark(request.query).offset,
    characters: context.settings.answerBytesMax,
  };
  const snapshot = snapshotAsOf(context, asOf);
  if (compartment !== undefined) await checkFocus(snapshot, compartment, [query.sight]);
  const page = await findPage(snapshot, query, request.signal);
  const { matches, more } = page;
  const known = page.total ?? (parsed.total === undefined ? knownTotal(query, page) : undefined);
  const packaged =
    query.offset === 0
      ? searchPackaged(context.packaged, type, query.where, matches, narrowedTo(query.sight, type))
      : [];
  const total = known === undefined ? undefined : known + packaged.length;
  const path = [context.settings.publicBase, compartment, type].filter((part) => part !== undefined);
  const self = `${path.join('/')}${parsed.self === '' ? '' : `?${parsed.self}`}`;
  const given = matches.length;
  const links = pageLinks(self, snapshot.seq, { ...query, given, more });
  return replyWithMatches(context, request, snapshot, parsed, {
    matches,
    packaged: query.count === 0 ? [] : packaged,
    total,
    links,
    warnings: [
      ...cutPage(more, given, query.count),
      ...(await suppressedIn(context, snapshot, request, query.where, type)),
    ],
  });
}

/** The terminology that a search asks, as of its moment. */
export const termsAsked = (
  context: OperationContext,
  { query, caller, signal }: Request,
  asOf: number | undefined,
): Promise<TerminologySource | undefined> =>
  termsOf(query, {
    snapshot: () => snapshotAsOf(context, asOf),
    caller,
    base: context.settings.publicBase,
    signal,
  });

function parse(
  { settings, clock }: OperationContext,
  request: Request,
  terminology: TerminologySource | undefined,
): ParsedSearch {
  const { type = '', compartment } = request;
  const pairs = request.query.filter(([name]) => name !== PAGE);
  const parsed = parseSearch(type, pairs, {
    lenient: request.prefer.handling === 'lenient',
    base: settings.publicBase,
    now: clock.now(),
    types: SERVED_TYPES,
    fullText: settings.fullText,
    terminology,
    countDefault: settings.pageSizeDefault,
    countMax: settings.pageSizeMax,
    sight: sightFor(request),
  });
  checkInclusions(parsed);
  checkHidden(request.caller, parsed);
  const shown = shownSearch(request.caller, parsed);
  return compartment === undefined ? shown : within(shown, compartment, type);
}

/** @throws OperationOutcomeError `search-parameter-unknown` for a type that is never in such a compartment */
export function within(parsed: ParsedSearch, compartment: string, type: string): ParsedSearch {
  const inside = compartmentClause(compartment as `${string}/${string}`, type, RESOURCE_TYPES.get(type));
  if (inside === undefined) {
    throw new OperationOutcomeError('search-parameter-unknown', {
      diagnostics: `${type} is never in the compartment of a ${compartment.split('/')[0]}`,
    });
  }
  const { where } = parsed.query;
  const of = where.kind === 'all' ? [inside, ...where.of] : [inside, where];
  return { ...parsed, query: { ...parsed.query, where: { kind: 'all', of } } };
}

/** The last page knows how many there are. */
function knownTotal({ offset }: Query, { matches, more }: Page): number | undefined {
  return more || (matches.length === 0 && offset > 0) ? undefined : offset + matches.length;
}

/** `_count=0` asks for the total alone. */
export async function findPage(snapshot: Snapshot, query: Query, signal: AbortSignal): Promise<Page> {
  return snapshot.search(query, signal).catch(searchRefusal);
}
