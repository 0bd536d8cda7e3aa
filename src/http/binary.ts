/**
 * Binary in its own type (http://hl7.org/fhir/R4/binary.html#rest): "when a read request is made for the binary resource
 * that doesn't explicitly specify the FHIR content types […], then the content should be returned using the content type
 * stated in the resource"; what is written in another type "is accepted as is and treated as the content of a Binary".
 */
import type { Body } from '../fhir/body.ts';
import { OperationOutcomeError } from '../fhir/issue.ts';
import { bodyOf } from '../fhir/json.ts';
import type { Resource } from '../fhir/types.ts';
import type { StoredFile } from '../ports/files.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { invalidHeader } from './headers.ts';
import {
  bestOf,
  FHIR_JSON,
  FHIR_XML,
  formatAsked,
  mediaTypeOf,
  negotiate,
  readAccept,
  type Format,
} from './media-type.ts';
import type { ReplyContent } from '../operations/request.ts';
import type { Route } from './route.ts';

const isBinary = ({ type }: Route): boolean => type === 'Binary';

/** Whether an address may be answered with content instead of a resource. */
export const mayBeContent = (found: Route): boolean =>
  (isBinary(found) && (found.interaction === 'read' || found.interaction === 'vread')) ||
  (found.content?.gives ?? []).length > 0;

/** The type of content that `_format` names, as `csv` or whole; undefined where it names none, or one of FHIR's. */
export function contentAsked(found: Route, format: string | undefined): string | undefined {
  if (format === undefined || formatAsked(undefined, format) !== undefined) return undefined;
  const named = mediaTypeOf(format);
  return found.content?.gives?.find((type) => type === named || type.split('/')[1] === named);
}

/** Whether content may be sent to an address instead of a resource. */
export const takesContent = (found: Route, contentType: string): boolean =>
  (isBinary(found) && (found.interaction === 'create' || found.interaction === 'update')) ||
  (found.content?.takes?.includes(mediaTypeOf(contentType)) ?? false);

/** The root of a resource in FHIR's XML, behind a declaration and comments. */
const FHIR_ROOT =
  /^\uFEFF?(?:\s|<\?[^>]*>|<!--(?:(?!-->)[^])*-->)*<[\w:]+\s[^>]*xmlns="http:\/\/hl7\.org\/fhir"/;

/** Whether bytes in a type of XML that is FHIR's as well (text/xml, application/xml) are a resource. */
export const isFhirXml = (bytes: Uint8Array, contentType: string): boolean =>
  /^(?:text|application)\/xml$/.test(mediaTypeOf(contentType)) &&
  FHIR_ROOT.test(Buffer.from(bytes.subarray(0, 4096)).toString('utf8'));

// — reading

/** What a Binary holds, as it is sent in its own type. */
export interface BinaryContent {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Types that a browser might run are for saving, not for showing. */
  readonly attachment: boolean;
  /** A Content-Security-Policy of its own: what a browser may do with what it shows. */
  readonly policy?: string | undefined;
  /** For X-Security-Context: the reference that stands for who may see it. */
  readonly securityContext: string | undefined;
}

