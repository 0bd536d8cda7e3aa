/**
 * Bundles of replies: searchset, history, batch-response, transaction-response (http://hl7.org/fhir/R4/bundle.html).
 * They are text, because the server sends a stored resource as the stored text: parsing it only to wrap it would cost
 * time and lose the precision of decimals.
 */
import { tagOf } from './etag.ts';
import type { Coding, OperationOutcome, Ref } from './types.ts';

type ReplyBundleType = 'searchset' | 'history' | 'batch-response' | 'transaction-response';

/** `Bundle.entry.response`. `version` and `at` become the weak ETag and `lastModified`. */
interface EntryResponse {
  /** The HTTP status, with its words or without: `201 Created`. */
  readonly status: string;
  /** The location relative to the base: `Task/1/_history/5`. */
  readonly location?: string | undefined;
  /** The version id. */
  readonly version?: number | undefined;
  /** A part of the version is shown. */
  readonly masked?: true;
  /** Instant of that version. */
  readonly at?: string | undefined;
  readonly outcome?: OperationOutcome | undefined;
}

export interface ReplyEntry {
  /** `fullUrl`: absolute, without a version. */
  readonly fullUrl?: string | undefined;
  /** The resource's JSON text, embedded unchanged. It must be the text of one JSON object. */
  readonly text?: string | undefined;
  readonly search?: 'match' | 'include' | 'outcome' | undefined;
  readonly request?: { readonly method: Write; readonly url: string } | undefined;
  readonly response?: EntryResponse | undefined;
}

type Write = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ReplyBundle {
  readonly type: ReplyBundleType;
  /** The number of matches on all pages; only a searchset or a history may have one (bdl-1). */
  readonly total?: number | undefined;
  /** Pairs of relation and absolute URL, in the order of the reply: `self`, `first`, `next`, … */
  readonly links?: readonly (readonly [relation: string, url: string])[] | undefined;
  readonly entries: readonly ReplyEntry[];
  /** How confidential the reply is: the label of the most confidential resource in it. */
  readonly mark?: Coding | undefined;
  /** Instant at which the bundle was put together. */
  readonly timestamp?: string | undefined;
}

/** The bundle's JSON text. FHIR's JSON has no empty members, so absent and empty values are left out. */
export function buildBundleText({ type, total, links = [], entries, mark, timestamp }: ReplyBundle): string {
  return object([
    ['resourceType', '"Bundle"'],
    ['meta', mark && JSON.stringify({ security: [mark] })],
    ['type', JSON.stringify(type)],
    ['timestamp', quote(timestamp)],
    ['total', total === undefined ? undefined : String(total)],
    ['link', list(links.map(([relation, url]) => JSON.stringify({ relation, url })))],
    ['entry', list(entries.map(entryText))],
  ]);
}

function entryText({ fullUrl, text, search, request, response }: ReplyEntry): string {
  const isFound = search !== undefined && request === undefined && response === undefined;
  if (isFound && fullUrl !== undefined && text !== undefined)
    return `{"fullUrl":${JSON.stringify(fullUrl)},"resource":${text},"search":{"mode":"${search}"}}`;
  return object([
    ['fullUrl', quote(fullUrl)],
    ['resource', text],
    ['search', search && `{"mode":"${search}"}`],
    ['request', request && JSON.stringify({ method: request.method, url: request.url })],
    ['response', response && responseText(response)],
  ]);
}

function responseText({ status, location, version, masked, at, outcome }: EntryResponse): string {
  return object([
    ['status', JSON.stringify(status)],
    ['location', quote(location)],
    ['etag', version === undefined ? undefined : JSON.stringify(weakETag(version, masked))],
    ['lastModified', quote(at)],
    ['outcome', outcome && JSON.stringify(outcome)],
  ]);
}

/**
 * The ETag of a version. It is weak, because the bytes depend on the request
 * (http://hl7.org/fhir/R4/http.html#versioning).
 */
export function weakETag(version: number, isMasked = false): string {
  return `W/"${tagOf(version, isMasked)}"`;
}

/** A version as an entry of a history: the method that made it, and the status of that reply. */
export function historyEntry(
  base: string,
  version: {
    readonly ref: Ref;
    readonly seq: number;
    readonly at: string;
    readonly method: Write;
    /** Whether this version created the resource. */
    readonly created?: true;
    /** The JSON text; undefined when this version records a deletion. */
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
