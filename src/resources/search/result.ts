/** Result parameters: those about the reply and not about resources (http://hl7.org/fhir/R4/search.html#return). */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { SortKey } from '../../ports/query.ts';
import { R4_TYPES, searchParameters } from '../search-parameters.ts';
import type { Kind } from './extract.ts';
import { isFollowed } from './parameter.ts';
import { invalid, shownName, unsupported } from './refusal.ts';

export type Summary = 'true' | 'text' | 'data' | 'count' | 'false';
export type TotalMode = 'none' | 'estimate' | 'accurate';

/**
 * `_include=Task:focus:ServiceRequest`: resources to which `type` refers under `param`; for `_revinclude`, those that
 * refer so. A `*` stands for every type, or every reference parameter.
 */
export interface Inclusion {
  readonly type: string;
  readonly param: string;
  /** Includes only targets of this type. */
  readonly target?: string;
  /** Whether it also applies to included resources. */
  readonly iterate: boolean;
}

/** The values of the result parameters read so far. */
export interface ResultWishes {
  sort: readonly SortKey[];
  count: number | undefined;
  total: TotalMode | undefined;
  summary: Summary;
  elements: readonly string[] | undefined;
  readonly include: Inclusion[];
  readonly revinclude: Inclusion[];
}

const SORT_MAX = 5;
const ELEMENTS_MAX = 50;
const INCLUSIONS_MAX = 20;

/** Reads one result parameter into `wishes`; `modifier` is without its colon. */
type Read = (asked: {
  /** The searched types: one, or all for a search of the whole system. */
  readonly types: readonly string[];
  /** The types that the server has; undefined: all of R4. */
  readonly served: ReadonlySet<string> | undefined;
  readonly name: string;
  readonly modifier: string;
  readonly value: string;
  readonly wishes: ResultWishes;
}) => void;

const READERS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['_sort', ({ types, name, value, wishes }) => (wishes.sort = readSort(types, name, value))],
  ['_count', ({ name, value, wishes }) => (wishes.count = readCount(name, value))],
  ['_total', ({ name, value, wishes }) => (wishes.total = oneOf(TOTALS, name, value))],
  ['_summary', ({ name, value, wishes }) => (wishes.summary = oneOf(SUMMARIES, name, value))],
  ['_elements', ({ name, value, wishes }) => (wishes.elements = readElements(name, value, wishes.elements))],
  ['_contained', ({ name, value }) => refuseContained(name, value)],
  ['_containedType', ({ name }) => refuse(name, 'contained resources are not found by themselves')],
  ['_score', ({ name }) => refuse(name, 'matches are not ranked')],
  ['_query', ({ name }) => refuse(name, 'there are no named queries')],
  ['_include', (asked) => addInclusion(asked.wishes.include, asked)],
  ['_revinclude', (asked) => addInclusion(asked.wishes.revinclude, asked)],
]);

/** Parameters that may occur more than once. */
const REPEATABLE: ReadonlySet<string> = new Set(['_elements', '_include', '_revinclude']);
const ITERATE: ReadonlySet<string> = new Set(['iterate', 'recurse']);

/** Parameters of every interaction, which the HTTP edge has read already. */
export const FORMAT_PARAMETERS: ReadonlySet<string> = new Set(['_format', '_pretty']);

export const isResultParameter = (code: string): boolean => READERS.has(code);

type Pair = readonly [name: string, value: string];

/** The context in which result parameters are read. */
interface WishOptions {
  /** The searched types: one, or all for a search of the whole system. */
  readonly types: readonly string[];
  /** The types that the server has; undefined: all of R4. */
  readonly served?: ReadonlySet<string> | undefined;
  /** Receives parameters that the server does not offer; without it they are refused. */
  readonly leave?: ((pair: Pair, why: OperationOutcomeError) => void) | undefined;
}

/**
 * Reads the result parameters among these pairs.
 *
 * @throws OperationOutcomeError search-value-invalid; search-parameter-unknown unless such pairs are left out.
 */
export function readWishes(pairs: readonly Pair[], { types, served, leave }: WishOptions): ResultWishes {
  const wishes: ResultWishes = {
    sort: [],
    count: undefined,
    total: undefined,
    summary: 'false',
    elements: undefined,
    include: [],
    revinclude: [],
  };
  const seen = new Set<string>();
  for (const pair of pairs) {
    const [name, value] = pair;
    const [code = '', modifier = ''] = name.split(/:(.*)/s);
    const read = READERS.get(code);
    if (read === undefined) continue;
    if (seen.has(code) && !REPEATABLE.has(code)) throw invalid(name, 'given twice');
    seen.add(code);
    try {
      if (modifier !== '' && !(code.endsWith('include') && ITERATE.has(modifier))) {
        throw unsupported(name, 'takes no such modifier');
      }
      read({ types, served, name, modifier, value, wishes });
    } catch (error) {
      if (leave === undefined || !isUnsupported(error)) throw error;
      leave(pair, error);
    }
  }
  // "The _include and _revinclude cannot be mixed with _summary=text."
  if (wishes.summary === 'text' && wishes.include.length + wishes.revinclude.length > 0)
    throw invalid('_summary', 'text is not mixed with _include or _revinclude');
  return wishes;
}

