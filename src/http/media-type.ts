/**
 * Media types (http://hl7.org/fhir/R4/http.html#mime-type): what a client will take, and what it sends. This server
 * speaks JSON and XML.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';

export type Format = 'json' | 'xml';

export const FHIR_JSON = 'application/fhir+json';
export const FHIR_XML = 'application/fhir+xml';

const JSON_PATCH = 'application/json-patch+json';

/** Whether a body calls itself a JSON Patch; another patch is a resource. */
export const isJsonPatch = (header: string | undefined): boolean => mediaTypeOf(header ?? '') === JSON_PATCH;

/** The media types of each format, FHIR's own first. */
const TYPES: Readonly<Record<Format, readonly string[]>> = {
  json: [FHIR_JSON, 'application/json', 'text/json'],
  xml: [FHIR_XML, 'application/xml', 'text/xml'],
};

const FORMATS = ['json', 'xml'] as const;

/** Names of formats in `_format`; a plus that was not percent-encoded arrives as a space. */
const NAMES: ReadonlyMap<string, Format> = new Map(
  FORMATS.flatMap((format) =>
    [format, ...TYPES[format], `application/fhir ${format}`].map((name) => [name, format] as const),
  ),
);

/**
 * The format to answer in. `_format` stands over Accept.
 *
 * @param gives types beside FHIR's in which the address answers
 * @throws OperationOutcomeError `not-acceptable`
 */
export function negotiate(
  accept: string | undefined,
  format: string | undefined,
  gives: readonly string[] = [],
): Format {
  const found = formatAsked(accept, format);
  if (found !== undefined) return found;
  const also = gives.length === 0 ? [] : [`This address gives ${gives.join(' and ')}, too.`];
  const says = format === undefined ? also : ['_format must be json or xml.', ...also];
  throw new OperationOutcomeError('not-acceptable', {
    diagnostics: says.length === 0 ? undefined : says.join(' '),
  });
}

/** As {@link negotiate}; undefined when there is no format that would do. */
export function formatAsked(accept: string | undefined, format: string | undefined): Format | undefined {
  if (format !== undefined) return isR4(format) ? NAMES.get(mediaTypeOf(format)) : undefined;
  if (accept === undefined || accept === '*/*' || accept === FHIR_JSON || accept === '') return 'json';
  const ranges = readAccept(accept);
  const [best] = FORMATS.map((each) => ({ each, ...bestOf(ranges, TYPES[each]) }))
    .filter(({ q }) => q > 0)
    .toSorted((one, other) => other.q - one.q || other.exact - one.exact || one.place - other.place);
  return best?.each;
}

/** One range of Accept (RFC 9110, 12.5.1). */
export interface Range {
  /** In small letters; `application/*`. */
  readonly type: string;
  readonly q: number;
}

/** Ranges of Accept at most; what comes later is not looked at. */
const RANGES_MAX = 64;

/** The ranges of Accept, without those of other versions of FHIR. */
export function readAccept(accept: string): readonly Range[] {
  return accept
    .split(',', RANGES_MAX)
    .filter(isR4)
    .map((range) => ({ type: mediaTypeOf(range), q: qualityOf(range) }));
}

/** A range without `q` has 1; nonsense counts as that, too. */
function qualityOf(range: string): number {
  const q = Number(/;\s*q\s*=\s*([\d.]+)/i.exec(range)?.[1] ?? 1);
  return q >= 0 && q <= 1 ? q : 1;
}

interface Best {
  readonly q: number;
  /** 2 for a type by its name, 1 for a part of it, 0 for anything. */
  readonly exact: number;
  /** Among the ranges. */
  readonly place: number;
}

const NOT_TAKEN: Best = { q: 0, exact: -1, place: Number.POSITIVE_INFINITY };

/** How well any of some types would be taken: the most specific range that fits decides. */
export function bestOf(ranges: readonly Range[], types: readonly string[]): Best {
  let best = NOT_TAKEN;
  for (const [place, { type, q }] of ranges.entries()) {
    const exact = types.includes(type) ? 2 : fits(type, types[0] ?? '') ? 1 : type === '*/*' ? 0 : -1;
    if (exact > best.exact || (exact === best.exact && exact >= 0 && q > best.q)) best = { q, exact, place };
  }
  return best;
}

/** `application/*` of `application/fhir+json`. */
const fits = (range: string, type: string): boolean =>
  range !== '*/*' && range.endsWith('/*') && type.startsWith(range.slice(0, -1));

/** What each kind of body may call itself. */
const BODIES = {
  resource: new Set([...TYPES.json, ...TYPES.xml]),
  /** A JSON Patch, or a FHIRPath Patch as a resource. */
  patch: new Set([JSON_PATCH, FHIR_JSON, FHIR_XML]),
  form: new Set(['application/x-www-form-urlencoded']),
} as const;

/**
 * The format of a body; of a form or a JSON Patch, too, which are not XML.
 *
 * @throws OperationOutcomeError `media-type-unsupported`
 */
export function readContentType(header: string | undefined, kind: keyof typeof BODIES): Format {
  const type = mediaTypeOf(header ?? '');
  if (BODIES[kind].has(type) && isReadable(header ?? '')) return NAMES.get(type) ?? 'json';
  const wanted = [...BODIES[kind]].join(' or ');
  throw new OperationOutcomeError('media-type-unsupported', {
    diagnostics: `The body must be ${wanted}, in UTF-8.`,
  });
}

/** The format of a body that may be a resource, or anything else. */
export const formatOfBody = (header: string): Format | undefined =>
  isReadable(header) && header.includes('/') ? NAMES.get(mediaTypeOf(header)) : undefined;

const isReadable = (header: string): boolean => isUtf8(header) && isR4(header);

/** One of FHIR's own types, whatever its parameters. */
export const isFhirType = (header: string): boolean => {
  const type = mediaTypeOf(header);
  return type === FHIR_JSON || type === FHIR_XML;
};

/** The type without its parameters, in small letters. */
export const mediaTypeOf = (header: string): string => (header.split(';', 1)[0] ?? '').trim().toLowerCase();

function isUtf8(header: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(header)?.[1];
  return charset === undefined || charset.toLowerCase() === 'utf-8' || charset.toLowerCase() === 'utf8';
}

/** http://hl7.org/fhir/R4/versioning.html#mt-version: the parameter `fhirVersion`, when given, must be ours. */
function isR4(header: string): boolean {
  const version = /;\s*fhirVersion\s*=\s*"?([^";\s]*)/i.exec(header)?.[1];
  return version === undefined || version === '4.0' || version === '4.0.1';
}
