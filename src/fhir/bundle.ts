/**
 * Bundles that answer: searchset, history, batch-response, transaction-response (http://hl7.org/fhir/R4/bundle.html).
 * They are made as text, because a stored resource is sent as the text it is stored as: parsing it to build an object
 * around it would cost time and lose the precision of decimals.
 */
import type { OperationOutcome, Ref } from './types.ts';

type ReplyBundleType = 'searchset' | 'history' | 'batch-response' | 'transaction-response';

/** What `Bundle.entry.response` says. `version` and `at` become the weak ETag and `lastModified`. */
interface EntryResponse {
  /** The HTTP status, with its words or without: `201 Created`. */
  readonly status: string;
  /** Relative to the base: `Task/1/_history/5`. */
  readonly location?: string | undefined;
  /** The version id. */
  readonly version?: number | undefined;
  /** Instant of that version. */
  readonly at?: string | undefined;
  readonly outcome?: OperationOutcome | undefined;
}

export interface ReplyEntry {
  /** Absolute, without a version. */
  readonly fullUrl?: string | undefined;
  /** The resource's JSON text, embedded as it is. It must be the text of one JSON object. */
  readonly text?: string | undefined;
  readonly search?: 'match' | 'include' | 'outcome' | undefined;
  readonly request?: { readonly method: Write; readonly url: string } | undefined;
  readonly response?: EntryResponse | undefined;
}

type Write = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ReplyBundle {
  readonly type: ReplyBundleType;
  /** Matches in all pages; only a searchset or a history may say it (bdl-1). */
  readonly total?: number | undefined;
  /** Relation and absolute address, in the order of the reply: `self`, `first`, `next`, … */
  readonly links?: readonly (readonly [relation: string, url: string])[] | undefined;
  readonly entries: readonly ReplyEntry[];
  /** Instant at which the bundle was put together. */
  readonly timestamp?: string | undefined;
}

/** The bundle's JSON text. What is absent or empty is left out, as FHIR's JSON demands. */
export function buildBundleText({ type, total, links = [], entries, timestamp }: ReplyBundle): string {
  return object([
    ['resourceType', '"Bundle"'],
    ['type', JSON.stringify(type)],
    ['timestamp', quote(timestamp)],
    ['total', total === undefined ? undefined : String(total)],
    ['link', list(links.map(([relation, url]) => JSON.stringify({ relation, url })))],
    ['entry', list(entries.map(entryText))],
  ]);
}

function entryText({ fullUrl, text, search, request, response }: ReplyEntry): string {
  return object([
    ['fullUrl', quote(fullUrl)],
    ['resource', text],
    ['search', search && `{"mode":"${search}"}`],
    ['request', request && JSON.stringify({ method: request.method, url: request.url })],
    ['response', response && responseText(response)],
  ]);
}

function responseText({ status, location, version, at, outcome }: EntryResponse): string {
  return object([
    ['status', JSON.stringify(status)],
    ['location', quote(location)],
    ['etag', version === undefined ? undefined : JSON.stringify(weakETag(version))],
    ['lastModified', quote(at)],
    ['outcome', outcome && JSON.stringify(outcome)],
  ]);
}

/** The ETag of a version: weak, for its bytes depend on what was asked (http://hl7.org/fhir/R4/http.html#versioning). */
export function weakETag(version: number): string {
  return `W/"${version}"`;
}

/** What a version looks like in a history: how it came to be, and what was answered then. */
export function historyEntry(
  base: string,
  version: {
    readonly ref: Ref;
    readonly seq: number;
    readonly at: string;
    readonly method: Write;
    /** The resource was not there before. */
    readonly created?: true;
    /** Undefined: this version says that the resource was deleted. */
    readonly text: string | undefined;
  },
): ReplyEntry {
  const { ref, seq, at, method, text, created } = version;
  const [type = ''] = ref.split('/');
  return {
    fullUrl: `${base}/${ref}`,
    text,
    request: { method, url: method === 'POST' ? type : ref },
    response: { status: created === true ? STATUS.POST : STATUS[method], version: seq, at },
  };
}

const STATUS: Readonly<Record<Write, string>> = {
  POST: '201 Created',
  PUT: '200 OK',
  PATCH: '200 OK',
  DELETE: '204 No Content',
};

const quote = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : JSON.stringify(text);

function object(members: readonly (readonly [name: string, text: string | undefined])[]): string {
  let text = '';
  for (const [name, value] of members) if (value !== undefined) text += `${text && ','}"${name}":${value}`;
  return `{${text}}`;
}

function list(texts: readonly string[]): string | undefined {
  return texts.length === 0 ? undefined : `[${texts.join(',')}]`;
}
