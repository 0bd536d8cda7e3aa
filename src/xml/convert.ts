/**
 * Converts JSON texts, as the server stores and sends them, to XML. It takes a Bundle apart by its entries, so that
 * memory never holds more than one of its resources as a tree.
 */
import { keepLiteral } from '../fhir/literal.ts';
import type { Resource } from '../fhir/types.ts';
import { createWriter, encodeXml, writeBundle } from './encode.ts';

/**
 * The XML of a resource.
 *
 * @param text the JSON text of one resource
 * @throws OperationOutcomeError `xml-inexpressible`
 */
export function convertToXml(text: string, pretty = false): string {
  const parts = cutBundle(text);
  if (parts === undefined) return encodeXml(parse(text), { pretty });
  const writer = createWriter(pretty);
  writeBundle(writer, parse(parts.around), entriesOf(text, parts.entries));
  return writer.text;
}

/** The storing tree of a text that the server checked when it arrived, or made itself. */
function parse(text: string): Resource {
  return (LITERALS.test(text) ? JSON.parse(text, keepLiteral) : JSON.parse(text)) as Resource; // only resources are sent
}

/** Matches numbers that may lose their literal: with a fraction, an exponent, many digits, or a minus sign. */
const LITERALS = /[:[,]\s*(?:-|\d{16}|\d{1,15}[.eE])/;

function* entriesOf(text: string, entries: readonly Span[]): Generator {
  for (const { start, end } of entries) yield parse(text.slice(start, end));
}

interface Span {
  readonly start: number;
  readonly end: number;
}

interface Cut {
  /** The text of a Bundle without its entries. */
  readonly around: string;
  readonly entries: readonly Span[];
}

const BUNDLE = /^\{"resourceType":"Bundle"/;
const ENTRY = '"entry":[';

/**
 * The entries of a Bundle's text as this server makes it, without blanks between its parts; undefined for any other
 * layout.
 */
function cutBundle(text: string): Cut | undefined {
  if (!BUNDLE.test(text)) return undefined;
  const entries: Span[] = [];
  let level = 0;
  let list = -1;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const mark = text.charCodeAt(at);
    if (mark === QUOTE) {
      if (level === 1 && list < 0 && text.startsWith(ENTRY, at)) {
        list = at;
        at += ENTRY.length - 1;
        level += 1;
      } else at = endOfString(text, at);
    } else if (mark === OBJECT || mark === ARRAY) {
      if (list >= 0 && level === 2) start = at;
      level += 1;
    } else if (mark === OBJECT + CLOSING || mark === ARRAY + CLOSING) {
      level -= 1;
      if (list >= 0 && level === 2) entries.push({ start, end: at + 1 });
      else if (list >= 0 && level === 1) return { around: joinAround(text, list, at + 1), entries };
    }
  }
  return undefined;
}

const QUOTE = 34;
const ARRAY = 91;
const OBJECT = 123;
/** The code of a closing bracket is that of its opening one and this. */
const CLOSING = 2;

/** The text before and after the list of entries, with at most one comma between them. */
function joinAround(text: string, start: number, end: number): string {
  const before = text.slice(0, start).replace(/,$/, '');
  return before + text.slice(end);
}

/** The place of the closing quote of the string that opens at `at`. */
function endOfString(text: string, at: number): number {
  let end = at;
  do {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
  } while (isEscaped(text, end));
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
}
