/**
 * What may be asked of a parameter: per kind the modifiers it allows, and for each how its values become a clause
 * (http://hl7.org/fhir/R4/search.html#modifiers). What has no row is refused: "Servers SHALL reject any search request
 * that contains a search parameter modifier that the server does not support for that parameter."
 */
import { cutText, foldText } from '../../fhir/fold.ts';
import { parseReference, relativeTo } from '../../fhir/reference.ts';
import type { Clause } from '../../ports/query.ts';
import { splitEscaped, unescape } from './escape.ts';
import { KEY_MAX, STRING_MAX, type Kind } from './extract.ts';
import { parseDateRange, parseNumberRange } from './range.ts';
import { invalid } from './refusal.ts';

/** What is asked, and in which surroundings. */
export interface Asked {
  /** The name as asked, for refusals. */
  readonly name: string;
  /** The parameter that is searched. */
  readonly param: string;
  /** The types a reference given as a bare id may point to. */
  readonly targets: readonly string[];
  /** Whether only `true` and `false` are values of it. */
  readonly truth: boolean;
  /** Our own base, by which absolute references are recognised as local. */
  readonly base: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Turns the values of one parameter, alternatives of each other and still escaped, into a clause. */
type Ask = (values: readonly string[], asked: Asked) => Clause;

export const MODIFIERS: Readonly<Record<Kind, Readonly<Record<string, Ask>>>> = {
  token: {
    '': each(askToken),
    not: (values, asked) => ({ kind: 'not', clause: each(askToken)(values, asked) }),
  },
  string: {
    '': each(askString('starts')),
    contains: each(askString('contains')),
    exact: each(askString('exact')),
  },
  reference: { '': askReferences, identifier: each(askIdentifier) },
  uri: { '': each(askUri('exact')), below: each(askUri('below')), above: each(askUri('above')) },
  date: { '': each(askDate) },
  number: { '': each(askNumber) },
};

/** `:missing` is for every kind. A reference that is logical only, known by its identifier, is there. */
export function askMissing(kind: Kind, values: readonly string[], { name, param }: Asked): Clause {
  const [value] = values;
  if (values.length !== 1 || (value !== 'true' && value !== 'false')) throw invalid(name, 'true or false');
  const missing = value === 'true';
  const own: Clause = { kind: 'missing', param, missing };
  if (kind !== 'reference') return own;
  const logical: Clause = { kind: 'missing', param: `${param}:identifier`, missing };
  return { kind: missing ? 'all' : 'any', of: [own, logical] };
}

/** One clause per value. */
function each(ask: (value: string, asked: Asked) => Clause): Ask {
  return (values, asked) => anyOf(values.map((value) => ask(value, asked)));
}

/** Any of these will do. */
export function anyOf(clauses: readonly Clause[]): Clause {
  const [only] = clauses;
  return clauses.length === 1 && only !== undefined ? only : { kind: 'any', of: clauses };
}

function askToken(value: string, { name, param, truth }: Asked): Clause {
  const parts = splitEscaped(value, '|')?.map((part) => readKey(name, part));
  if (parts === undefined || parts.length > 2) throw invalid(name, 'code, system|code, system| or |code');
  const [system, code] = parts.length === 1 ? [undefined, parts[0]] : parts;
  if (!system && !code) throw invalid(name, 'a code or a system is missing');
  if (truth && code !== 'true' && code !== 'false') throw invalid(name, 'true or false');
  return { kind: 'token', param, ...(code && { code }), ...(system !== undefined && { system }) };
}

/** The token of `Reference.identifier`, which is kept under a parameter of its own. */
function askIdentifier(value: string, asked: Asked): Clause {
  return askToken(value, { ...asked, param: `${asked.param}:identifier` });
}

function askString(match: 'starts' | 'contains' | 'exact') {
  return (value: string, { name, param }: Asked): Clause => {
    const text = unescape(value);
    if (cutText(text, STRING_MAX) !== text) throw invalid(name, `at most ${STRING_MAX} characters`);
    const folded = match === 'exact' ? text : cutText(foldText(text), STRING_MAX);
    if (folded === '') throw invalid(name, 'a text is missing');
    return { kind: 'string', param, match, value: folded };
  };
}

function askUri(match: 'exact' | 'below' | 'above') {
  return (value: string, { name, param }: Asked): Clause => ({
    kind: 'uri',
    param,
    match,
    value: readKey(name, value),
  });
}

function askDate(value: string, { name, param, now }: Asked): Clause {
  const range = parseDateRange(value, now);
  if (range === undefined)
    throw invalid(name, 'a date of the calendar such as 2026-11 or ge2026-11-22T09:00:00Z');
  return { kind: 'range', param, ...range };
}

function askNumber(value: string, { name, param }: Asked): Clause {
  const range = parseNumberRange(value);
  if (range === undefined) throw invalid(name, 'a number such as 5.40 or gt5, without a unit');
  return { kind: 'range', param, ...range };
}

function askReferences(values: readonly string[], asked: Asked): Clause {
  const to = values.flatMap((value) => readReference(value, asked));
  return { kind: 'reference', param: asked.param, to: [...new Set(to)] };
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

function readReference(value: string, { name, targets, base }: Asked): readonly string[] {
  const text = relativeTo(base, readKey(name, value));
  if (ID.test(text)) return targets.map((type) => `${type}/${text}`);
  const reference = parseReference(text);
  if (reference !== undefined && 'version' in reference) throw invalid(name, 'a reference without a version');
  switch (reference?.kind) {
    case 'local':
      return [reference.ref];
    case 'absolute':
      return [reference.url];
    case 'urn':
      return [reference.urn];
    default:
      throw invalid(name, 'an id, Type/id or an absolute address');
  }
}

function readKey(name: string, piece: string): string {
  const text = unescape(piece);
  if (cutText(text, KEY_MAX) !== text) throw invalid(name, `at most ${KEY_MAX} characters`);
  return text;
}
