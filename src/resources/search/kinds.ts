/**
 * The modifiers of each kind of parameter, and the clause that each makes of its values
 * (http://hl7.org/fhir/R4/search.html#modifiers). The server refuses a modifier without a row: "Servers SHALL reject
 * any search request that contains a search parameter modifier that the server does not support for that parameter."
 */
import { cutText, foldText } from '../../fhir/fold.ts';
import { parseReference, relativeTo } from '../../fhir/reference.ts';
import type { Clause, PartClause } from '../../ports/query.ts';
import { askAbove, askBelow, askIn } from './ask-terms.ts';
import { askIdentifier, askOfType, askToken, readKey } from './ask-token.ts';
import { alternativesOf, anyClause, each, type Ask, type ParameterRequest } from './parameter-request.ts';
import { hasDisplay } from './display.ts';
import { splitEscaped, unescape } from './escape.ts';
import { STRING_MAX, type Kind } from './extract.ts';
import { aboveClause, belowClause, parentOf } from './hierarchy.ts';
import { askNear } from './near.ts';
import { askedDatatypes, type Component } from './parameter.ts';
import { unitSuffix } from './quantity.ts';
import { parseDateRange, parseNumberRange } from './range.ts';
import { invalid, unsupported } from './refusal.ts';

export { anyClause, type ParameterRequest } from './parameter-request.ts';

export const MODIFIERS: Readonly<Record<Kind, Readonly<Record<string, Ask>>>> = {
  token: {
    '': each(askToken),
    not: (values, asked) => ({ kind: 'not', clause: each(askToken)(values, asked) }),
    'of-type': each(askOfType),
    text: each(askDisplay),
    in: each(askIn),
    'not-in': (values, asked) => ({ kind: 'not', clause: each(askIn)(values, asked) }),
    below: each(askBelow),
    above: each(askAbove),
  },
  string: {
    '': each(askString('starts')),
    contains: each(askString('contains')),
    exact: each(askString('exact')),
  },
  reference: {
    '': askReferences,
    identifier: each(askIdentifier),
    below: each(askHierarchy(belowClause)),
    above: each(askHierarchy(aboveClause)),
  },
  uri: { '': each(askUri('exact')), below: each(askUri('below')), above: each(askUri('above')) },
  date: { '': each(askDate) },
  number: { '': each(askNumber) },
  quantity: { '': each(askQuantity) },
  composite: { '': each(askTuple) },
  near: { '': each(askNear) },
};

/** `:missing` is for every kind. A logical reference, known only by its identifier, counts as present. */
export function askMissing(kind: Kind, values: readonly string[], { name, param }: ParameterRequest): Clause {
  const missing = readMissing(name, values);
  const own: Clause = { kind: 'missing', param, missing };
  if (kind !== 'reference') return own;
  const logical: Clause = { kind: 'missing', param: `${param}:identifier`, missing };
  return { kind: missing ? 'all' : 'any', of: [own, logical] };
}

/** The value of `:missing`. */
export function readMissing(name: string, values: readonly string[]): boolean {
  const [value] = values;
  if (values.length !== 1 || (value !== 'true' && value !== 'false')) throw invalid(name, 'true or false');
  return value === 'true';
}

function askString(match: 'starts' | 'contains' | 'exact') {
  return (value: string, { name, param }: ParameterRequest): Clause => {
    const text = unescape(value);
    if (cutText(text, STRING_MAX) !== text) throw invalid(name, `at most ${STRING_MAX} characters`);
    const folded = match === 'exact' ? text : cutText(foldText(text), STRING_MAX);
    if (folded === '') throw invalid(name, 'a text is missing');
    return { kind: 'string', param, match, value: folded };
  };
}

function askDisplay(value: string, { name, param, datatypes }: ParameterRequest): Clause {
  if (!hasDisplay(datatypes)) throw unsupported(name, 'its values have no text beside the code');
  const text = unescape(value);
  if (cutText(text, STRING_MAX) !== text) throw invalid(name, `at most ${STRING_MAX} characters`);
  const folded = cutText(foldText(text), STRING_MAX);
  if (folded === '') throw invalid(name, 'a text is missing');
  return { kind: 'display', param, value: folded };
}

/** "The :above and :below modifiers only apply to URLs, and not URNs such as OIDs." */
function askUri(match: 'exact' | 'below' | 'above') {
  return (value: string, { name, param }: ParameterRequest): Clause => {
    const uri = readKey(name, value);
    if (match !== 'exact' && uri.startsWith('urn:')) throw invalid(name, 'a URL; a urn has no parts');
    return { kind: 'uri', param, match, value: uri };
  };
}

