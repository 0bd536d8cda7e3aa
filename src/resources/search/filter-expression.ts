/**
 * The language of `_filter` (http://hl7.org/fhir/R4/search_filter.html), read into a tree:
 *
 *     filter    = one { ("and" | "or") one }        from left to right, without precedence
 *     one       = "not" "(" filter ")" | "(" filter ")" | path SP operator SP value
 *     path      = name [ "[" filter "]" "." path | "." path ]
 *     value     = JSON string | token without spaces, ")" and "]"
 *
 * A name may say the type of its reference, as in chains: `subject:Patient.name`. Bounded in length, depth and tests.
 */
import { invalid } from './refusal.ts';

export const OPERATORS: readonly string[] = 'eq ne co sw ew gt lt ge le ap sa eb pr po ss sb in re'.split(
  ' ',
);

export type FilterExpression =
  | { readonly kind: 'and' | 'or'; readonly left: FilterExpression; readonly right: FilterExpression }
  | { readonly kind: 'not'; readonly filter: FilterExpression }
  | {
      readonly kind: 'test';
      readonly path: readonly FilterStep[];
      readonly operator: string;
      readonly value: string;
    };

export interface FilterStep {
  readonly name: string;
  /** The conditions on the resource at this step. */
  readonly where?: FilterExpression;
}

/** The largest number of characters of an expression. */
const FILTER_MAX = 4096;
/** The largest number of tests of an expression. */
const TESTS_MAX = 50;
/** The deepest nesting of parentheses and brackets. */
const FILTER_NESTING_MAX = 16;

/**
 * Operators that are a modifier of the parameter under another name: a code's `:below` are the codes that it subsumes.
 */
export const MODIFIED: Readonly<Record<string, string>> = { ss: 'below', sb: 'above', in: 'in' };

/** The tests of an expression that need terminology, as pairs of a query: `code:in` and the value. */
export function termTestsOf(text: string): readonly (readonly [name: string, value: string])[] {
  const pairs: (readonly [string, string])[] = [];
  const visit = (filter: FilterExpression): void => {
    if (filter.kind === 'not') visit(filter.filter);
    else if (filter.kind !== 'test') [filter.left, filter.right].forEach(visit);
    else {
      for (const { where } of filter.path) if (where !== undefined) visit(where);
      const modifier = MODIFIED[filter.operator];
      const name = filter.path.at(-1)?.name ?? '';
      if (modifier !== undefined) pairs.push([`${name}:${modifier}`, escapedValue(filter.value)]);
    }
  };
  visit(parseFilterExpression(text));
  return pairs;
}

/** A value of an expression as one value of a parameter: separators of values mean nothing in it. */
export const escapedValue = (value: string): string => value.replaceAll(/[,$\\]/g, String.raw`\$&`);

interface Reading {
  readonly text: string;
  at: number;
  depth: number;
  tests: number;
}

const NAME = /[A-Za-z_][\w-]*(?::[A-Z][A-Za-z]*)?/y;
const WORD = /[a-z]+(?![\w-])/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;
const TOKEN = /[^\s)\]]+/y;
const SPACES = /\s*/y;

const wrong = (why: string): Error => invalid('_filter', why);

/**
 * Reads an expression.
 *
 * @throws OperationOutcomeError search-value-invalid, with the expected text and the place
 */
export function parseFilterExpression(text: string): FilterExpression {
  if (text.length > FILTER_MAX) throw wrong(`at most ${FILTER_MAX} characters`);
  const reading: Reading = { text, at: 0, depth: 0, tests: 0 };
  const filter = readFilter(reading);
  skip(reading);
  if (reading.at < text.length) throw expected(reading, '"and" or "or"');
  return filter;
}

const expected = ({ at }: Reading, what: string): Error => wrong(`${what} expected at character ${at + 1}`);

function readFilter(reading: Reading): FilterExpression {
  let filter = readOne(reading);
  for (let word = peekWord(reading); word === 'and' || word === 'or'; word = peekWord(reading)) {
    reading.at += word.length;
    filter = { kind: word, left: filter, right: readOne(reading) };
  }
  return filter;
}

function readOne(reading: Reading): FilterExpression {
  skip(reading);
  if (next(reading) === '(') return readNested(reading, ')');
  const from = reading.at;
  if (take(reading, WORD) === 'not') {
    skip(reading);
    if (next(reading) === '(') return { kind: 'not', filter: readNested(reading, ')') };
  }
  reading.at = from;
  return readTest(reading);
}

/** Reads the inside of the parentheses or brackets that come next. */
function readNested(reading: Reading, closing: ')' | ']'): FilterExpression {
  reading.depth += 1;
  if (reading.depth > FILTER_NESTING_MAX) throw wrong(`nested more than ${FILTER_NESTING_MAX} deep`);
  reading.at += 1;
  const filter = readFilter(reading);
  skip(reading);
  if (next(reading) !== closing) throw expected(reading, `"${closing}"`);
  reading.at += 1;
  reading.depth -= 1;
  return filter;
}

function readTest(reading: Reading): FilterExpression {
  reading.tests += 1;
  if (reading.tests > TESTS_MAX) throw wrong(`at most ${TESTS_MAX} tests`);
  const path = readPath(reading);
  skip(reading);
  const operator = take(reading, WORD) ?? '';
  if (!OPERATORS.includes(operator)) throw expected(reading, 'an operator such as eq, co or ge');
  skip(reading);
  return { kind: 'test', path, operator, value: readValue(reading) };
}

function readPath(reading: Reading): readonly FilterStep[] {
  const path: FilterStep[] = [];
  for (;;) {
    const name = take(reading, NAME);
    if (name === undefined) throw expected(reading, 'a parameter');
    const where = next(reading) === '[' ? readNested(reading, ']') : undefined;
    path.push(where === undefined ? { name } : { name, where });
    if (next(reading) === '.') reading.at += 1;
    else if (where !== undefined) throw expected(reading, '"."');
    else return path;
  }
}

function readValue(reading: Reading): string {
  if (next(reading) !== '"') {
    const token = take(reading, TOKEN);
    if (token === undefined) throw expected(reading, 'a value');
    return token;
  }
  const quoted = take(reading, STRING);
  if (quoted === undefined) throw wrong('a quotation mark is not closed');
  try {
    return JSON.parse(quoted) as string; // the pattern is that of a JSON string
  } catch {
    throw expected(reading, 'a JSON string');
  }
}

const next = ({ text, at }: Reading): string | undefined => text[at];

function take(reading: Reading, pattern: RegExp): string | undefined {
  pattern.lastIndex = reading.at;
  const found = pattern.exec(reading.text)?.[0];
  if (found !== undefined) reading.at += found.length;
  return found;
}

const skip = (reading: Reading): void => void take(reading, SPACES);

function peekWord(reading: Reading): string | undefined {
  skip(reading);
  const from = reading.at;
  const word = take(reading, WORD);
  reading.at = from;
  return word;
}
