/** The entries of a batch or transaction as requests of their own (http://hl7.org/fhir/R4/bundle.html#bundle-unique). */
import { parseETags } from '../../fhir/etag.ts';
import { OperationOutcomeError, type IssueDetail } from '../../fhir/issue.ts';
import { charactersOf } from '../../fhir/characters.ts';
import { decodeUtf8, parseJsonValue } from '../../fhir/json.ts';
import type { Body } from '../../fhir/body.ts';
import { parseQuery, type Pairs } from '../../fhir/query.ts';
import type { Resource } from '../../fhir/types.ts';
import { validateResource } from '../../resources/validate.ts';
import { relativeUrl, readAsked, splitUrl } from './bundle-route.ts';
import { readIfNoneExist } from '../write/if-none-exist.ts';
import { LARGE } from '../heavy.ts';
import { OPERATIONS_BY_NAME } from '../extended/index.ts';
import { checkQuery } from '../write/query-of-write.ts';
import type { Request } from '../request.ts';

/** One entry: its request, and its place in the Bundle. */
export interface Entry {
  readonly index: number;
  readonly fullUrl: string | undefined;
  readonly method: string;
  /** Relative: `Task/1`, `Task?status=…`, `Patient`. */
  readonly url: string;
  readonly request: Request;
}

interface RawEntry {
  readonly fullUrl?: string;
  readonly resource?: Resource;
  readonly request?: {
    readonly method?: string;
    readonly url?: string;
    readonly ifMatch?: string;
    readonly ifNoneMatch?: string;
    readonly ifNoneExist?: string;
    readonly ifModifiedSince?: string;
  };
}

/** The order of processing in a transaction (http://hl7.org/fhir/R4/http.html#trules). */
export const PROCESSING_ORDER: readonly string[] = ['DELETE', 'POST', 'PUT', 'PATCH', 'GET', 'HEAD'];

/**
 * The entries of a batch or transaction, each to be read by itself: a fault in one does not concern the others of a
 * batch.
 *
 * @throws OperationOutcomeError `bundle-invalid` for faults of the Bundle; on reading, faults of an entry, which the
 * error names
 */
export function readBundleEntries(
  request: Request,
  base: string,
  entriesMax: number,
): readonly (() => Entry)[] {
  const { body } = request;
  if (body === undefined) throw new OperationOutcomeError('body-missing');
  const raw = (body.plain['entry'] ?? []) as readonly RawEntry[];
  const storing = (body.storing['entry'] ?? []) as readonly RawEntry[];
  if (!Array.isArray(raw)) throw refuse('entry must be a list', 'Bundle.entry');
  if (raw.length > entriesMax) throw refuse(`at most ${entriesMax} entries`, 'Bundle.entry');
  for (const [index, entry] of raw.entries()) checkEntry(entry, index);
  checkFullUrls(raw);
  checkWrapper(body.plain, raw);
  return raw.map((entry, index) => () => readEntry(request, base, entry, storing[index], index));
}

