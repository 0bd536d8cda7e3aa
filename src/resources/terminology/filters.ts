/**
 * Filters of a value set's composition (http://hl7.org/fhir/R4/valueset-filter-operator.html): the condition that a
 * concept must meet. The answer is undefined when this server does not have enough of the code system to judge it.
 */
import { ancestorsIn, descend, descendantsIn } from './hierarchy.ts';
import { conceptOf, codeKey, type Concept, type Include, type System } from './terminology-source.ts';
import { compilePattern } from './pattern.ts';

type ValueSetFilter = NonNullable<Include['filter']>[number];

/** Whether the concept meets the filter; undefined: not known. */
export type MembershipAnswer = boolean | undefined;

export interface Work {
  /**
   * Called with the work done.
   *
   * @throws when it was too much
   */
  readonly spend: (work: number) => void;
}

/** Judges concepts of a system by a filter. */
export type Judge = (concept: Concept, work: Work) => MembershipAnswer;

/**
 * Undefined when the filter cannot be judged: an unknown property, an operator that the property does not take, or no
 * valid pattern.
 */
export function compileFilter(system: System, { property, op, value }: ValueSetFilter): Judge | undefined {
  const isCode = property === 'concept' || property === 'code';
  const compile = isCode ? OF_CODES[op] : OF_VALUES[op];
  if (compile === undefined) return undefined;
  if (isCode) return compile(system, value, ({ code }) => [code]);
  const read = READERS[property] ?? readerOf(system, property);
  return read === undefined ? undefined : compile(system, value, read);
}

/** The values of a property, as text. */
type Read = (concept: Concept) => readonly string[];

type Compile = (system: System, value: string, read: Read) => Judge | undefined;

const some =
  (holds: (value: string, work: Work) => boolean) =>
  (read: Read): Judge =>
  (concept, work) =>
    read(concept).some((value) => holds(value, work));

const not = (judge: Judge | undefined): Judge | undefined =>
  judge &&
  ((concept, work) => {
    const answer = judge(concept, work);
    return answer === undefined ? undefined : !answer;
  });

const matchesPattern: Compile = (_system, value, read) => {
  const pattern = compilePattern(value);
  return pattern && some((each, { spend }) => pattern.matches(each, spend))(read);
};

const split = (value: string): readonly string[] => value.split(',').map((each) => each.trim());

/** Filters on a concept's own code. A code that the system does not have makes the filter meaningless. */
const OF_CODES: Readonly<Record<string, Compile>> = {
  '=':
    (system, value) =>
    ({ code }) =>
      codeKey(system, code) === codeKey(system, value),
  'is-a': (system, value) => known(system, value, below(system, value)),
  'descendent-of': (system, value) => {
    const isBelow = below(system, value);
    return known(
      system,
      value,
      (concept, work) => codeKey(system, concept.code) !== codeKey(system, value) && isBelow(concept, work),
    );
  },
  'is-not-a': (system, value) => known(system, value, not(below(system, value))),
  generalizes: (system, value) =>
    known(
      system,
      value,
      isAmongKeys(system, () => ancestorsIn(system, value)),
    ),
  in: (system, value) => isAmong(system, value),
  'not-in': (system, value) => not(isAmong(system, value)),
  regex: matchesPattern,
};

const isAmong = (system: System, value: string): JudgeOf<boolean> => isAmongKeys(system, () => split(value));

const below = (system: System, value: string): JudgeOf<boolean> =>
  isAmongKeys(system, () => descendantsIn(system, value));

/**
 * The codes are listed once, when the first concept is judged: to walk up from each would cost too much in a deep
 * hierarchy.
 */
function isAmongKeys(system: System, list: () => readonly string[]): JudgeOf<boolean> {
  let keys: ReadonlySet<string> | undefined;
  return ({ code }, { spend }) => {
    if (keys === undefined) {
      keys = new Set(list().map((each) => codeKey(system, each)));
      spend(keys.size);
    }
    return keys.has(codeKey(system, code));
  };
}

type JudgeOf<Result extends MembershipAnswer> = (concept: Concept, work: Work) => Result;

const known = (system: System, code: string, judge: Judge | undefined): Judge | undefined =>
  conceptOf(system, code) === undefined ? undefined : judge;

/** Filters on any other property. */
const OF_VALUES: Readonly<Record<string, Compile>> = {
  '=': (_system, value, read) => some((each) => each === value)(read),
  in: (_system, value, read) => {
    const values = new Set(split(value));
    return some((each) => values.has(each))(read);
  },
  'not-in': (system, value, read) => not(OF_VALUES['in']?.(system, value, read)),
  regex: matchesPattern,
  exists: (_system, value, read) =>
    value === 'true' || value === 'false'
      ? (concept) => read(concept).length > 0 === (value === 'true')
      : undefined,
};

/** Properties that every system has (http://hl7.org/fhir/R4/codesystem.html#defined-props). */
const READERS: Readonly<Record<string, Read>> = {
  display: ({ display }) => (display === undefined ? [] : [display]),
  definition: ({ definition }) => (definition === undefined ? [] : [definition]),
  parent: ({ parents }) => parents,
  inactive: ({ inactive }) => [String(inactive ?? false)],
  notSelectable: ({ abstract }) => [String(abstract ?? false)],
  abstract: ({ abstract }) => [String(abstract ?? false)],
};

function readerOf(system: System, property: string): Read | undefined {
  if (property === 'child') {
    const below = descend(system);
    return ({ code }) => below(code) ?? [];
  }
  if (system.properties?.has(property) !== true) return undefined;
  return (concept) =>
    (concept.property ?? []).flatMap((each) => (each.code === property ? [valueOf(each)] : []));
}

function valueOf(property: NonNullable<Concept['property']>[number]): string {
  const { code: _code, valueCoding, ...rest } = property;
  if (valueCoding !== undefined) return valueCoding.code ?? '';
  const value = Object.values(rest).find((each) => typeof each !== 'object');
  return value === undefined ? '' : String(value);
}
