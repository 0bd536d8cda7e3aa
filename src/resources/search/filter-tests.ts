/**
 * `_filter` as a clause (http://hl7.org/fhir/R4/search_filter.html): every test is an ordinary parameter, or a
 * comparison with one value of it. "Values are never case sensitive" holds for strings; codes, uris and references are
 * compared as everywhere else.
 */
import { cutText, foldText } from '../../fhir/fold.ts';
import type { Clause, PartClause } from '../../ports/query.ts';
import { searchParameters, type SearchParameter } from '../search-parameters.ts';
import { STRING_MAX, type Kind } from './extract.ts';
import {
  escapedValue,
  MODIFIED,
  parseFilterExpression,
  type FilterExpression,
  type FilterStep,
} from './filter-expression.ts';
import { HOPS_MAX, MEANINGS_MAX, parseChain, parseFilter, sizeOf, type FilterOptions } from './filter.ts';
import { invalid, shownName, unsupported } from './refusal.ts';

/**
 * The clause of `_filter=text` for resources of `type`.
 *
 * @throws OperationOutcomeError search-value-invalid, search-parameter-unknown
 */
export function parseFilterParameter(type: string, text: string, options: FilterOptions): Clause {
  const clause = clauseOf(type, parseFilterExpression(text), options, 0);
  if (clause === undefined) throw unsupported('_filter', `${type} has not all of these parameters`);
  if (sizeOf(clause) > MEANINGS_MAX)
    throw unsupported('_filter', 'means too many things: name the type of each reference');
  return clause;
}

/** The clause of a test; undefined when the type has no such parameter. */
function clauseOf(
  type: string,
  filter: FilterExpression,
  options: FilterOptions,
  hops: number,
): Clause | undefined {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const [left, right] = [filter.left, filter.right].map((one) => clauseOf(type, one, options, hops));
      if (left === undefined || right === undefined) return undefined;
      return { kind: filter.kind === 'and' ? 'all' : 'any', of: [left, right] };
    }
    case 'not': {
      const clause = clauseOf(type, filter.filter, options, hops);
      return clause && { kind: 'not', clause };
    }
    default:
      return clauseOfPath(type, filter.path, filter, options, hops);
  }
}

type Test = Pick<Extract<FilterExpression, { kind: 'test' }>, 'operator' | 'value'>;

/**
 * A path of several steps is a chain. The conditions in brackets and the rest of the path are about the same resource.
 */
function clauseOfPath(
  type: string,
  path: readonly FilterStep[],
  test: Test,
  options: FilterOptions,
  hops: number,
): Clause | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return undefined;
  if (rest.length === 0) return clauseOfTest(type, step.name, test, options);
  if (hops >= HOPS_MAX) throw unsupported('_filter', `at most ${HOPS_MAX} hops`);
  return parseChain(type, step.name, '', options, (target) => {
    const own = clauseOfPath(target, rest, test, options, hops + 1);
    const beside = step.where && clauseOf(target, step.where, options, hops + 1);
    if (own === undefined || (step.where !== undefined && beside === undefined)) return undefined;
    const where: Clause = beside === undefined ? own : { kind: 'all', of: [beside, own] };
    return { where, key: JSON.stringify(where) };
  });
}