function askDate(value: string, { name, param, now }: ParameterRequest): Clause {
  const range = parseDateRange(value, now);
  if (range === undefined)
    throw invalid(name, 'a date of the calendar such as 2026-11 or ge2026-11-22T09:00:00Z');
  return { kind: 'range', param, ...range };
}

function askNumber(value: string, { name, param }: ParameterRequest): Clause {
  const range = parseNumberRange(value);
  if (range === undefined) throw invalid(name, 'a number such as 5.40 or gt5, without a unit');
  return { kind: 'range', param, ...range, points: true };
}

/** `[prefix][number]|[system]|[code]`, `[prefix][number]||[code]` or `[prefix][number]`. */
function askQuantity(value: string, { name, param }: ParameterRequest): Clause {
  const parts = splitEscaped(value, '|')?.map((part) => readKey(name, part)) ?? [];
  const [number = '', system = '', code = ''] = parts;
  const range = parseNumberRange(number);
  const named = parts.length === 3 && (system === '' || code !== '');
  if (range === undefined || (parts.length !== 1 && !named))
    throw invalid(
      name,
      'number, number|system|code or number||unit, such as gt5.4|http://unitsofmeasure.org|mg',
    );
  const suffix = code === '' ? '' : unitSuffix({ system, code });
  return { kind: 'range', param: `${param}${suffix}`, ...range, points: true };
}

/** `code$value`: "the composite parameter's values are joined by a $", each with a prefix where its type has them. */
function askTuple(value: string, asked: ParameterRequest): Clause {
  const { name, param, components } = asked;
  const pieces = splitEscaped(value, '$') ?? [];
  if (pieces.length !== components.length || pieces.includes(''))
    throw invalid(name, `${components.length} values with $ between them`);
  let tuples: readonly (readonly PartClause[])[] = [[]];
  for (const [index, component] of components.entries()) {
    const ways = waysOf(component, pieces[index] ?? '', asked);
    tuples = tuples.flatMap((tuple) => ways.map((way) => [...tuple, way]));
  }
  return anyClause(
    tuples.map((of) => {
      const tuple: Clause = { kind: 'tuple', param, of };
      const alone = aloneOf(of, components);
      return alone.length === 0 ? tuple : { kind: 'all', of: [tuple, ...alone] };
    }),
  );
}

/** Conditions that every resource with such a tuple meets: the components after the first, each by itself. */
const aloneOf = (of: readonly PartClause[], components: readonly Component[]): readonly Clause[] =>
  of.flatMap((part, index) => {
    const alone = index === 0 ? undefined : components[index]?.alone;
    return alone === undefined ? [] : [{ ...part, param: `${alone}${part.param}` }];
  });

function waysOf(
  { kind, paths, targets }: Component,
  piece: string,
  asked: ParameterRequest,
): readonly PartClause[] {
  const ask = MODIFIERS[kind][''];
  const datatypes = askedDatatypes(paths);
  const part: ParameterRequest = {
    ...asked,
    param: '',
    datatypes,
    targets: targets ?? [],
    truth: false,
    components: [],
  };
  return alternativesOf(ask?.([piece], part) ?? anyClause([])).filter(isPart);
}

const PARTS: ReadonlySet<string> = new Set(['token', 'string', 'reference', 'uri', 'range']);
const isPart = (clause: Clause): clause is PartClause => PARTS.has(clause.kind);

function askReferences(values: readonly string[], asked: ParameterRequest): Clause {
  const to = values.flatMap((value) => readReference(value, asked));
  return { kind: 'reference', param: asked.param, to: [...new Set(to)] };
}

/** Those of the types to which a bare id may point that have a hierarchy. */
function askHierarchy(walk: typeof belowClause) {
  return (value: string, asked: ParameterRequest): Clause => {
    const within = readReference(value, asked).flatMap((ref) => {
      const [type = ''] = ref.split('/', 1);
      const parent = parentOf(type);
      return parent === undefined ? [] : [walk(asked.param, ref, type, parent)];
    });
    if (within.length === 0) throw unsupported(asked.name, 'refers to nothing that is part of its like');
    return anyClause(within);
  };
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

function readReference(value: string, { name, targets, base }: ParameterRequest): readonly string[] {
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
