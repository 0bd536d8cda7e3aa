import { describe, expect, test } from '@jest/globals';
import { CLIENT_LENGTH_MAX, FhirPathFault, loadFhirPath } from '../../../src/resources/fhirpath.ts';

const PATIENT = {
  resourceType: 'Patient',
  name: [{ given: ['Ada', 'May'], _given: [null, { id: 'second' }] }, { family: 'Frost' }],
  birthDate: '1970-01-01',
  _birthDate: { extension: [{ url: 'http://example.org/time', valueTime: '12:00:00' }] },
  deceasedBoolean: true,
  contained: [{ resourceType: 'Organization', id: 'o', name: 'Inside' }],
};

const WIDE = {
  ...PATIENT,
  name: Array.from({ length: 400 }, (_, at) => ({ family: `F${at}`, given: ['A', 'B', 'C', 'D'] })),
};

const { compile } = await loadFhirPath();

const faultOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof FhirPathFault) return error.reason;
    throw error;
  }
  return 'none';
};

describe('where nodes stand', () => {
  test.each<[expression: string, paths: readonly (readonly (string | number)[])[]]>([
    ['Patient', [[]]],
    [
      'Patient.name',
      [
        ['name', 0],
        ['name', 1],
      ],
    ],
    ["name.where(family = 'Frost')", [['name', 1]]],
    ['name.given', [0, 1].map((index) => ['name', 0, 'given', index])],
    ['name.given[1].id', [['name', 0, 'given', 1, 'id']]],
    ['deceased', [['deceased']]],
    ['Patient.deceased as boolean', [['deceased']]],
    ['Patient.birthDate.extension', [['birthDate', 'extension', 0]]],
    ['contained.name', [['contained', 0, 'name']]],
    ['Patient.photo', []],
    ['Observation.status', []],
  ])('%s', (expression, paths) => {
    expect(
      compile(expression)
        .locate(PATIENT)
        ?.map(({ path }) => path),
    ).toEqual(paths);
  });

  test.each(["'a'", 'name.count()', "name.given & 'x'", 'now()'].map((one) => [one]))(
    '%s is no node',
    (expression) => {
      const found = faultOf(() => expect(compile(expression).locate(PATIENT)).toBeUndefined());
      expect(['none', 'failed']).toContain(found);
    },
  );
});

test('values are those of JSON', () => {
  expect(compile('name.given').evaluate(PATIENT)).toEqual(['Ada', 'May']);
  expect(compile('birthDate').evaluate(PATIENT)).toEqual(['1970-01-01']);
  expect(compile('name.exists() and %wanted').evaluate(PATIENT, { wanted: true })).toEqual([true]);
  expect(compile('given.count()', { base: 'Patient.name' }).evaluate(PATIENT.name[0])).toEqual([2]);
});

describe('what a client’s expression may not', () => {
  test.each([
    ['a regular expression', "name.given.matches('(a+)+$')", 'function'],
    ['leading out', 'managingOrganization.resolve()', 'function'],
    ['leading out, inside', 'name.where(%resource.managingOrganization.resolve().exists())', 'function'],
    ['printing', "name.trace('x')", 'function'],
    ['growing texts', "name.given.first().replace('a', 'aaaaaaaaaa')", 'function'],
    ['length', `name.where(${'true and '.repeat(100)}true)`, 'too-long'],
    ['half an expression', 'name.(', 'syntax'],
    ['nothing', '', 'syntax'],
    ['no function', 'name.explode()', 'function'],
    ['doubling', `descendants()${'.combine(%context.descendants())'.repeat(14)}`, 'too-costly'],
    ['nesting', 'name.select(%context.name.select(%context.name))', 'too-costly'],
  ])('%s', (_says, expression, reason) => {
    expect(faultOf(() => compile(expression).locate(WIDE))).toBe(reason);
  });

  test('depth within the length is survived', () => {
    for (const deep of [
      '('.repeat(CLIENT_LENGTH_MAX),
      `${'('.repeat(240)}1${')'.repeat(240)}`,
      '-'.repeat(499),
    ]) {
      expect(['none', 'syntax', 'failed']).toContain(faultOf(() => compile(deep).evaluate(PATIENT)));
    }
  });

  test('no fault quotes a value', () => {
    const failing = compile('(name.given | name.family).substring(0, 1)', { source: 'own' });
    expect(() => failing.evaluate(PATIENT)).toThrow(/^the expression cannot be evaluated here$/);
  });
});

test('an expression that is ours may use all functions', () => {
  expect(compile("name.family.matches('^F')", { source: 'own' }).evaluate(PATIENT)).toEqual([true]);
});
