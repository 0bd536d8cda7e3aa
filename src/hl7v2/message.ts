/**
 * A message in ER7, "vertical bar" encoding (HL7 v2.5.1, chapter 2): text ⇄ model. The model keeps every value as sent,
 * with its escapes, so that a parsed message encodes back byte for byte; the readers below return plain text.
 * Everything is counted as HL7 counts it, from 1; MSH-1 is the field separator and MSH-2 the encoding characters.
 */
import { asLatin1, AT_CHARSET, charsetNamed, decode, readCharset, type Charset } from './charset.ts';
import { isHeader, readDelimiters } from './delimiters.ts';
import { unescapeText, type Syntax } from './escape.ts';
import { Hl7Fault } from './fault.ts';
import { eachLine, firstLine, prefixOf } from './lines.ts';

export interface Message {
  readonly syntax: Syntax;
  /** The text before MSH: a byte order mark, or blank lines. */
  readonly prefix: string;
  /** MSH is the first. */
  readonly segments: readonly Segment[];
}

export interface Segment {
  /** `PID` */
  readonly name: string;
  /** The fields as sent: the name at 0, field 1 at 1. */
  readonly fields: readonly string[];
  /** The line end, usually one CR, with the blank lines after it. */
  readonly end: string;
  readonly syntax: Syntax;
}

/** One repetition of a field, or a component of one: its text as sent, and the separators of its parts. */
export interface Composite {
  readonly raw: string;
  /** Empty when nothing divides the text any further. */
  readonly separator: string;
  readonly syntax: Syntax;
}

/** The null (2.5.3): "delete what you have". An empty value says nothing. */
export const NULL_VALUE = '""';

/**
 * A text as a message. Segments end with CR or CR LF. A lone LF ends them only in a text whose first line ends with LF;
 * otherwise it is part of a value. `charset` is the result of {@link decodeMessage}, else that of MSH-18: `\X..\` is in
 * it. Throws {@link Hl7Fault} when the text is no message.
 */
export function parseMessage(source: string, charset?: Charset): Message {
  const prefix = prefixOf(source);
  if (!source.startsWith('MSH', prefix.length)) throw new Hl7Fault('100', 'the first segment is not MSH');
  const delimiters = readDelimiters(firstLine(source, prefix.length));
  const syntax = { ...delimiters, charset: charset ?? 'UNICODE UTF-8' };
  const segments: Segment[] = [];
  for (const { text: line, end } of eachLine(source, prefix.length)) {
    segments.push(parseSegment(line, syntax, end));
    checkLast(segments);
  }
  syntax.charset = charset ?? charsetOf(segments[0]) ?? syntax.charset;
  return { syntax, prefix, segments };
}

/** One line as a segment. `end` is its line end. */
export function parseSegment(line: string, syntax: Syntax, end = '\r'): Segment {
  const fields = line.split(syntax.field);
  const name = fields[0] ?? '';
  if (isHeader(name)) fields.splice(1, 0, syntax.field);
  return { name, fields, end, syntax };
}

/** The message as text; for a parsed message the same text. */
export function encodeMessage(message: Message): string {
  return message.prefix + message.segments.map((segment) => encodeSegment(segment) + segment.end).join('');
}

/** One segment as text, without its line end. */
export function encodeSegment({ name, fields, syntax }: Segment): string {
  if (!isHeader(name)) return fields.join(syntax.field);
  return name + syntax.field + fields.slice(2).join(syntax.field);
}

/**
 * Bytes as text by their MSH-18, or by the link's character set when MSH-18 is empty. A byte order mark means UTF-8.
 * Throws {@link Hl7Fault} for an unknown character set, and for bytes that are not in it: no byte is ever replaced.
 */
export function decodeMessage(
  bytes: Uint8Array,
  defaultCharset: Charset = 'UNICODE UTF-8',
): { readonly text: string; readonly charset: Charset } {
  const announced = announcedCharset(bytes);
  const charset = announced ?? defaultCharset;
  const decoded = decode(bytes, charset);
  if (decoded === undefined) {
    const says = `some bytes are not ${charset}`;
    const why = announced === undefined ? `${says}, which the link has for messages without MSH-18` : says;
    throw new Hl7Fault('102', why, AT_CHARSET);
  }
  return { text: decoded, charset };
}

/** All segments of a name, in order. */
export const segmentsNamed = (message: Message, name: string): readonly Segment[] =>
  message.segments.filter((segment) => segment.name === name);

/** The first segment of a name. */
export const firstSegment = (message: Message, name: string): Segment | undefined =>
  message.segments.find((segment) => segment.name === name);

/** A whole field as sent; empty when it is absent. */
export const field = (segment: Segment, n: number): string => segment.fields[n] ?? '';

/** The repetitions of a field, none when it is empty. */
export function repetitions(segment: Segment, n: number): readonly Composite[] {
  const raw = field(segment, n);
  if (raw === '') return [];
  const { syntax } = segment;
  if (isDelimiterField(segment, n)) return [{ raw, separator: '', syntax }];
  const parts = syntax.repetition === '' ? [raw] : raw.split(syntax.repetition);
  return parts.map((part) => ({ raw: part, separator: syntax.component, syntax }));
}

/**
 * The plain text of one value; undefined when it is empty, {@link NULL_VALUE} when it is null. A place that the caller
 * leaves out is the first: `text(orc, 2)` is the first component of the first repetition, because a type that gained
 * components keeps its old meaning in the first (2.8.2). For free text use {@link wholeText}.
 */
