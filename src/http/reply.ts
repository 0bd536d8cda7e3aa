/**
 * A reply, or a refusal, as an HTTP response (http://hl7.org/fhir/R4/http.html). All headers leave in one `writeHead`:
 * setting them one by one, or through middleware, costs more than everything else that the door does for a read.
 */
import type { ServerResponse } from 'node:http';
import { tagOf } from '../fhir/etag.ts';
import { buildOutcome, ISSUES, OperationOutcomeError } from '../fhir/issue.ts';
import { encodeJson, parseJsonValue } from '../fhir/json.ts';
import type { Reply } from '../operations/request.ts';
import { nextPiece } from '../operations/turns.ts';
import { stepUpChallenge } from '../identity/session.ts';
import { isExpressible } from '../xml/characters.ts';
import { convertToXml } from '../xml/convert.ts';
import type { BinaryContent } from './binary.ts';
import type { Headers } from './cors.ts';
import { FHIR_JSON, FHIR_XML, type Format } from './media-type.ts';
import { codingFor, isPackable, pack, PACKED_FROM, type ContentCoding } from './pack.ts';
import { MethodRefused } from './route.ts';

/** What every response of this server needs to know. */
export interface Replying {
  /** Base of the absolute references that clients are given, without a slash at the end. */
  readonly base: string;
  /** What stands on every response; made once. */
  readonly securityHeaders: Readonly<Headers>;
}

/** What this response needs to know of its request. */
export interface ReplyContext {
  readonly requestId: string;
  readonly head: boolean;
  readonly pretty: boolean;
  /** Known in the end only when a form was read. */
  readonly format: Format;
  readonly cors: Headers | undefined;
  /** As it was sent. */
  readonly acceptEncoding?: string | undefined;
}

/** The status sent; of what is compressed first, when it is. */
export type Sent = number | Promise<number>;

const JSON_TYPE = `${FHIR_JSON}; charset=utf-8`;
export const XML_TYPE = `${FHIR_XML}; charset=utf-8`;
/** Nesting of what we stored or made ourselves is no longer in question. */
const OWN_DEPTH = { depth: Number.POSITIVE_INFINITY };

export const REALM = 'Bearer realm="closeloop"';

/** Sends a reply of the FHIR engine, which has honoured conditions and preferences already. Returns the status sent. */
export function sendReply(res: ServerResponse, reply: Reply, asked: ReplyContext, replying: Replying): Sent {
  return send(res, reply.status, headersOf(reply, replying), replyText(reply), asked, replying);
}

/** What a reply says of its resource in headers. */
export function headersOf(reply: Reply, replying: Replying): Headers {
  const headers: Headers = {};
  if (reply.version !== undefined) headers['ETag'] = `W/"${tagOf(reply.version, reply.masked)}"`;
  if (reply.at !== undefined) headers['Last-Modified'] = httpDate(reply.at);
  if (reply.location !== undefined) headers['Location'] = `${replying.base}/${reply.location}`;
  if (reply.headers !== undefined) Object.assign(headers, reply.headers);
  return headers;
}

/** Instants whose text is remembered: the same versions are read again and again. */
const DATES_KNOWN = 2000;
const dates = new Map<string, string>();

/** The date of a header (RFC 9110, 5.6.7). */
function httpDate(at: string): string {
  const known = dates.get(at);
  if (known !== undefined) return known;
  if (dates.size >= DATES_KNOWN) dates.clear();
  const text = new Date(at).toUTCString();
  dates.set(at, text);
  return text;
}

/** The JSON text of what a reply shows. */
export function replyText({ text, resource }: Reply): string | undefined {
  return text ?? (resource === undefined ? undefined : encodeJson(resource));
}

/** The headers of a reply that is the content of a Binary. */
export function contentHeaders(
  reply: Reply,
  { contentType, attachment, policy, securityContext }: Omit<BinaryContent, 'bytes'>,
  replying: Replying,
): Headers {
  const headers = headersOf(reply, replying);
  headers['Content-Type'] = contentType;
  if (attachment) headers['Content-Disposition'] = 'attachment';
  if (policy !== undefined) headers['Content-Security-Policy'] = policy;
  if (securityContext !== undefined) headers['X-Security-Context'] = securityContext;
  return headers;
}

