/**
 * A request as it arrives by HTTP, read into the value that the FHIR engine performs: address, headers, body
 * (http://hl7.org/fhir/R4/http.html).
 */
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Body } from '../fhir/body.ts';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { decodeUtf8, parseJson, parseJsonValue, type JsonLimits } from '../fhir/json.ts';
import { bodyOfRead, LARGE, type Heavy } from '../operations/heavy.ts';
import type { Caller, Interaction, Request } from '../operations/request.ts';
import { createTurns } from '../operations/turns.ts';
import { readXml } from '../xml/read.ts';
import {
  readConditions,
  readCreateCondition,
  readIdempotencyKey,
  readHttpHeader,
  readAccessReason,
} from './headers.ts';
import { contentAsked, isFhirXml, mayBeContent, takesContent, wrapContent } from './binary.ts';
import {
  formatOfBody,
  isFhirType,
  isJsonPatch,
  negotiate,
  readContentType,
  type Format,
} from './media-type.ts';
import { parseQuery, firstValue } from '../fhir/query.ts';
import type { FileDoor, ReceivedContent, Upload } from './file-door.ts';
import { readBody } from './read-body.ts';
import { route, type Route, type ServedRoutes } from './route.ts';

interface ReadLimits extends BodyLimits {
  /** Base of our own addresses. */
  readonly base: string;
}

export interface BodyLimits {
  readonly bodyBytesMax: number;
  readonly json: JsonLimits;
  /** Reads large bodies. */
  readonly heavy: Heavy;
  /** Takes large content; without it, content is a body as any other. */
  readonly fileDoor?: FileDoor | undefined;
}

/** The target of a request, taken apart at the question mark. */
export interface Target {
  /** Below the base. */
  readonly path: string;
  readonly queryText: string;
}

/** What is known of an exchange before its request is read. */
export interface Arrival {
  readonly req: IncomingMessage;
  readonly method: string;
  readonly target: Target;
  readonly requestId: string;
  /** W3C Trace Context; undefined when the client sent none. */
  readonly traceparent: string | undefined;
  /** What the answer, or the refusal, shall look like. */
  readonly asked: { format: Format };
  /** Aborts when the client goes. */
  readonly signal: AbortSignal;
  /** The file that its content was put into. */
  upload?: Upload;
}

/** What the address asks for; refuses what it does not offer or cannot send. */
export function readRoute({ req, method, target }: Arrival, served: ServedRoutes): Route {
  const found = route(method, target.path, target.queryText !== '', served);
  // What content there is, and so whether it is acceptable, is known when it was read.
  const format = formatOf(target.queryText);
  const isAsked = contentAsked(found, format) !== undefined;
  if (!isAsked && (format !== undefined || !mayBeContent(found)))
    negotiate(req.headers.accept, format, found.content?.gives);
  return found;
}

/** The whole request, body included, as the FHIR engine wants it; at once where it has none. */
export function readRequest(
  arrival: Arrival,
  found: Route,
  caller: Caller,
  limits: ReadLimits,
): Request | Promise<Request> {
  if (!hasBody(found, arrival.method))
    return requestOf(arrival, found, caller, { conditions: readConditions(arrival.req.headers) });
  return readWithBody(arrival, found, caller, limits);
}

async function readWithBody(
  arrival: Arrival,
  found: Route,
  caller: Caller,
  limits: ReadLimits,
): Promise<Request> {
  const { req } = arrival;
  // What the head refuses is refused before a body is read.
  const conditions = readConditions(req.headers);
  const isCreate = found.interaction === 'create' && found.type !== undefined;
  const ifNoneExist = isCreate ? readCreateCondition(req, found.type ?? '', limits.base) : undefined;
  const sent = await readSent(arrival, found, limits, caller);
  return requestOf(arrival, found, caller, { conditions, ifNoneExist, sent });
}

/** What was read of a request before it is put together. */
interface ReadParts {
  readonly conditions: ReturnType<typeof readConditions>;
  readonly ifNoneExist?: string | undefined;
  readonly sent?: Sent;
}