/** A media type with parameters, as it may stand in a header. */
const MEDIA_TYPE =
  /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:\s*;\s*[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[\w !#$&^.+/:=-]*"))*$/;
const UNKNOWN = 'application/octet-stream';

/** What a browser shows without running anything. */
const PASSIVE: ReadonlySet<string> = new Set([
  'application/pdf',
  'audio/mpeg',
  'image/gif',
  'image/jpeg',
  'image/png',
  'text/plain',
  'video/mp4',
]);

const REFERENCE = /^[\w.:/|#-]{1,512}$/;

/** @param text the Binary as its reader may see it */
export function readContent(text: string): BinaryContent {
  const { contentType, data = '', securityContext } = parseStored<StoredBinary>(text);
  const shown = contentType !== undefined && MEDIA_TYPE.test(contentType) ? contentType : UNKNOWN;
  const reference = securityContext?.reference;
  return {
    bytes: Buffer.from(data, 'base64'),
    contentType: shown,
    attachment: !PASSIVE.has(mediaTypeOf(shown)),
    securityContext: reference !== undefined && REFERENCE.test(reference) ? reference : undefined,
  };
}

interface StoredBinary {
  readonly contentType?: string;
  readonly data?: string;
  readonly securityContext?: { readonly reference?: string };
}

/**
 * How a Binary is wanted: as its content unless FHIR's types are named; in plain JSON or XML where nothing else fits.
 *
 * @throws OperationOutcomeError `not-acceptable`
 */
export function chooseContent(accept: string | undefined, contentType: string): 'content' | Format {
  const ranges = readAccept(accept ?? '*/*');
  const content = bestOf(ranges, [mediaTypeOf(contentType)]);
  const named = [
    ['json', FHIR_JSON],
    ['xml', FHIR_XML],
  ] as const;
  const [best] = named
    .map(([format, type]) => ({ format, ...bestOf(ranges, [type]) }))
    .filter(({ q, exact }) => q > 0 && exact === 2)
    .toSorted((one, other) => other.q - one.q || one.place - other.place);
  if (best !== undefined && best.q >= content.q) return best.format;
  if (content.q > 0) return 'content';
  if (bestOf(ranges, ['application/json', 'text/json']).q > 0) return 'json';
  if (bestOf(ranges, ['application/xml', 'text/xml']).q > 0) return 'xml';
  throw new OperationOutcomeError('not-acceptable', {
    diagnostics: 'The content is of another type; FHIR’s types give the resource around it.',
  });
}

/**
 * The answer of an operation as its content; undefined where the client wants the resource instead.
 *
 * @throws OperationOutcomeError `not-acceptable`
 */
export function contentOfReply(
  accept: string | undefined,
  { bytes, contentType: own, alsoAs = [], policy, usual }: ReplyContent,
): BinaryContent | Format {
  const ranges = readAccept(accept ?? '');
  const isNamed = (type: string): boolean => {
    const { q, exact } = bestOf(ranges, [mediaTypeOf(type)]);
    return exact === 2 && q > 0;
  };
  const contentType = isNamed(own) ? own : (alsoAs.find(isNamed) ?? own);
  const choice =
    usual === true ? chooseContent(accept, contentType) : chooseNamed(accept, contentType, [own, ...alsoAs]);
  if (choice !== 'content') return choice;
  return { bytes, contentType, attachment: policy === undefined, policy, securityContext: undefined };
}

/** Content that must be asked for by its name; else FHIR's formats. */
function chooseNamed(
  accept: string | undefined,
  contentType: string,
  gives: readonly string[],
): 'content' | Format {
  const { q, exact } = bestOf(readAccept(accept ?? ''), [mediaTypeOf(contentType)]);
  const format = formatAsked(accept, undefined);
  if (exact === 2 && q > 0 && (format === undefined || chooseContent(accept, contentType) === 'content'))
    return 'content';
  return format ?? negotiate(accept, undefined, gives.map(mediaTypeOf).toSorted());
}

// — writing

/**
 * The Binary around bytes that arrived in their own type, or around the file that keeps them.
 *
 * @param id of the address, when there is one
 * @throws OperationOutcomeError `media-type-unsupported`, `header-invalid`
 */
export function wrapContent(
  bytes: Uint8Array | StoredFile,
  contentType: string,
  securityContext: string | undefined,
  id: string | undefined,
): Body {
  if (!MEDIA_TYPE.test(contentType)) {
    throw new OperationOutcomeError('media-type-unsupported', {
      diagnostics: 'Content-Type must name the type of the content, as in application/pdf.',
    });
  }
  if (securityContext !== undefined && !REFERENCE.test(securityContext))
    throw invalidHeader('X-Security-Context', 'a reference, as in Patient/1');
  const resource: Resource = {
    resourceType: 'Binary',
    ...(id !== undefined && { id }),
    contentType: contentType.replaceAll(/\s+/g, ' '),
    ...(securityContext !== undefined && { securityContext: { reference: securityContext } }),
    ...(bytes instanceof Uint8Array && { data: Buffer.from(bytes).toString('base64') }),
  };
  return bytes instanceof Uint8Array ? bodyOf(resource) : { ...bodyOf(resource), file: bytes };
}
