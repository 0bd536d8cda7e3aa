/**
 * The request headers that FHIR gives a meaning (http://hl7.org/fhir/R4/http.html; RFC 9110 for conditions, RFC 7240 for
 * Prefer). What is absent is undefined; what is nonsense is refused by the header's name.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { parseETags } from '../fhir/etag.ts';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { readIfNoneExist } from '../operations/write/if-none-exist.ts';
import type { Preferences, Request } from '../operations/request.ts';
import { utf8Of } from './octets.ts';

/** The conditions of a request and what its client prefers; that of a create needs the type, and is read by itself. */
type Conditions = Pick<Request, 'ifMatch' | 'ifNoneMatch' | 'ifModifiedSince' | 'prefer'>;

/** @throws OperationOutcomeError `header-invalid` */
export function readConditions(headers: IncomingHttpHeaders): Conditions {
  return {
    ifMatch: readVersions('If-Match', headers['if-match']),
    ifNoneMatch: readVersions('If-None-Match', headers['if-none-match']),
    ifModifiedSince: readDate(headers['if-modified-since']),
    prefer: readPrefer(headers['prefer']),
  };
}

function readVersions(name: string, header: string | undefined): readonly string[] | undefined {
  if (header === undefined) return undefined;
  const versions = parseETags(header);
  if (versions === undefined) throw invalidHeader(name, '* or versions, as in W/"5"');
  return versions;
}

/**
 * The text of a header that may hold any character: its bytes are UTF-8, and it is there once.
 *
 * @throws OperationOutcomeError `header-invalid`
 */
export function readHttpHeader(req: IncomingMessage, name: string): string | undefined {
  const header = req.headers[name.toLowerCase()];
  if (header === undefined) return undefined;
  if ((req.headersDistinct[name.toLowerCase()]?.length ?? 1) > 1) throw invalidHeader(name, 'there once');
  const text = utf8Of(String(header));
  if (text === undefined) throw invalidHeader(name, 'written in UTF-8');
  return text;
}

/** Characters of a reason: enough to say one, and not more than one. */
const REASON_MIN = 10;
const REASON_MAX = 500;

/**
 * X-Access-Reason: why the caller looks at what its role sees for a reason alone.
 *
 * @throws OperationOutcomeError `header-invalid`
 */
export function readAccessReason(req: IncomingMessage): string | undefined {
  const text = readHttpHeader(req, 'X-Access-Reason')?.trim();
  if (text === undefined || (text.length >= REASON_MIN && text.length <= REASON_MAX)) return text;
  throw invalidHeader('X-Access-Reason', `a reason in words: ${REASON_MIN} to ${REASON_MAX} characters`);
}

/**
 * The query of a conditional create.
 *
 * @throws OperationOutcomeError `header-invalid`
 */
export function readCreateCondition(req: IncomingMessage, type: string, base: string): string | undefined {
  const text = readHttpHeader(req, 'If-None-Exist');
  if (text === undefined) return undefined;
  const read = readIfNoneExist(text, type, base);
  if ('query' in read) return read.query;
  throw invalidHeader('If-None-Exist', read.wanted);
}

/** A date that cannot be read is as none (RFC 9110, 13.1.3). */
function readDate(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : at;
}

const NO_PREFERENCE: Preferences = {};
const RETURNS = ['minimal', 'representation', 'OperationOutcome'] as const;
const HANDLINGS = ['strict', 'lenient'] as const;

/** Preferences that are not known are passed over (RFC 7240, 2). */
function readPrefer(header: string | string[] | undefined): Preferences {
  if (header === undefined) return NO_PREFERENCE;
  const wishes = new Map<string, string>();
  for (const part of String(header).split(/[,;]/)) {
    const [name = '', value = ''] = part.split('=', 2);
    const key = name.trim().toLowerCase();
    if (!wishes.has(key)) wishes.set(key, value.trim().replaceAll('"', '').toLowerCase());
  }
  return {
    return: RETURNS.find((word) => word.toLowerCase() === wishes.get('return')),
    handling: HANDLINGS.find((word) => word === wishes.get('handling')),
  };
}

/** Visible ASCII; the quotes of a structured field (draft-ietf-httpapi-idempotency-key-header) are taken off. */
const IDEMPOTENCY_KEY = /^"?([\u0021\u0023-\u007e]{1,255})"?$/;

/** @throws OperationOutcomeError `header-invalid` */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = IDEMPOTENCY_KEY.exec(String(header))?.[1];
  if (key === undefined) throw invalidHeader('Idempotency-Key', '1 to 255 visible characters without spaces');
  return key;
}

const TAB_ID = /^[A-Za-z0-9-]{8,64}$/;

/** The tab, or the worker, of a client's session. @throws OperationOutcomeError `header-invalid` */
export function readTabId(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const tab = String(header);
  if (TAB_ID.test(tab)) return tab;
  throw invalidHeader('X-Tab-Id', '8 to 64 letters of A to Z, digits and hyphens');
}

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** The client's request id, or a new one when it sent none that is fit to stand in a log. */
export function readRequestId(header: string | string[] | undefined, newId: () => string): string {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : newId();
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * W3C Trace Context 1, `traceparent` of version 00. What is malformed, or of a version that is not known, starts no
 * refusal: the specification has it ignored.
 */
export function readTraceparent(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && TRACEPARENT.test(header) ? header : undefined;
}

/** The trace that a traceparent belongs to, as logs and tracing systems show it. */
export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);

export function invalidHeader(header: string, wanted: string): OperationOutcomeError {
  return new OperationOutcomeError('header-invalid', { diagnostics: `${header} must be ${wanted}.` });
}