function requestOf(
  arrival: Arrival,
  found: Route,
  caller: Caller,
  { conditions, ifNoneExist, sent }: ReadParts,
): Request {
  const { req, target } = arrival;
  const { requestId, traceparent } = arrival;
  const reason = readAccessReason(req);
  return {
    interaction: sent?.interaction ?? (found.interaction as Interaction), // only 'bundle' is none, and it has a body
    type: found.type,
    id: found.id,
    versionId: found.versionId,
    compartment: found.compartment,
    operation: found.operation,
    query: parseQuery(sent?.queryText ?? target.queryText),
    queryText: sent?.queryText ?? target.queryText,
    body: sent?.body,
    patch: sent?.patch,
    ifMatch: conditions.ifMatch,
    ifNoneMatch: conditions.ifNoneMatch,
    ifNoneExist,
    ifModifiedSince: conditions.ifModifiedSince,
    prefer: conditions.prefer,
    idempotencyKey: sent?.idempotencyKey ?? bodilessKey(arrival),
    caller: reason === undefined ? caller : { ...caller, reason },
    requestId,
    traceparent,
    signal: arrival.signal,
  };
}

/** `_format`, looked for only where it can be. */
export function formatOf(queryText: string): string | undefined {
  return queryText.includes('_format') ? firstValue(parseQuery(queryText), '_format') : undefined;
}

/** `_pretty=true` asks for an indented text. A query that cannot be read is refused elsewhere. */
export const isPretty = (queryText: string): boolean => /(?:^|&)_pretty=true(?:&|$)/.test(queryText);

interface Sent {
  readonly interaction?: Interaction;
  readonly body?: Body;
  readonly patch?: unknown;
  readonly queryText?: string;
  readonly idempotencyKey?: Request['idempotencyKey'];
}

/** What the body of an interaction is. */
function kindOf({ interaction }: Route): 'resource' | 'patch' | 'form' {
  if (interaction === 'patch') return 'patch';
  return interaction === 'search-type' || interaction === 'search-system' ? 'form' : 'resource';
}

function hasBody({ interaction }: Route, method: string): boolean {
  return method === 'POST' || interaction === 'update' || interaction === 'patch';
}

async function readSent(arrival: Arrival, found: Route, limits: BodyLimits, caller: Caller): Promise<Sent> {
  const { req } = arrival;
  const whose = caller.client;
  const kind = kindOf(found);
  const isEmpty =
    req.headers['transfer-encoding'] === undefined && !(Number(req.headers['content-length']) > 0);
  if (isEmpty) return readNothing(found, kind, arrival);
  const { 'content-type': contentType = '' } = req.headers;
  const isContent = contentType !== '' && takesContent(found, contentType);
  // What an operation takes in a type of its own is never a resource.
  const isResource = found.content === undefined;
  const format = !isContent
    ? readContentType(contentType, kind)
    : isResource
      ? formatOfBody(contentType)
      : undefined;
  // What can be no resource is nothing but content.
  const isFile = isContent && isResource && format === undefined;
  const { bytes, upload } = await (isFile && limits.fileDoor !== undefined
    ? limits.fileDoor.receive(req, caller)
    : receiveWhole(req, limits));
  if (upload !== undefined) return readUpload(arrival, found, upload, contentType);
  if (bytes.length === 0) return readNothing(found, kind, arrival);
  const idempotencyKey = keyOf(arrival, bytes);
  if (kind === 'form') return readForm(arrival, decodeUtf8(bytes));
  if (kind === 'patch' && isJsonPatch(contentType))
    return { patch: await readPatch(bytes, limits, whose), idempotencyKey };
  const isParameters = isContent && !isResource && isFhirXml(bytes, contentType);
  const body =
    isContent && !isParameters
      ? await readBinary(arrival, found, { bytes, contentType, format, whose }, limits)
      : await readResource(bytes, isParameters ? 'xml' : (format ?? 'json'), limits, whose);
  if (found.interaction !== 'bundle') return { body, idempotencyKey };
  return { body, idempotencyKey, interaction: readBundleKind(body) };
}

const receiveWhole = async (
  req: IncomingMessage,
  { bodyBytesMax }: BodyLimits,
): Promise<ReceivedContent> => ({
  bytes: await readBody(req, bodyBytesMax),
});

/** The Binary of content that is in a file already, which ends with the exchange. */
function readUpload(arrival: Arrival, { id }: Route, upload: Upload, contentType: string): Sent {
  const { req } = arrival;
  arrival.upload = upload;
  const body = wrapContent(upload.file, contentType, readHttpHeader(req, 'X-Security-Context'), id);
  return { body, idempotencyKey: keyOf(arrival, Buffer.from(upload.file.sha256)) };
}

