/**
 * Pages (http://hl7.org/fhir/R4/http.html#paging). A page link names the `seq` as of which the search is answered and
 * the number of matches to skip, so that pages neither repeat nor miss a match while others write.
 */
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { Request } from '../request.ts';
import type { OperationSettings, OperationContext } from '../context.ts';

/** Our own parameter of page links: `<seq>-<offset>`; with several types, an offset for each: `7-20.0.3`. */
export const PAGE = '_page';

export interface PageAsked {
  /** The seq; undefined for the first page, as of now. */
  readonly asOf: number | undefined;
  readonly offset: number;
  readonly count: number;
  /** The query's other pairs. */
  readonly rest: Request['query'];
}

export function readPage({ query }: Request, { pageSizeDefault, pageSizeMax }: OperationSettings): PageAsked {
  const rest = query.filter(([name]) => name !== PAGE && name !== '_count');
  const count = query.findLast(([name]) => name === '_count')?.[1];
  const { asOf, offset } = readPageMark(query);
  return { asOf, offset, count: readCount(count, pageSizeDefault, pageSizeMax), rest };
}

export interface PageMark {
  readonly asOf: number | undefined;
  readonly offset: number;
  /** One offset for each searched type. */
  readonly offsets: readonly number[];
}

/** The position of a page link; as of now and from the first match when there is none. */
export function readPageMark(query: Request['query']): PageMark {
  const mark = query.findLast(([name]) => name === PAGE)?.[1];
  if (mark === undefined) return { asOf: undefined, offset: 0, offsets: [] };
  const [, asOf, texts = ''] = /^(\d{1,15})-(\d{1,9}(?:\.\d{1,9}){0,199})$/.exec(mark) ?? [];
  const offsets = texts.split('.').map(Number);
  if (asOf === undefined)
    throw new OperationOutcomeError('search-value-invalid', { diagnostics: 'not a page link' });
  return { asOf: Number(asOf), offset: offsets[0] ?? 0, offsets };
}

/**
 * The snapshot of a page: that of its first page, or the latest. A seq that does not exist yet belongs to no page of
 * ours.
 */
export function snapshotAsOf({ store }: OperationContext, asOf: number | undefined): Snapshot {
  const latest = store.snapshot();
  if (asOf === undefined) return latest;
  if (asOf > latest.seq) throw new OperationOutcomeError('page-expired');
  return store.snapshot(asOf);
}

function readCount(text: string | undefined, byDefault: number, max: number): number {
  if (text === undefined) return byDefault;
  if (!/^\d{1,9}$/.test(text)) {
    throw new OperationOutcomeError('search-value-invalid', {
      diagnostics: '_count is a number of resources',
    });
  }
  return Math.min(Number(text), max);
}

/** The URL of the request, without the page mark. */
export function addressOf({ type, id, interaction, query }: Request, base: string): string {
  const path = [type, id, interaction.startsWith('history') ? '_history' : undefined].filter(
    (p) => p !== undefined,
  );
  const pairs = new URLSearchParams(
    query.filter(([name]) => name !== PAGE).map(([name, value]): [string, string] => [name, value]),
  );
  const text = pairs.toString();
  return `${[base, ...path].join('/')}${text === '' ? '' : `?${text}`}`;
}

/** The URL of another page of the same answer. */
export const pageLink = (self: string, seq: number, ...offsets: readonly number[]): string =>
  `${self}${self.includes('?') ? '&' : '?'}${PAGE}=${seq}-${offsets.join('.')}`;

/** Said on a page that is shorter than the client asked for, because more would be too long. */
export const cutPage = (more: boolean, given: number, count: number): readonly IssueDetail[] =>
  more && given < count
    ? [
        {
          code: 'page-cut',
          severity: 'information',
          diagnostics: `this page has ${given} instead of ${count}`,
        },
      ]
    : [];

/** Pairs of relation and URL, in the order of a reply. */
export type Links = readonly (readonly [relation: string, url: string])[];

interface PageGiven {
  readonly offset: number;
  readonly count: number;
  /** The number of matches on the page: less than `count` on the last page, and where matches are long. */
  readonly given: number;
  readonly more: boolean;
}

/**
 * `self`, and the links to the pages around: none before the first page, and none at all when the client asked only for
 * a total.
 */
export function pageLinks(self: string, seq: number, { offset, count, given, more }: PageGiven): Links {
  const links: (readonly [string, string])[] = [['self', self]];
  if (count === 0) return links;
  if (offset > 0) {
    links.push(['first', pageLink(self, seq, 0)]);
    links.push(['previous', pageLink(self, seq, Math.max(0, offset - count))]);
  }
  if (more) links.push(['next', pageLink(self, seq, offset + given)]);
  return links;
}
