/**
 * Splits XML 1.0 with namespaces into tokens (https://www.w3.org/TR/xml/, https://www.w3.org/TR/xml-names/), as much of
 * it as FHIR needs: elements, attributes, text, CDATA sections and comments. It takes no DOCTYPE, so there are no
 * entities and nothing comes from outside; it takes processing instructions only where the reader says so, and skips
 * them; names are ASCII. It refuses everything else, and everything is bounded.
 */
import { findNoCharacter, hasSoundReferences } from './characters.ts';
import { refuseXml } from './refuse.ts';

/** The largest number of attributes of one element; FHIR's have three, those of the narrative few more. */
const ATTRIBUTES_MAX = 64;

export interface Attribute {
  /** The name with its prefix. */
  readonly name: string;
  /** The text between the quotes, as written. */
  readonly raw: string;
  /** The whole attribute, from its name to its closing quote. */
  readonly start: number;
  readonly end: number;
}

export interface OpenTag {
  readonly kind: 'open';
  /** The prefix; empty when there is none. */
  readonly prefix: string;
  readonly name: string;
  readonly attributes: readonly Attribute[];
  /** Whether the element is `<a/>`, without a closing tag. */
  readonly empty: boolean;
  readonly start: number;
  readonly end: number;
}

export interface CloseTag {
  readonly kind: 'close';
  readonly prefix: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Text between tags: as written for text and comments, the inside of a CDATA section. */
interface TextRun {
  readonly kind: 'text' | 'cdata' | 'comment';
  readonly content: string;
}

export type Token = OpenTag | CloseTag | TextRun | { readonly kind: 'end' };

/** A text that is being read, and the position. */
export interface Scanner {
  readonly text: string;
  at: number;
  /** The elements around the position, by the names of the table. */
  readonly path: string[];
  /** Whether processing instructions are skipped like comments; otherwise the scanner refuses them. */
  readonly skipsInstructions: boolean;
}

const END: Token = { kind: 'end' };
const DECLARATION =
  /^<\?xml\s+version\s*=\s*(?:"1\.0"|'1\.0')(?:\s+encoding\s*=\s*(?:"[A-Za-z0-9._-]+"|'[A-Za-z0-9._-]+'))?(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>/;

/** Begins to read a text. Line ends become line feeds, as in every XML processor (XML 2.11). */
export function createScanner(source: string, { skipsInstructions = false } = {}): Scanner {
  const text = source.includes('\r') ? source.replaceAll(/\r\n?/g, '\n') : source;
  const scanner: Scanner = { text, at: findNoCharacter(text), path: [], skipsInstructions };
  if (scanner.at >= 0) refuseXml(scanner, 'this character may not stand in XML');
  scanner.at = DECLARATION.exec(text.slice(0, 256))?.[0].length ?? 0;
  return scanner;
}

/** The next token of the text. */
export function nextToken(scanner: Scanner): Token {
  const { text, at } = scanner;
  if (at >= text.length) return END;
  if (text[at] !== '<') return readText(scanner);
  switch (text[at + 1]) {
    case '/':
      return readClose(scanner);
    case '!':
      return readMarked(scanner);
    case '?':
      return readInstruction(scanner);
    default:
      return readOpen(scanner);
  }
}

function readText(scanner: Scanner): TextRun {
  const end = scanner.text.indexOf('<', scanner.at);
  const content = scanner.text.slice(scanner.at, end < 0 ? undefined : end);
  if (content.includes(']]>')) refuseXml(scanner, ']]> may not stand in text');
  if (!hasSoundReferences(content)) refuseXml(scanner, NO_REFERENCE);
  scanner.at += content.length;
  return { kind: 'text', content };
}

const NO_REFERENCE = 'an ampersand begins a character reference, or one of amp, lt, gt, quot and apos';

function readClose(scanner: Scanner): CloseTag {
  const start = scanner.at;
  scanner.at += 2;
  const [prefix, name] = splitName(readName(scanner));
  skipBlanks(scanner);
  if (scanner.text[scanner.at] !== '>') refuseXml(scanner, 'the closing tag does not end');
  scanner.at += 1;
  return { kind: 'close', prefix, name, start, end: scanner.at };
}

/** Reads a comment or a CDATA section. Everything else that begins like them belongs to a DOCTYPE. */
function readMarked(scanner: Scanner): TextRun {
  const { text, at } = scanner;
  if (text.startsWith('<!--', at)) return readComment(scanner);
  if (!text.startsWith('<![CDATA[', at))
    refuseXml(scanner, 'a DOCTYPE is not taken, nor what belongs to one');
  const end = text.indexOf(']]>', at);
  if (end < 0) refuseXml(scanner, 'the CDATA section does not end');
  scanner.at = end + 3;
  return { kind: 'cdata', content: text.slice(at + 9, end) };
}

function readComment(scanner: Scanner): TextRun {
  const { text, at } = scanner;
  const end = text.indexOf('--', at + 4);
  if (end < 0 || text[end + 2] !== '>') refuseXml(scanner, 'a comment ends with --> and holds no -- before');
  scanner.at = end + 3;
  return { kind: 'comment', content: text.slice(at, end + 3) };
}

/** Skips a processing instruction: nothing of it is kept or followed. */
function readInstruction(scanner: Scanner): TextRun {
  const { text, at, skipsInstructions } = scanner;
  if (!skipsInstructions) refuseXml(scanner, 'processing instructions are not taken');
  const end = text.indexOf('?>', at);
  if (end < 0) refuseXml(scanner, 'the processing instruction does not end');
  if (/^<\?xml[\s?]/i.test(text.slice(at, at + 6)))
    refuseXml(scanner, 'the XML declaration stands at the beginning');
  scanner.at = end + 2;
  return { kind: 'comment', content: '' };
}

function readOpen(scanner: Scanner): OpenTag {
  const start = scanner.at;
  scanner.at += 1;
  const [prefix, name] = splitName(readName(scanner));
  const attributes = readAttributes(scanner);
  const empty = scanner.text[scanner.at] === '/';
  if (empty) scanner.at += 1;
  if (scanner.text[scanner.at] !== '>') refuseXml(scanner, 'the tag does not end as one does');
  scanner.at += 1;
  return { kind: 'open', prefix, name, attributes, empty, start, end: scanner.at };
}

const NONE: readonly Attribute[] = [];

function readAttributes(scanner: Scanner): readonly Attribute[] {
  let attributes: Attribute[] | undefined;
  for (;;) {
    const blank = skipBlanks(scanner);
    const next = scanner.text[scanner.at];
    if (next === '>' || next === '/') return attributes ?? NONE;
    if (blank === 0) refuseXml(scanner, 'a blank is expected before an attribute');
    const attribute = readOneAttribute(scanner);
    attributes ??= [];
    if (attributes.some(({ name }) => name === attribute.name))
      refuseXml(scanner, 'an attribute stands here twice');
    if (attributes.push(attribute) > ATTRIBUTES_MAX)
      refuseXml(scanner, `an element has more than ${ATTRIBUTES_MAX} attributes`);
  }
}

function readOneAttribute(scanner: Scanner): Attribute {
  const { text } = scanner;
  const start = scanner.at;
  const name = readName(scanner);
  skipBlanks(scanner);
  if (text[scanner.at] !== '=') refuseXml(scanner, 'an attribute needs a value');
  scanner.at += 1;
  skipBlanks(scanner);
  const quote = text[scanner.at] ?? '';
  if (quote !== '"' && quote !== "'") refuseXml(scanner, 'the value of an attribute stands in quotes');
  const end = text.indexOf(quote, scanner.at + 1);
  if (end < 0) refuseXml(scanner, 'the value of an attribute does not end');
  const raw = text.slice(scanner.at + 1, end);
  if (raw.includes('<')) refuseXml(scanner, 'a < may not stand in an attribute');
  if (!hasSoundReferences(raw)) refuseXml(scanner, NO_REFERENCE);
  scanner.at = end + 1;
  return { name, raw, start, end: end + 1 };
}

/** Reads a name, with its prefix when there is one. */
function readName(scanner: Scanner): string {
  const { text, at } = scanner;
  if (!isNameStart(text.charCodeAt(at))) refuseXml(scanner, 'a name is expected');
  let end = at + 1;
  let colon = -1;
  for (; ; end += 1) {
    const code = text.charCodeAt(end);
    if (code === COLON && colon < 0 && isNameStart(text.charCodeAt(end + 1))) colon = end;
    else if (!isNamePart(code)) break;
  }
  scanner.at = end;
  return text.slice(at, end);
}

function splitName(qualified: string): readonly [prefix: string, name: string] {
  const colon = qualified.indexOf(':');
  return colon < 0 ? ['', qualified] : [qualified.slice(0, colon), qualified.slice(colon + 1)];
}

const COLON = 58;

/** Whether a character may begin a name: a letter or an underscore. */
function isNameStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}

/** Whether a character may follow in a name: also digits, hyphen and dot. */
function isNamePart(code: number): boolean {
  return isNameStart(code) || (code >= 48 && code <= 57) || code === 45 || code === 46;
}

/** Skips blanks, and returns their number. */
function skipBlanks(scanner: Scanner): number {
  const from = scanner.at;
  for (;;) {
    const code = scanner.text.charCodeAt(scanner.at);
    if (code !== 32 && code !== 10 && code !== 9) return scanner.at - from;
    scanner.at += 1;
  }
}