function checkEntry(entry: unknown, index: number): void {
  const place = `Bundle.entry[${index}]`;
  if (!isObject(entry)) throw refuse('an entry is an object', place);
  const { resource, request } = entry;
  if (request === undefined)
    throw refuse('an entry of a batch or transaction says in request what is to be done (bdl-3)', place);
  if (resource === undefined || (isObject(resource) && typeof resource['resourceType'] === 'string')) return;
  throw refuse('a resource is an object with a resourceType', `${place}.resource`);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The bundle without its resources, which the server validates one by one where it writes them. */
function checkWrapper(bundle: Resource, entries: readonly RawEntry[]): void {
  const wrapper = { ...bundle, entry: entries.map(({ resource: _resource, ...entry }) => entry) };
  if (entries.length === 0) delete (wrapper as { entry?: unknown }).entry;
  const issues = validateResource(wrapper, { profiles: 'none' }).filter(
    ({ severity = 'error' }) => severity === 'error',
  );
  const [first, ...rest] = issues.map((issue): IssueDetail => ({ ...issue, code: 'bundle-invalid' }));
  if (first !== undefined) throw OperationOutcomeError.of([first, ...rest]);
}

function checkFullUrls(entries: readonly RawEntry[]): void {
  const seen = new Set<string>();
  for (const [index, { fullUrl }] of entries.entries()) {
    if (fullUrl === undefined) continue;
    if (seen.has(fullUrl))
      throw refuse('two entries have the same fullUrl', `Bundle.entry[${index}].fullUrl`);
    seen.add(fullUrl);
  }
}

function readEntry(
  outer: Request,
  base: string,
  entry: RawEntry,
  storing: RawEntry | undefined,
  index: number,
): Entry {
  const place = `Bundle.entry[${index}]`;
  const { method = '', url: written = '' } = entry.request ?? {};
  const url = relativeUrl(base, written);
  const [, query] = splitUrl(url);
  const { interaction, target } = readAsked(method, url, OPERATIONS_BY_NAME, place);
  const { type, id, versionId, operation, compartment } = target;
  const pairs = readQuery(query, `${place}.request.url`);
  placedAt(`${place}.request.url`, () => checkQuery({ interaction, id, query: pairs }));
  const resource = entry.resource;
  const body = resource === undefined ? undefined : bodyOf(resource, storing?.resource, outer.body?.size);
  const isJsonPatch = interaction === 'patch' && resource?.resourceType !== 'Parameters';
  const request: Request = {
    interaction,
    type,
    id,
    versionId,
    operation,
    compartment,
    query: pairs,
    queryText: query,
    body: isJsonPatch ? undefined : body,
    patch: isJsonPatch ? readPatch(resource, place) : undefined,
    ifMatch: readETags(entry.request?.ifMatch, `${place}.request.ifMatch`),
    ifNoneMatch: readETags(entry.request?.ifNoneMatch, `${place}.request.ifNoneMatch`),
    ifModifiedSince: readInstant(entry.request?.ifModifiedSince),
    ifNoneExist: readCreateCondition(entry, type, base, `${place}.request.ifNoneExist`),
    prefer: outer.prefer,
    caller: outer.caller,
    requestId: outer.requestId,
    traceparent: outer.traceparent,
    signal: outer.signal,
  };
  return { index, fullUrl: entry.fullUrl, method, url, request };
}

/** Percent-encoded UTF-8, as in a header. */
function readQuery(query: string, place: string): Pairs {
  return placedAt(place, () => parseQuery(query));
}

/** Reads the condition like the header If-None-Exist. */
function readCreateCondition(
  { request }: RawEntry,
  type: string | undefined,
  base: string,
  place: string,
): string | undefined {
  const text = request?.ifNoneExist;
  if (text === undefined || request?.method !== 'POST' || type === undefined) return undefined;
  const read = placedAt(place, () => readIfNoneExist(text, type, base));
  if ('query' in read) return read.query;
  throw refuse(`ifNoneExist must be ${read.wanted}`, place);
}

function placedAt<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    throw new OperationOutcomeError(error.code, { ...error.issues[0], expression: [place] });
  }
}

/** @param around the size of the whole Bundle, when it is large: then the entry may be large itself */
function bodyOf(plain: Resource, storing: Resource = plain, around = 0): Body {
  const body = { plain, storing };
  return around < LARGE ? body : { ...body, size: charactersOf(storing) };
}

/** A JSON Patch travels in a bundle as a Binary, a FHIRPath Patch as itself (http://hl7.org/fhir/R4/http.html#patch). */
function readPatch(resource: Resource | undefined, place: string): unknown {
  const { resourceType, contentType, data }: Partial<Resource> = resource ?? {};
  if (
    resourceType !== 'Binary' ||
    contentType !== 'application/json-patch+json' ||
    typeof data !== 'string'
  ) {
    throw refuse('a patch is Parameters, or a Binary of application/json-patch+json', `${place}.resource`);
  }
  try {
    return parseJsonValue(decodeUtf8(Buffer.from(data, 'base64')));
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    throw new OperationOutcomeError(error.code, {
      ...error.issues[0],
      expression: [`${place}.resource.data`],
    });
  }
}

/** `*`, or one or more versions. */
function readETags(text: string | undefined, place: string): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const versions = parseETags(text);
  if (versions === undefined) throw refuse('a version is written W/"3"', place);
  return versions;
}

/** Valid as an instant, because the Bundle is valid. */
const readInstant = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text);

const refuse = (diagnostics: string, expression: string): OperationOutcomeError =>
  new OperationOutcomeError('bundle-invalid', { diagnostics, expression: [expression] });