/** Operators that are a prefix of the value: dates, numbers and quantities have them. */
const PREFIXED: ReadonlySet<string> = new Set(['ne', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb']);
const INTERVALS: ReadonlySet<Kind> = new Set(['date', 'number', 'quantity']);

function clauseOfTest(type: string, name: string, test: Test, options: FilterOptions): Clause | undefined {
  const { operator, value } = test;
  if (name.includes(':')) throw invalid('_filter', `${shownName(name)}: a type is named only on the way`);
  if (operator === 'pr') return parseFilter(type, `${name}:missing`, missingOf(value), options);
  const parameter = searchParameters(type).get(name);
  if (parameter === undefined) return clauseOfSpecial(type, name, test, options);
  const { kind } = parameter;
  const modifier = kind === 'token' ? MODIFIED[operator] : undefined;
  if (modifier !== undefined) return parseFilter(type, `${name}:${modifier}`, escaped(value, kind), options);
  if (operator === 'po' && kind === 'date') return overlapping(parseFilter(type, name, value, options));
  if (PREFIXED.has(operator) && INTERVALS.has(kind))
    return parseFilter(type, name, operator + escaped(value, kind), options);
  if (kind === 'string') return clauseOfString(parameter, test);
  if (operator === 'eq' || (operator === 're' && kind === 'reference'))
    return parseFilter(type, name, escaped(value, kind), options);
  if (operator === 'ne') return otherThan(parameter, parseFilter(type, name, escaped(value, kind), options));
  if (WRITTEN.has(kind)) return clauseOfWritten(parameter, test);
  throw notFor(name, operator, kind);
}

const notFor = (name: string, operator: string, kind: Kind | 'special parameter'): Error =>
  unsupported('_filter', `${shownName(name)} ${operator}: not for a ${kind}`);

/** Parameters that are no search values of the resource, such as `_id`, `_lastUpdated` and `_text`. */
function clauseOfSpecial(
  type: string,
  name: string,
  { operator, value }: Test,
  options: FilterOptions,
): Clause | undefined {
  if (name === '_filter') throw unsupported('_filter', 'stands in no filter');
  const isTime = name === '_lastUpdated';
  if (operator !== 'eq' && !(isTime && PREFIXED.has(operator))) {
    if (name.startsWith('_')) throw notFor(name, operator, 'special parameter');
    return undefined;
  }
  return parseFilter(type, name, (operator === 'eq' ? '' : operator) + escaped(value, 'token'), options);
}

function missingOf(value: string): string {
  if (value !== 'true' && value !== 'false') throw invalid('_filter', 'pr takes true or false');
  return value === 'true' ? 'false' : 'true';
}

/** One value of an ordinary parameter: separators between values mean nothing here, those within a value do. */
const escaped = (value: string, kind: Kind): string =>
  kind === 'composite' ? value.replaceAll(/[,\\]/g, String.raw`\$&`) : escapedValue(value);

/** "True if a (implied) date period in the set overlaps with the implied period in the value." */
function overlapping(clause: Clause | undefined): Clause | undefined {
  if (clause?.kind !== 'range' || clause.prefix !== 'eq') throw invalid('_filter', 'po takes a date');
  return { ...clause, prefix: 'ap' };
}

const STRING_OPERATORS = { eq: 'equals', co: 'contains', sw: 'starts', ew: 'ends' } as const;

const isTextOperator = (operator: string): operator is keyof typeof STRING_OPERATORS =>
  Object.hasOwn(STRING_OPERATORS, operator);

function clauseOfString({ code, kind }: SearchParameter, { operator, value }: Test): Clause {
  const folded = foldText(value);
  if (folded === '') throw invalid('_filter', 'a text is missing');
  if (cutText(folded, STRING_MAX) !== folded)
    throw invalid('_filter', `at most ${STRING_MAX} characters of a text`);
  if (operator === 'ne')
    return { kind: 'other', clause: { kind: 'string', param: code, match: 'equals', value: folded } };
  if (!isTextOperator(operator)) throw notFor(code, operator, kind);
  return { kind: 'string', param: code, match: STRING_OPERATORS[operator], value: folded };
}

/** Kinds whose value is a text as written: the code of a token, a uri. */
const WRITTEN: ReadonlySet<Kind> = new Set(['token', 'uri']);

function clauseOfWritten({ code, kind }: SearchParameter, { operator, value }: Test): Clause {
  if (!isTextOperator(operator)) throw notFor(code, operator, kind);
  if (value === '') throw invalid('_filter', 'a text is missing');
  return { kind: 'string', param: code, match: STRING_OPERATORS[operator], value };
}

/** "An item in the set has an unequal value": there is a value, and one is another. */
function otherThan({ code, kind }: SearchParameter, clause: Clause | undefined): Clause | undefined {
  if (clause === undefined) return undefined;
  if (!isOfOneValue(clause)) throw notFor(code, 'ne', kind);
  return { kind: 'other', clause };
}

const ONE_VALUE: ReadonlySet<Clause['kind']> = new Set(['token', 'string', 'reference', 'uri', 'range']);
const isOfOneValue = (clause: Clause): clause is PartClause => ONE_VALUE.has(clause.kind);