/** Searches and operations need no body. */
function readNothing(found: Route, kind: 'resource' | 'patch' | 'form', arrival: Arrival): Sent {
  if (kind === 'form') return {};
  if (found.interaction === 'operation') return { idempotencyKey: bodilessKey(arrival) };
  throw new OperationOutcomeError('body-missing');
}

/** A resource, whichever format it is written in: the trees are the same. */
async function readResource(
  bytes: Uint8Array,
  format: Format,
  { json, heavy }: BodyLimits,
  whose: string,
): Promise<Body> {
  if (bytes.length >= LARGE)
    return bodyOfRead(await heavy(whose, 'readBody', bytes, format, json), createTurns().after);
  return format === 'xml' ? readXml(bytes, json) : parseJson(decodeUtf8(bytes), json);
}

async function readPatch(bytes: Uint8Array, { json, heavy }: BodyLimits, whose: string): Promise<unknown> {
  if (bytes.length < LARGE) return parseJsonValue(decodeUtf8(bytes), json);
  return (await bodyOfRead(await heavy(whose, 'readBody', bytes, 'value', json), createTurns().after))
    .storing;
}

interface Unknown {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** Undefined for what can be no resource. */
  readonly format: Format | undefined;
  readonly whose: string;
}

/** Bytes sent to where Binaries are: a Binary, or the content of one (http://hl7.org/fhir/R4/binary.html#rest). */
async function readBinary(
  { req }: Arrival,
  { id }: Route,
  { bytes, contentType, format, whose }: Unknown,
  limits: BodyLimits,
): Promise<Body> {
  const resource = format && (await tryResource(bytes, contentType, format, limits, whose));
  if (resource?.plain.resourceType === 'Binary') return resource;
  return wrapContent(bytes, contentType, readHttpHeader(req, 'X-Security-Context'), id);
}

/** JSON and XML may be content as well; only what calls itself FHIR must be readable as such. */
async function tryResource(
  bytes: Uint8Array,
  contentType: string,
  format: Format,
  limits: BodyLimits,
  whose: string,
): Promise<Body | undefined> {
  try {
    return await readResource(bytes, format, limits, whose);
  } catch (error) {
    if (isFhirType(contentType) || !(error instanceof OperationOutcomeError)) throw error;
    return undefined;
  }
}

/** The parameters of a search, those of the address first; `_format` may be in the form. */
/**
 * Refuses a token in a query or a form, valid or not: queries stand in logs and histories (smart SM-73).
 *
 * @throws OperationOutcomeError `token-misplaced`
 */
export function refuseToken(queryText: string): void {
  if (/(?:^|&)access_token(?:=|&|$)/.test(queryText)) throw new OperationOutcomeError('token-misplaced');
}

function readForm({ req, target, asked }: Arrival, form: string): Sent {
  refuseToken(form);
  const format = formatOf(form);
  if (format !== undefined) asked.format = negotiate(req.headers.accept, format);
  return { queryText: joinQueries(target.queryText, form) };
}

/** http://hl7.org/fhir/R4/http.html#transaction */
function readBundleKind({ plain }: Body): 'batch' | 'transaction' {
  if (plain.resourceType !== 'Bundle') {
    throw new OperationOutcomeError('resource-type-mismatch', {
      diagnostics: 'The base takes only a Bundle.',
    });
  }
  const kind = plain['type'];
  if (kind === 'batch' || kind === 'transaction') return kind;
  throw new OperationOutcomeError('bundle-invalid', {
    diagnostics: 'The Bundle must be a batch or a transaction.',
    expression: ['Bundle.type'],
  });
}

const NO_BYTES = new Uint8Array();

function bodilessKey(arrival: Arrival): Request['idempotencyKey'] {
  return arrival.method === 'GET' || arrival.method === 'HEAD' ? undefined : keyOf(arrival, NO_BYTES);
}

/** The client's key with a digest of method, address and body, so that it cannot stand for other content (rules 3.6). */
function keyOf({ req, method, target }: Arrival, bytes: Uint8Array): Request['idempotencyKey'] {
  const id = readIdempotencyKey(req.headers['idempotency-key']);
  if (id === undefined) return undefined;
  const head = Buffer.from(`${method} ${target.path}?${target.queryText}\n`);
  return { id, fingerprint: hash('sha256', Buffer.concat([head, bytes]), 'hex') };
}

const joinQueries = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('&');
