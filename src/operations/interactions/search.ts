/** search of one type (http://hl7.org/fhir/R4/http.html#search), its includes, and its pages. */
import { buildBundleText, type ReplyEntry } from '../../fhir/bundle.ts';
import { buildOutcome, type IssueDetail } from '../../fhir/issue.ts';
import type { Match, Page, Query } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { SERVED_TYPES } from '../../resources/index.ts';
import { parseSearch, type ParsedSearch } from '../../resources/search-query.ts';
import { auditRead, type Seen } from '../audit.ts';
import { checkInclusions, findIncluded } from '../include.ts';
import { nextLink, PAGE, readPageMark, snapshotAsOf } from '../page.ts';
import { recordRead } from '../record.ts';
import type { Reply, Request } from '../request.ts';
import type { Room } from '../room.ts';
import { sightFor, sightForClause } from '../scope.ts';
import { searchRefusal } from '../search-refusal.ts';
import { elementsShape, shapeText, summaryShape, type Shape } from '../shape.ts';
import { showText } from '../show.ts';

export async function performSearch(room: Room, request: Request): Promise<Reply> {
  const { asOf } = readPageMark(request.query);
  return searchAsOf(room, request, asOf);
}

/** Refuses a search that could not be answered, before a transaction is committed that it is part of. */
export function checkSearch(room: Room, request: Request): void {
  const { where, sight } = parse(room, request).query;
  sightForClause(request.caller, where, sight);
}

/** A search inside a transaction: as of the transaction's own commit. */
export async function performSearchAsOf(
  room: Room,
  outer: Request,
  url: string,
  seq: number,
): Promise<Reply> {
  const [type = '', queryText = ''] = url.split(/\?(.*)/s);
  const query = [...new URLSearchParams(queryText)];
  return searchAsOf(
    room,
    { ...outer, interaction: 'search-type', type, id: undefined, query, queryText },
    seq,
  );
}

async function searchAsOf(room: Room, request: Request, asOf: number | undefined): Promise<Reply> {
  const { settings } = room;
  const { type = '' } = request;
  const parsed = parse(room, request);
  const { where, sight } = parsed.query;
  const query = {
    ...parsed.query,
    sight: sightForClause(request.caller, where, sight),
    offset: readPageMark(request.query).offset,
  };
  const snapshot = snapshotAsOf(room, asOf);
  const page = await searchPage(snapshot, query, request.signal);
  const { included, warnings } = await findIncluded(room, request, snapshot, parsed, page.matches);
  await recordRead(
    room,
    auditRead(
      request,
      [...page.matches, ...included].map((match) => seenOf(room, match)),
    ),
  );
  const shape = shapeOf(parsed);
  const self = `${settings.publicBase}/${type}${parsed.self === '' ? '' : `?${parsed.self}`}`;
  const links: (readonly [string, string])[] = [['self', self]];
  if (page.more && query.count > 0)
    links.push(['next', nextLink(self, snapshot.seq, query.offset + query.count)]);
  const entries = [
    ...page.matches.map((match) => entryOf(room, request, match, shape, 'match')),
    ...included.map((match) => entryOf(room, request, match, shape, 'include')),
    ...warningEntries([...parsed.warnings, ...warnings]),
  ];
  return { status: 200, text: buildBundleText({ type: 'searchset', total: page.total, links, entries }) };
}

function parse({ settings, clock }: Room, request: Request): ParsedSearch {
  const pairs = request.query.filter(([name]) => name !== PAGE);
  const parsed = parseSearch(request.type ?? '', pairs, {
    lenient: request.prefer.handling === 'lenient',
    base: settings.publicBase,
    now: clock.now(),
    types: SERVED_TYPES,
    countDefault: settings.pageSizeDefault,
    countMax: settings.pageSizeMax,
    sight: sightFor(request),
  });
  checkInclusions(parsed);
  return parsed;
}

/** `_count=0` asks for the total alone. */
async function searchPage(snapshot: Snapshot, query: Query, signal: AbortSignal): Promise<Page> {
  return snapshot.search(query, signal).catch(searchRefusal);
}

/** How the matches of a search are shown. */
export function shapeOf({ summary, elements }: ParsedSearch): Shape {
  return elements === undefined ? summaryShape(summary) : elementsShape(elements.join(','));
}

function entryOf(
  room: Room,
  request: Request,
  match: Match,
  shape: Shape,
  mode: 'match' | 'include',
): ReplyEntry {
  const { ref, text } = match;
  const type = ref.slice(0, ref.indexOf('/'));
  return {
    fullUrl: `${room.settings.publicBase}/${ref}`,
    text: shapeText(shape, type, showText(ref, text, request.caller)),
    search: mode,
  };
}

/** "The server … can return an OperationOutcome with additional information" (search.mode = outcome). */
export function warningEntries(warnings: readonly IssueDetail[]): readonly ReplyEntry[] {
  return warnings.length === 0 ? [] : [{ text: JSON.stringify(buildOutcome(warnings)), search: 'outcome' }];
}

function seenOf({ patientsOf }: Room, { ref, seq, custodian, text }: Match): Seen {
  return { ref, seq, custodian, patients: patientsOf(ref, seq, text) };
}