/** Sends the content of a Binary in its own type. Returns the status sent. */
export function sendContent(
  res: ServerResponse,
  reply: Reply,
  content: BinaryContent,
  asked: ReplyContext,
  replying: Replying,
): Sent {
  const { bytes, contentType } = content;
  const headers = contentHeaders(reply, content, replying);
  if (bytes.length >= PACKED_FROM && isPackable(contentType))
    return sendLarge(res, reply.status, headers, bytes, asked, replying);
  writeHead(res, reply.status, headers, bytes.length, asked, replying);
  res.end(asked.head ? undefined : bytes);
  return reply.status;
}

/** Sends what refuses the request. What is no refusal is a fault of ours: said without particulars. */
export function sendRefusal(
  res: ServerResponse,
  error: unknown,
  asked: ReplyContext,
  replying: Replying,
): Sent {
  const refusal =
    error instanceof OperationOutcomeError
      ? error
      : new OperationOutcomeError('internal', { diagnostics: `Request ${asked.requestId}.` });
  const headers: Headers = {};
  const challenge = challengeOf(refusal);
  if (challenge !== undefined) headers['WWW-Authenticate'] = challenge;
  const { http } = ISSUES[refusal.code];
  if (refusal.retryAfter !== undefined) headers['Retry-After'] = Math.max(1, Math.ceil(refusal.retryAfter));
  else if (http === 503 || http === 429) headers['Retry-After'] = 1;
  if (refusal instanceof MethodRefused) headers['Allow'] = refusal.allow;
  const links = [...captureLinks(refusal, replying), ...agreementLinks(refusal, replying)];
  if (links.length > 0) headers['Link'] = links.join(', ');
  if (refusal.code === 'server-stopping' || refusal.code === 'body-too-large')
    headers['Connection'] = 'close';
  return send(res, http, headers, encodeJson(refusal.outcome), inFormat(asked, refusal), replying);
}

/** Where what is missing can be captured, so that the same request passes (compliance K1). */
function captureLinks({ issues }: OperationOutcomeError, { base }: Replying): readonly string[] {
  const patients = new Set(issues.flatMap(({ captureFor }) => captureFor ?? []));
  return [...patients].map(
    (patient) => `<${base}/${patient}/$capture-consent>; rel="https://closeloop.dev/rel/capture"`,
  );
}

/** The Contracts that are not in force (baa-messaging 9). */
function agreementLinks({ issues }: OperationOutcomeError, { base }: Replying): readonly string[] {
  const contracts = new Set(issues.flatMap(({ agreement }) => agreement ?? []));
  return [...contracts].map((contract) => `<${base}/${contract}>; rel="https://closeloop.dev/rel/agreement"`);
}

/** A refusal whose words XML cannot say is told in JSON. */
function inFormat(asked: ReplyContext, { outcome }: OperationOutcomeError): ReplyContext {
  if (asked.format === 'json') return asked;
  const isSaid = outcome.issue.every(({ diagnostics = '' }) => isExpressible(diagnostics));
  return isSaid ? asked : { ...asked, format: 'json' };
}

/** Sends one of the documents that anyone may read. */
export function sendDocument(
  res: ServerResponse,
  text: string,
  contentType: string,
  asked: ReplyContext,
  replying: Replying,
): Sent {
  return send(res, 200, { 'Content-Type': contentType }, text, asked, replying);
}

/** The only place that writes a FHIR response. */
export function send(
  res: ServerResponse,
  status: number,
  headers: Headers,
  text: string | undefined,
  asked: ReplyContext,
  replying: Replying,
): Sent {
  const shown = text === undefined ? undefined : renderText(text, headers, asked);
  const length = shown === undefined ? 0 : Buffer.byteLength(shown);
  if (shown !== undefined && length >= PACKED_FROM) {
    if (asked.acceptEncoding !== undefined)
      return sendLarge(res, status, headers, Buffer.from(shown, 'utf8'), asked, replying);
    headers['Vary'] = VARY;
  }
  writeHead(res, status, headers, length, asked, replying);
  if (shown === undefined || asked.head) res.end();
  else if (length > WRITTEN_AT_ONCE)
    return sendInTurns(res, status, shown.length === length ? shown : Buffer.from(shown, 'utf8'));
  // As many bytes as characters: ASCII, which Node writes faster when it need not look for more.
  else res.end(shown, shown.length === length ? 'latin1' : 'utf8');
  return status;
}

/** Bytes that are handed to the connection at once: a page of megabytes goes part by part, and others have turns between. */
const WRITTEN_AT_ONCE = 262_144;

