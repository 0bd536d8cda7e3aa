/**
 * The primitive types (http://hl7.org/fhir/R4/datatypes.html#primitive): the JSON type of each, and the form of its
 * strings. The checks accept what the published patterns accept, but in linear time and bounded stack for any length.
 * They also check dates against the calendar, and a text may contain every blank of Unicode, not only those of the
 * pattern.
 */
import { parseDate, parseDateTime, parseInstant } from '../../fhir/datetime.ts';
import { faultOfNarrative } from './narrative.ts';

interface Primitive {
  /** The JSON Schema of the value, without a format. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** For a string: whether it has the form. */
  readonly holds?: (text: string) => boolean;
  /** The expected form, for a person. */
  readonly says: string;
}

const text = (says: string, holds: RegExp | ((text: string) => boolean)): Primitive => ({
  schema: { type: 'string' },
  says,
  holds: typeof holds === 'function' ? holds : (value) => holds.test(value),
});

export const PRIMITIVES: Readonly<Record<string, Primitive>> = {
  boolean: { schema: { type: 'boolean' }, says: 'true or false' },
  integer: {
    schema: { type: 'integer', minimum: -2147483648, maximum: 2147483647 },
    says: 'a whole number of 32 bits',
  },
  positiveInt: {
    schema: { type: 'integer', minimum: 1, maximum: 2147483647 },
    says: 'a whole number from 1 to 2147483647',
  },
  unsignedInt: {
    schema: { type: 'integer', minimum: 0, maximum: 2147483647 },
    says: 'a whole number from 0 to 2147483647',
  },
  decimal: { schema: { type: 'number' }, says: 'a number' },
  string: text('text that is not empty, without control characters', isText),
  markdown: text('text that is not empty, without control characters', isText),
  code: text(
    'a code: no blanks at its ends, single blanks within',
    (value) => !/^$|^\s|\s$|\s\s/.test(value),
  ),
  id: text('1 to 64 characters of A-Z a-z 0-9 - and dot', /^[A-Za-z0-9.-]{1,64}$/),
  uri: text('a URI without blanks', /^\S+$/),
  url: text('a URL without blanks', /^\S+$/),
  canonical: text('a canonical URL without blanks', /^\S+$/),
  oid: text('urn:oid: and a dotted number', /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*)){1,128}$/),
  uuid: text('urn:uuid: and a lower-case UUID', /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  date: text('a date that exists: YYYY, YYYY-MM or YYYY-MM-DD', (value) => parseDate(value) !== undefined),
  dateTime: text(
    'a date that exists, or a date with time and time zone: YYYY-MM-DDThh:mm:ss+zz:zz',
    (value) => parseDateTime(value) !== undefined,
  ),
  instant: text(
    'a date that exists with time and time zone: YYYY-MM-DDThh:mm:ss.sss+zz:zz',
    (value) => parseInstant(value) !== undefined,
  ),
  time: text('a time of day: hh:mm:ss', /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?$/),
  base64Binary: text('base64', isBase64),
  xhtml: text(
    'XHTML in a div of namespace http://www.w3.org/1999/xhtml: basic formatting, some content, nothing active',
    (value) => faultOfNarrative(value) === undefined,
  ),
};

/** Matches any character except the control characters that FHIR forbids. */
function isText(value: string): boolean {
  return value !== '' && !FORBIDDEN.test(value);
}

// oxlint-disable-next-line no-control-regex -- these are the characters that are looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

/** Matches groups of four letters, blanks anywhere, padding at the end. */
function isBase64(value: string): boolean {
  if (/[^A-Za-z0-9+/=\s]/.test(value)) return false;
  const letters = value.replace(/\s+/g, '');
  const padding = letters.indexOf('=');
  return (
    letters !== '' && letters.length % 4 === 0 && (padding === -1 || /^={1,2}$/.test(letters.slice(padding)))
  );
}
