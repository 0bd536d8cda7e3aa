/**
 * Filters of a value set's composition (http://hl7.org/fhir/R4/valueset-filter-operator.html): what a concept must be to be
 * selected. A filter that cannot be judged by what is held answers undefined.
 */
import { ancestorsIn, descend, descendantsIn } from './hierarchy.ts';
import { conceptOf, keyOf, type Concept, type Include, type System } from './held.ts';
import { compilePattern } from './pattern.ts';

export type Filter = NonNullable<Include['filter']>[number];

/** Whether it holds; undefined: not known. */
export type Answer = boolean | undefined;

export interface Work {
  /** Told of work done. @throws when it was too much */
  readonly spend: (work: number) => void;
}

/** Judges concepts of a system by a filter. */
export type Judge = (concept: Concept, work: Work) => Answer;

/** Undefined when the filter cannot be judged: an unknown property, an operator that it does not take, no pattern. */
export function compileFilter(system: System, { property, op, value }: Filter): Judge | undefined {
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

/** What a concept's own code is asked. A code that the system does not have makes the filter meaningless. */
const OF_CODES: Readonly<Record<string, Compile>> = {
  '=':
    (system, value) =>
    ({ code }) =>
      keyOf(system, code) === keyOf(system, value),
  'is-a': (system, value) => known(system, value, below(system, value)),
  'descendent-of': (system, value) => {
    const isBelow = below(system, value);
    return known(
      system,
      value,
      (concept, work) => keyOf(system, concept.code) !== keyOf(system, value) && isBelow(concept, work),
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

/** The codes are listed once, when the first concept is judged: walking up from each would be too much for a long line. */
function isAmongKeys(system: System, list: () => readonly string[]): JudgeOf<boolean> {
  let keys: ReadonlySet<string> | undefined;
  return ({ code }, { spend }) => {
    if (keys === undefined) {
      keys = new Set(list().map((each) => keyOf(system, each)));
      spend(keys.size);
    }
    return keys.has(keyOf(system, code));
  };
}

type JudgeOf<Told extends Answer> = (concept: Concept, work: Work) => Told;

const known = (system: System, code: string, judge: Judge | undefined): Judge | undefined =>
  conceptOf(system, code) === undefined ? undefined : judge;

/** What any other property is asked. */
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
