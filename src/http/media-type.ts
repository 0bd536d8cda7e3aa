/**
 * Media types (http://hl7.org/fhir/R4/http.html#mime-type): what a client will take, and what it sends. This server
 * speaks JSON.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';

export const FHIR_JSON = 'application/fhir+json';

const JSON_PATCH = 'application/json-patch+json';

/** Whether a body calls itself a JSON Patch; another patch is a resource. */
export const isJsonPatch = (header: string | undefined): boolean => mediaTypeOf(header ?? '') === JSON_PATCH;

/** Names of JSON in `_format`; a plus that was not percent-encoded arrives as a space. */
const FORMATS: ReadonlySet<string> = new Set([
  'json',
  FHIR_JSON,
  'application/fhir json',
  'application/json',
  'text/json',
]);

/** Ranges of Accept that JSON satisfies. */
const RANGES: ReadonlySet<string> = new Set([
  '*/*',
  'application/*',
  FHIR_JSON,
  'application/json',
  'text/json',
]);

/**
 * `_format` stands over Accept.
 *
 * @throws OperationOutcomeError `not-acceptable`
 */
export function checkAcceptable(accept: string | undefined, format: string | undefined): void {
  if (format !== undefined) {
    if (FORMATS.has(mediaTypeOf(format)) && isR4(format)) return;
    throw new OperationOutcomeError('not-acceptable', { diagnostics: '_format must be json.' });
  }
  if (accept === undefined || accept === '*/*' || accept === FHIR_JSON || accept === '') return;
  if (!accept.split(',').some(isTaken)) throw new OperationOutcomeError('not-acceptable');
}

function isTaken(range: string): boolean {
  return RANGES.has(mediaTypeOf(range)) && isR4(range) && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/i.test(range);
}

/** What each kind of body may call itself. */
const BODIES = {
  resource: new Set([FHIR_JSON, 'application/json', 'text/json']),
  /** A JSON Patch, or a FHIRPath Patch as a resource. */
  patch: new Set([JSON_PATCH, FHIR_JSON]),
  form: new Set(['application/x-www-form-urlencoded']),
} as const;

/** @throws OperationOutcomeError `media-type-unsupported` */
export function checkContentType(header: string | undefined, kind: keyof typeof BODIES): void {
  const given = header ?? '';
  if (BODIES[kind].has(mediaTypeOf(given)) && isUtf8(given) && isR4(given)) return;
  const wanted = [...BODIES[kind]].join(' or ');
  throw new OperationOutcomeError('media-type-unsupported', {
    diagnostics: `The body must be ${wanted}, in UTF-8.`,
  });
}

const mediaTypeOf = (header: string): string => (header.split(';', 1)[0] ?? '').trim().toLowerCase();

function isUtf8(header: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(header)?.[1];
  return charset === undefined || charset.toLowerCase() === 'utf-8' || charset.toLowerCase() === 'utf8';
}

/** http://hl7.org/fhir/R4/versioning.html#mt-version: the parameter `fhirVersion`, when given, must be ours. */
function isR4(header: string): boolean {
  const version = /;\s*fhirVersion\s*=\s*"?([^";\s]*)/i.exec(header)?.[1];
  return version === undefined || version === '4.0' || version === '4.0.1';
}