/** @param whole ASCII, or bytes */
async function sendInTurns(res: ServerResponse, status: number, whole: string | Buffer): Promise<number> {
  for (let from = 0; from < whole.length && !res.destroyed; from += WRITTEN_AT_ONCE) {
    const to = from + WRITTEN_AT_ONCE;
    res.write(typeof whole === 'string' ? whole.slice(from, to) : whole.subarray(from, to), 'latin1');
    await nextPiece();
  }
  res.end();
  return status;
}

/** The name of the header that decides whether an answer is compressed. */
const VARY = 'Accept-Encoding';

/** Compressed, where that was asked for. A HEAD is not told a length that would have to be worked out for it. */
function sendLarge(
  res: ServerResponse,
  status: number,
  headers: Headers,
  bytes: Buffer,
  asked: ReplyContext,
  replying: Replying,
): Sent {
  headers['Vary'] = VARY;
  const coding = codingFor(asked.acceptEncoding);
  if (coding !== undefined && !asked.head)
    return sendPacked(res, status, headers, bytes, coding, asked, replying);
  writeHead(res, status, headers, coding === undefined ? bytes.length : undefined, asked, replying);
  if (!asked.head) return sendInTurns(res, status, bytes);
  res.end();
  return status;
}

async function sendPacked(
  res: ServerResponse,
  status: number,
  headers: Headers,
  bytes: Buffer,
  coding: ContentCoding,
  asked: ReplyContext,
  replying: Replying,
): Promise<number> {
  const packed = await pack(bytes, coding);
  if (res.destroyed) return status;
  headers['Content-Encoding'] = coding;
  writeHead(res, status, headers, packed.length, asked, replying);
  res.end(packed);
  return status;
}

/** A JSON text as it was asked for. What is in XML already is left alone; what has another type is no resource. */
export function renderText(text: string, headers: Headers, { format, pretty }: ReplyContext): string {
  const type = headers['Content-Type'];
  if (type === XML_TYPE) return text;
  headers['Content-Type'] = type ?? (format === 'xml' ? XML_TYPE : JSON_TYPE);
  if (type === undefined && format === 'xml') return convertToXml(text, pretty);
  return pretty ? indent(text) : text;
}

/** Writes the head of a response, with what stands on every one. */
export function writeHead(
  res: ServerResponse,
  status: number,
  headers: Headers,
  length: number | undefined,
  asked: ReplyContext,
  replying: Replying,
): void {
  headers['X-Request-Id'] = asked.requestId;
  const { 'Content-Security-Policy': policy } = headers;
  Object.assign(headers, replying.securityHeaders);
  if (policy !== undefined) {
    headers['Content-Security-Policy'] = policy;
    // Its frame-ancestors says who may frame it: this one would say otherwise.
    delete headers['X-Frame-Options'];
  }
  if (asked.cors !== undefined) {
    const { Vary: own } = headers;
    Object.assign(headers, asked.cors);
    if (own !== undefined) headers['Vary'] = `${asked.cors['Vary'] ?? 'Origin'}, ${own}`;
  }
  if (status !== 204 && status !== 304 && length !== undefined) headers['Content-Length'] = length;
  res.writeHead(status, headers);
}

/** RFC 6750, 3: how to authenticate, and what was wrong. */
function challengeOf({ code, issues }: OperationOutcomeError): string | undefined {
  if (code === 'token-missing') return REALM;
  if (code === 'token-invalid') return `${REALM}, error="invalid_token"`;
  if (code === 'step-up-needed') return stepUpChallenge();
  if (code !== 'scope-insufficient') return undefined;
  const [, scope] = /^needed: ([\w/*.-]+)/.exec(issues[0]?.diagnostics ?? '') ?? [];
  return `${REALM}, error="insufficient_scope"${scope === undefined ? '' : `, scope="${scope}"`}`;
}

const indent = (text: string): string => JSON.stringify(parseJsonValue(text, OWN_DEPTH), null, 2);

/** What answers a request that is refused before there is one to read: no id, no format, and the connection ends. */
export function earlyRefusal(diagnostics: string, securityHeaders: Readonly<Headers>): [Headers, string] {
  const text = encodeJson(buildOutcome([{ code: 'header-invalid', diagnostics }]));
  const headers = {
    'Content-Type': JSON_TYPE,
    'Content-Length': Buffer.byteLength(text),
    ...securityHeaders,
    Connection: 'close',
  };
  return [headers, text];
}
