/**
 * What `_text` and `_content` take (http://hl7.org/fhir/R4/search.html#content leaves it to the server):
 *
 *     expression = all { "OR" all }
 *     all        = one { ["AND"] one }
 *     one        = "NOT" one | "(" expression ")" | word ["*"] | '"' words '"' ["*"]
 *
 * Words that stand side by side must all occur, anywhere; in quotation marks, one after the other. With a star, the last
 * one is the beginning of a word. The operators are written in capitals; a comma means OR, as in every parameter.
 */
import { cutText } from '../../fhir/fold.ts';
import type { Clause } from '../../ports/query.ts';
import { unescape } from './escape.ts';
import { KEY_MAX } from './extract.ts';
import { invalid } from './refusal.ts';
import { STEM_MIN, wordsOf } from '../../fhir/words.ts';

/** The largest number of words and phrases of one value. */
const TERMS_MAX = 32;
/** The deepest nesting of parentheses and NOTs. */
const NESTING_MAX = 16;

type TextClause = Extract<Clause, { kind: 'text' }>;

/**
 * The clause of one value, which is still escaped.
 *
 * @throws OperationOutcomeError `search-value-invalid`
 */
export function parseTextQuery(name: string, within: TextClause['within'], value: string): Clause {
  const text = unescape(value);
  if (cutText(text, KEY_MAX) !== text) throw invalid(name, `at most ${KEY_MAX} characters`);
  const reading: Reading = { name, within, tokens: tokensOf(name, text), at: 0 };
  const clause = readAny(reading, 0);
  if (reading.at < reading.tokens.length) throw invalid(name, 'a parenthesis closes what was not opened');
  return clause;
}

type Token =
  | { readonly kind: '(' | ')' | 'AND' | 'OR' | 'NOT' }
  | { readonly kind: 'term'; readonly text: string; readonly starts: boolean };

interface Reading {
  readonly name: string;
  readonly within: TextClause['within'];
  readonly tokens: readonly Token[];
  at: number;
}

const TOKEN = /\s*(?:([()])|"([^"]*)"(\*?)|([^\s()"]+))/y;
const OPERATORS = ['AND', 'OR', 'NOT'] as const;

function tokensOf(name: string, text: string): readonly Token[] {
  const source = text.trimEnd();
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const found = TOKEN.exec(source);
    if (found === null)
      throw invalid(name, String.raw`a quotation mark is not closed; a comma is written \,`);
    tokens.push(tokenOf(found));
  }
  if (tokens.filter(({ kind }) => kind === 'term').length > TERMS_MAX)
    throw invalid(name, `at most ${TERMS_MAX} words and phrases`);
  return tokens;
}

function tokenOf([, parenthesis, phrase, star, bare = '']: RegExpExecArray): Token {
  if (parenthesis === '(' || parenthesis === ')') return { kind: parenthesis };
  if (phrase !== undefined) return { kind: 'term', text: phrase, starts: star === '*' };
  const operator = OPERATORS.find((one) => one === bare);
  if (operator !== undefined) return { kind: operator };
  return { kind: 'term', text: bare.replace(/\*$/, ''), starts: bare.endsWith('*') };
}

const next = ({ tokens, at }: Reading): Token['kind'] | undefined => tokens[at]?.kind;

function readAny(reading: Reading, depth: number): Clause {
  const of = [readAll(reading, depth)];
  while (next(reading) === 'OR') {
    reading.at += 1;
    of.push(readAll(reading, depth));
  }
  return together('any', of);
}

function readAll(reading: Reading, depth: number): Clause {
  const of = [readOne(reading, depth)];
  for (let kind = next(reading); kind !== undefined && kind !== 'OR' && kind !== ')'; kind = next(reading)) {
    if (kind === 'AND') reading.at += 1;
    of.push(readOne(reading, depth));
  }
  return together('all', of);
}

function readOne(reading: Reading, depth: number): Clause {
  const { name, tokens } = reading;
  if (depth > NESTING_MAX) throw invalid(name, `nested more than ${NESTING_MAX} deep`);
  const token = tokens[reading.at];
  reading.at += 1;
  if (token?.kind === 'term') return termOf(reading, token);
  if (token?.kind === 'NOT') return { kind: 'not', clause: readOne(reading, depth + 1) };
  if (token?.kind !== '(') throw invalid(name, 'a word or a phrase is missing');
  const inner = readAny(reading, depth + 1);
  if (next(reading) !== ')') throw invalid(name, 'a parenthesis is not closed');
  reading.at += 1;
  return inner;
}

function termOf({ name, within }: Reading, { text, starts }: Extract<Token, { kind: 'term' }>): Clause {
  const words = wordsOf(text);
  const last = words.at(-1);
  if (last === undefined) throw invalid(name, 'a word is made of letters and digits');
  if (starts && last.length < STEM_MIN)
    throw invalid(name, `a word with a star has at least ${STEM_MIN} characters`);
  return { kind: 'text', within, words, starts };
}

const together = (kind: 'all' | 'any', of: readonly Clause[]): Clause =>
  of.length === 1 && of[0] !== undefined ? of[0] : { kind, of };
