/**
 * Builds messages from plain values. All escaping happens here, so no value can add a delimiter, a segment or an MLLP
 * block to its message.
 */
import { NOT_ASCII, readCharset, type Charset } from './charset.ts';
import { encodingCharacters, STANDARD, type Delimiters } from './delimiters.ts';
import { escapeText, type Syntax } from './escape.ts';
import { NULL_VALUE, text, type Message, type Segment } from './message.ts';

/** The null as a value to send. No text counts as the null, not even the two quotation marks. */
export const NULL: unique symbol = Symbol('null');

/** A text whose line breaks are sent as formatting commands; only FT has these. */
interface Formatted {
  readonly formatted: string;
}

/** A text, not yet escaped. Undefined and '' make an empty value. */
export type PlainValue = string | undefined | typeof NULL | Formatted;
/** A text, or subcomponents. */
export type ComponentValue = PlainValue | readonly PlainValue[];
/** A text, or components. */
export type RepetitionValue = PlainValue | readonly ComponentValue[];
/** A text, or **repetitions**: one EI is `[['R-1', undefined, '2.999.1', 'ISO']]`. */
type FieldValue = PlainValue | readonly RepetitionValue[];

/** A segment as values, before the delimiters are known. */
export interface SegmentValues {
  readonly name: string;
  /** Values by field number. MSH-1 and MSH-2 are not among them: the encoder writes the delimiters. */
  readonly fields: Readonly<Record<number, FieldValue>>;
  /**
   * The values of the segments by the names of their layout. The check of a message reads them before the text is made.
   */
  readonly draft?: object;
}

/**
 * The text of a message: these segments, MSH first, each ended by CR. Empty fields at the end are not sent. When a
 * value needs more than ASCII and MSH-18 is empty, MSH-18 becomes `UNICODE UTF-8`.
 */
export function buildMessage(segments: readonly SegmentValues[], delimiters: Delimiters = STANDARD): Message {
  const [msh] = segments;
  if (msh?.name !== 'MSH') throw new TypeError('a message begins with MSH');
  const syntax = { ...delimiters, charset: 'UNICODE UTF-8' as Charset };
  const built = segments.map((segment) => encodeValues(segment, syntax));
  const [header] = built;
  const named = header && text(header, CHARSET_FIELD);
  if (named !== undefined) syntax.charset = readCharset(named);
  else if (built.some(({ fields }) => fields.some((value) => NOT_ASCII.test(value))))
    built[0] = encodeValues({ ...msh, fields: { ...msh.fields, [CHARSET_FIELD]: syntax.charset } }, syntax);
  return { syntax, prefix: '', segments: built };
}

const CHARSET_FIELD = 18;

function encodeValues({ name, fields }: SegmentValues, syntax: Syntax): Segment {
  const last = Number(Object.keys(fields).at(-1) ?? 0); // integer keys keep their order
  const texts = [name];
  for (let n = 1; n <= last; n += 1) texts.push(encodeField(fields[n], syntax));
  if (name === 'MSH') {
    texts[1] = syntax.field;
    texts[2] = encodingCharacters(syntax);
  }
  while (texts.at(-1) === '') texts.pop();
  return { name, fields: texts, end: '\r', syntax };
}

const encodeField = (value: FieldValue, syntax: Syntax): string =>
  join(value, syntax.repetition, syntax, (repetition) =>
    join(repetition, syntax.component, syntax, (component) =>
      join(component, syntax.subcomponent, syntax, (plain) => encodePlain(plain, syntax)),
    ),
  );

/** Parts between separators; empty parts at the end are dropped. */
function join<Part>(
  value: PlainValue | readonly Part[],
  separator: string,
  syntax: Syntax,
  encode: (part: Part) => string,
): string {
  if (!isList(value)) return encodePlain(value, syntax);
  const texts = value.map(encode);
  while (texts.at(-1) === '') texts.pop();
  if (separator === '' && texts.length > 1) throw new TypeError('the delimiters lack one that is needed');
  return texts.join(separator);
}

const isList = <Part>(value: PlainValue | readonly Part[]): value is readonly Part[] => Array.isArray(value);

function encodePlain(value: PlainValue, syntax: Syntax): string {
  if (value === NULL) return NULL_VALUE;
  if (value === undefined) return '';
  return typeof value === 'string'
    ? escapeText(value, syntax)
    : escapeText(value.formatted, syntax, 'formatted');
}
