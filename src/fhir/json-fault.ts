/**
 * Finds what is wrong with a JSON text, and where (RFC 8259, and FHIR's own demands). It runs only over suspect texts,
 * so it is written for clarity, not for speed. It never quotes the text, because values may name a patient.
 */

export interface JsonLimits {
  /** How deep objects and arrays may nest. */
  readonly depth: number;
}

export const JSON_LIMITS: JsonLimits = { depth: 64 };

export interface Fault {
  readonly why: string;
  /** The path of the place: `$.entry[2].resource`. */
  readonly path: string;
  /** Offset in the text, in UTF-16 units from 0. */
  readonly at: number;
}

/** The first fault of a text; undefined when it is sound. */
export function findFault(text: string, limits: JsonLimits): Fault | undefined {
  const reader: Reader = { text, at: 0, path: ['$'], limits };
  try {
    readValue(reader);
    if (reader.at < text.length) fail(reader, 'there is text after the end of the value');
    return undefined;
  } catch (error) {
    if (error instanceof Found) return error.fault;
    throw error;
  }
}

interface Reader {
  readonly text: string;
  readonly limits: JsonLimits;
  readonly path: string[];
  at: number;
}

class Found extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.why);
    this.fault = fault;
  }
}

function fail(reader: Reader, why: string): never {
  throw new Found({ why, path: reader.path.join(''), at: reader.at });
}

const WORDS = ['true', 'false', 'null'] as const;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const BLANK = /[ \t\n\r]*/y;

function readValue(reader: Reader): void {
  skipBlank(reader);
  const first = reader.text[reader.at];
  if (first === undefined) fail(reader, 'the text ends where a value is expected');
  if (first === '{') readObject(reader);
  else if (first === '[') readArray(reader);
  else if (first === '"') readString(reader);
  else readLiteral(reader);
  skipBlank(reader);
}

function readLiteral(reader: Reader): void {
  const word = WORDS.find((known) => reader.text.startsWith(known, reader.at));
  const length = word?.length ?? match(reader, NUMBER).length;
  if (length === 0) fail(reader, 'a value is expected here');
  reader.at += length;
}

function readObject(reader: Reader): void {
  descend(reader);
  const names = new Set<string>();
  for (let more = !ends(reader, '}'); more; more = goesOn(reader, '}')) {
    readMember(reader, names);
  }
  reader.at += 1;
}

function readMember(reader: Reader, names: Set<string>): void {
  skipBlank(reader);
  const start = reader.at;
  if (reader.text[start] !== '"') fail(reader, 'a property name in double quotes is expected');
  const name = readString(reader);
  const end = reader.at;
  reader.at = start;
  reader.path.push(PLAIN_NAME.test(name) ? `.${name}` : '[a name that is not an element]');
  if (name === '__proto__') fail(reader, 'the property name __proto__ is not allowed');
  if (names.has(name)) fail(reader, 'the property stands here a second time');
  names.add(name);
  reader.at = end;
  skipBlank(reader);
  if (reader.text[reader.at] !== ':') fail(reader, 'a colon is expected after the property name');
  reader.at += 1;
  readValue(reader);
  reader.path.pop();
}

/** Names that a message may quote: those of the shape that FHIR's own names have. */
const PLAIN_NAME = /^_{0,2}[A-Za-z][A-Za-z0-9]{0,63}_{0,2}$/;

function readArray(reader: Reader): void {
  descend(reader);
  let index = 0;
  for (let more = !ends(reader, ']'); more; more = goesOn(reader, ']')) {
    reader.path.push(`[${index}]`);
    readValue(reader);
    reader.path.pop();
    index += 1;
  }
  reader.at += 1;
}

/** Enters an object or array and checks the depth of nesting. */
function descend(reader: Reader): void {
  if (reader.path.length > reader.limits.depth)
    fail(reader, `it is nested deeper than ${reader.limits.depth} levels`);
  reader.at += 1;
}

function ends(reader: Reader, close: string): boolean {
  skipBlank(reader);
  return reader.text[reader.at] === close;
}

/** After a member, passes over a comma and goes on, or ends at `close`. */
function goesOn(reader: Reader, close: string): boolean {
  if (ends(reader, close)) return false;
  if (reader.text[reader.at] !== ',') fail(reader, `a comma or ${close} is expected`);
  reader.at += 1;
  return true;
}

function readString(reader: Reader): string {
  const { text } = reader;
  const start = reader.at;
  for (reader.at += 1; text[reader.at] !== '"'; reader.at += 1) {
    if (reader.at >= text.length) fail(reader, 'the text ends inside a string');
    if (text.charCodeAt(reader.at) < 0x20)
      fail(reader, 'a control character stands in a string; write it escaped');
    if (text[reader.at] === '\\')
      reader.at += match(reader, ESCAPE).length || fail(reader, 'an unknown escape');
  }
  reader.at += 1;
  const value = String(JSON.parse(text.slice(start, reader.at)));
  if (!value.isWellFormed()) fail(reader, 'half of a surrogate pair stands alone in a string');
  return value;
}

/** An escape without its last character. */
const ESCAPE = /\\(?=["\\/bfnrt])|\\u[0-9a-fA-F]{3}(?=[0-9a-fA-F])/y;

function match(reader: Reader, pattern: RegExp): string {
  pattern.lastIndex = reader.at;
  return pattern.exec(reader.text)?.[0] ?? '';
}

function skipBlank(reader: Reader): void {
  reader.at += match(reader, BLANK).length;
}