export function text(
  segment: Segment,
  n: number,
  repetition = 1,
  componentNumber = 1,
  subcomponent = 1,
): string | undefined {
  const { syntax } = segment;
  if (isDelimiterField(segment, n)) return field(segment, n);
  const one = nth(field(segment, n), syntax.repetition, repetition);
  const part = nth(nth(one, syntax.component, componentNumber), syntax.subcomponent, subcomponent);
  return part === '' ? undefined : unescapeText(part, syntax);
}

/** The plain text of a whole repetition, for fields of free text (ST, TX, FT), where a sender may forget to escape. */
export function wholeText(segment: Segment, n: number, repetition = 1): string | undefined {
  const { syntax } = segment;
  if (isDelimiterField(segment, n)) return field(segment, n);
  const one = nth(field(segment, n), syntax.repetition, repetition);
  return one === '' ? undefined : unescapeText(one, syntax);
}

/** Whether a whole field is the null. */
export const isNull = (segment: Segment, n: number): boolean => field(segment, n) === NULL_VALUE;

/** The nth part: a component of a repetition, or a subcomponent of a component. */
export function component({ raw, separator, syntax }: Composite, n: number): Composite {
  const inner = separator === syntax.component ? syntax.subcomponent : '';
  return { raw: nth(raw, separator, n), separator: inner, syntax };
}

/**
 * The plain text of the nth part, as {@link text} returns it. The first part counts when it is divided further. Null is
 * absent.
 */
export function componentText(composite: Composite, n: number): string | undefined {
  const part = component(composite, n);
  return plain(nth(part.raw, part.separator, 1), composite.syntax);
}

/** The plain text of the whole nth part, for components of free text. Null is absent. */
export const wholeComponentText = (composite: Composite, n: number): string | undefined =>
  plain(component(composite, n).raw, composite.syntax);

const plain = (raw: string, syntax: Syntax): string | undefined =>
  raw === '' || raw === NULL_VALUE ? undefined : unescapeText(raw, syntax);

/** Whether a field is divided at all: MSH-1 and MSH-2 are not. */
const isDelimiterField = ({ name }: Segment, n: number): boolean => n <= 2 && isHeader(name);

/** The nth part of a text, from 1. The rest is not divided, because a field may have many megabytes. */
function nth(raw: string, separator: string, n: number): string {
  if (separator === '') return n === 1 ? raw : '';
  let start = 0;
  for (let passed = 1; passed < n; passed += 1) {
    start = raw.indexOf(separator, start) + 1;
    if (start === 0) return '';
  }
  const end = raw.indexOf(separator, start);
  return end === -1 ? raw.slice(start) : raw.slice(start, end);
}

const NAME = /^[A-Z][A-Z0-9]{2}$/;

/** A name that the last segment must have, before any further line is looked at. */
function checkLast(segments: readonly Segment[]): void {
  const index = segments.length - 1;
  const { name = '', fields = [], syntax } = segments[index] ?? {};
  if (!NAME.test(name)) {
    const before = segments[index - 1]?.name ?? 'MSH';
    throw new Hl7Fault('100', `the line after this segment, line ${index + 1}, is not a segment`, {
      segment: before,
      segmentIndex: occurrence(segments, index - 1, before),
    });
  }
  if (index > 0 && isHeader(name))
    throw new Hl7Fault('100', 'a header segment in the middle: this is a batch, or two messages', {
      segment: name,
      segmentIndex: occurrence(segments, index, name),
    });
  const many = fields.findIndex((value, n) => repeatsTooOften(value, name, n, syntax));
  if (many !== -1)
    throw new Hl7Fault('102', `a field repeats at most ${REPETITIONS_MAX} times`, {
      segment: name,
      segmentIndex: occurrence(segments, index, name),
      field: many,
    });
}

/** The largest number of repetitions of a field that are read. */
const REPETITIONS_MAX = 20_000;
/** Fields whose repetitions are lines of text, of which there may be many. */
const TEXTS: ReadonlySet<string> = new Set(['NTE-3', 'OBX-5']);

function repeatsTooOften(value: string, name: string, n: number, syntax: Syntax | undefined): boolean {
  const separator = syntax?.repetition ?? '';
  if (value.length <= REPETITIONS_MAX || separator === '' || TEXTS.has(`${name}-${n}`)) return false;
  let count = 0;
  for (let at = value.indexOf(separator); at !== -1; at = value.indexOf(separator, at + 1)) count += 1;
  return count >= REPETITIONS_MAX;
}

const occurrence = (segments: readonly Segment[], until: number, name: string): number =>
  segments.slice(0, until + 1).filter((segment) => segment.name === name).length;

const charsetOf = (msh: Segment | undefined): Charset | undefined =>
  charsetNamed((msh === undefined ? undefined : text(msh, 18)) ?? '');

const UTF8_MARK = '\xef\xbb\xbf';

/** MSH as text. The line is ASCII in every character set of the table. */
function announcedCharset(bytes: Uint8Array): Charset | undefined {
  const head = asLatin1(bytes.subarray(0, HEADER_BYTES_MAX));
  if (head.startsWith(UTF8_MARK)) return 'UNICODE UTF-8';
  const start = head.indexOf('MSH');
  if (start === -1) return undefined;
  const [line = ''] = head.slice(start).split(/[\r\n]/, 1);
  const fields = line.split(line.charAt(3));
  const [name = ''] = (fields[17] ?? '').split(fields[1]?.charAt(1) ?? '~');
  return name === '' ? undefined : readCharset(name);
}

/** The longest MSH that is read: twenty-five fields of names, codes and a time. */
const HEADER_BYTES_MAX = 16_384;