const isUnsupported = (error: unknown): error is OperationOutcomeError =>
  error instanceof OperationOutcomeError && error.code === 'search-parameter-unknown';

function refuse(name: string, why: string): never {
  throw unsupported(name, why);
}

/** A client may ask for a default. */
function refuseContained(name: string, value: string): void {
  if (value === 'false') return;
  if (value !== 'true' && value !== 'both') throw invalid(name, 'one of false, true, both');
  throw unsupported(name, 'contained resources are not found by themselves');
}

function readSort(types: readonly string[], name: string, value: string): readonly SortKey[] {
  const keys = value
    .split(',')
    .map((key) => ({ param: key.replace(/^-/, ''), descending: key.startsWith('-') }));
  if (keys.length > SORT_MAX) throw invalid(name, `at most ${SORT_MAX} keys`);
  for (const { param } of keys) {
    if (param === '_id' || param === '_lastUpdated') continue;
    const lacking = types.find((type) => !isOrdered(searchParameters(type).get(param)?.kind));
    if (lacking !== undefined)
      throw unsupported(name, `${lacking} has no parameter ${shownName(param)} to sort by`);
    if (types.length > 1) throw unsupported(name, 'several types are sorted by _lastUpdated or _id');
  }
  return keys;
}

/** Tuples and positions have no order. */
const isOrdered = (kind: Kind | undefined): boolean =>
  kind !== undefined && kind !== 'composite' && kind !== 'near';

function readCount(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw invalid(name, 'a number of resources');
  return Number(value);
}

const TOTALS: readonly TotalMode[] = ['none', 'estimate', 'accurate'];
const SUMMARIES: readonly Summary[] = ['true', 'text', 'data', 'count', 'false'];

function oneOf<T extends string>(allowed: readonly T[], name: string, value: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw invalid(name, `one of ${allowed.join(', ')}`);
  return found;
}

function readElements(name: string, value: string, before: readonly string[] = []): readonly string[] {
  const elements = [...new Set([...before, ...value.split(',')])];
  if (!elements.every((element) => /^(?:[A-Z][A-Za-z]{1,63}\.)?[A-Za-z]{1,64}$/.test(element))) {
    throw invalid(name, 'names of elements of the resource, with or without its type');
  }
  if (elements.length > ELEMENTS_MAX) throw invalid(name, `at most ${ELEMENTS_MAX} elements`);
  return elements;
}

const INCLUSION = /^(\*|\w+)(?::(\*|[\w-]+))?(?::(\w+))?$/;

/** `*`, `Type:*`, `Type:reference` and `Type:reference:Target`. */
function addInclusion(to: Inclusion[], asked: Parameters<Read>[0]): void {
  const { name, modifier, value } = asked;
  const [, type, written, target] = INCLUSION.exec(value) ?? [];
  const param = type === '*' && written === undefined ? '*' : written;
  if (type === undefined || param === undefined || (type === '*' && param !== '*'))
    throw invalid(name, 'write Type:reference, Type:reference:Target, Type:* or *');
  const iterate = modifier !== '';
  if (type !== '*') checkInclusion(asked, type, param, target, iterate);
  to.push({ type, param, ...(target !== undefined && { target }), iterate });
  if (to.length > INCLUSIONS_MAX) throw invalid(name, `at most ${INCLUSIONS_MAX} times`);
}

function checkInclusion(
  { types: searched, served, name, value }: Parameters<Read>[0],
  type: string,
  param: string,
  target: string | undefined,
  iterate: boolean,
): void {
  if (served !== undefined && !served.has(type))
    throw unsupported(name, `${shownName(type)} is not served here`);
  const references = referencesOf(type, param);
  if (references.length === 0) throw unsupported(name, `${shownName(value)} is not a reference to follow`);
  const reaches = (one: string): boolean =>
    references.some(({ targets }) => targets?.includes(one) ?? R4_TYPES.includes(one));
  if (target !== undefined && !reaches(target))
    throw invalid(name, `${type}.${param} never refers to that type`);
  const begins = name.startsWith('_include') ? searched.includes(type) : searched.some(reaches);
  if (!begins && !iterate) throw invalid(name, `does not begin at ${searched.join(' or ')}`);
}

/** An include follows a canonical as well, because its parameter is of type reference, too. */
const referencesOf = (type: string, param: string) =>
  [...searchParameters(type).values()].filter(
    (one) => isFollowed(one) && (param === '*' || one.code === param),
  );
