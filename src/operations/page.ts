/**
 * Pages (http://hl7.org/fhir/R4/http.html#paging): a page link names the `seq` as of which the search is answered and the
 * matches to pass over, so that pages neither repeat nor miss a match while others write.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Snapshot } from '../ports/store.ts';
import type { Request } from './request.ts';
import type { DeskSettings, Room } from './room.ts';

/** Our own parameter of page links: `<seq>-<offset>`. */
export const PAGE = '_page';

export interface PageAsked {
  /** Undefined: the first page, as of now. */
  readonly asOf: number | undefined;
  readonly offset: number;
  readonly count: number;
  /** The query's other pairs. */
  readonly rest: Request['query'];
}

export function readPage({ query }: Request, { pageSizeDefault, pageSizeMax }: DeskSettings): PageAsked {
  const rest = query.filter(([name]) => name !== PAGE && name !== '_count');
  const count = query.findLast(([name]) => name === '_count')?.[1];
  const { asOf, offset } = readPageMark(query);
  return { asOf, offset, count: readCount(count, pageSizeDefault, pageSizeMax), rest };
}

/** Where a page link goes on; as of now and from the first match when there is none. */
export function readPageMark(query: Request['query']): {
  readonly asOf: number | undefined;
  readonly offset: number;
} {
  const mark = query.findLast(([name]) => name === PAGE)?.[1];
  if (mark === undefined) return { asOf: undefined, offset: 0 };
  const [, asOf, offset] = /^(\d{1,15})-(\d{1,9})$/.exec(mark) ?? [];
  if (asOf === undefined)
    throw new OperationOutcomeError('search-value-invalid', { diagnostics: 'not a page link' });
  return { asOf: Number(asOf), offset: Number(offset) };
}

/** The state in which a page is answered: that of its first page, or the latest. What is still to come is no page of ours. */
export function snapshotAsOf({ store }: Room, asOf: number | undefined): Snapshot {
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

/** The address that was asked, without the page mark. */
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

export const nextLink = (self: string, seq: number, offset: number): string =>
  `${self}${self.includes('?') ? '&' : '?'}${PAGE}=${seq}-${offset}`;
