/** What a patch may come to is bounded while it is applied, by JSON Patch and FHIRPath Patch alike. */
import { describe, expect, test } from '@jest/globals';
import { OperationOutcomeError } from '../../../src/fhir/issue.ts';
import { encodeJson, parseJsonValue } from '../../../src/fhir/json.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { patchByPointers } from '../../../src/operations/write/json-patch.ts';
import { loadFhirPath } from '../../../src/resources/fhirpath.ts';
import { patchByFhirPath } from '../../../src/resources/patch/apply.ts';
import { createMeter, nothingSpent, type Spent } from '../../../src/resources/patch/meter.ts';
import { insert, move, parametersOf } from '../../fixtures/fhirpath-patch.ts';

const LIMITS = { size: 1_000_000, depth: 20 };
const meter = (spent: Spent = nothingSpent()) => createMeter(LIMITS, spent, 0);

const PATIENT = { resourceType: 'Patient', id: 'a', name: [{ family: 'x'.repeat(50) }] };

function patched(tree: unknown, operations: readonly unknown[], spent?: Spent): string {
  const counting = meter(spent);
  try {
    const done = patchByPointers(structuredClone(tree), operations, counting);
    counting.finish(done);
    return encodeJson(done).slice(0, 300);
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error.issues[0]?.diagnostics ?? '';
    return (error as Error).message;
  }
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const nested = (depth: number): unknown => (depth === 0 ? 'x' : { extension: [nested(depth - 2)] });
const LONG = { ...PATIENT, name: [{ given: times(400_000, () => 'a') }] };
const TEXT = { ...PATIENT, birthDate: 'x'.repeat(900_000) };

describe('JSON Patch', () => {
  test.each([
    [
      'copies that double',
      PATIENT,
      times(1000, () => ({ op: 'copy', from: '/name', path: '/name/-' })),
      /^operation 11 .*more than 10000 values would be copied/,
    ],
    [
      'copies of members that double',
      PATIENT,
      times(1000, (i) => ({ op: 'copy', from: '', path: `/a${i}` })),
      /^operation 10 .*more than 10000 values would be copied/,
    ],
    [
      'one large value, many times',
      TEXT,
      times(1000, () => ({ op: 'copy', from: '/birthDate', path: '/id' })),
      /^operation 1 .*more than 1000000 char/,
    ],
    [
      'moves into ever deeper places',
      PATIENT,
      times(50, (i) => ({ op: 'add', path: `${'/a'.repeat(i + 1)}`, value: {} })),
      /^operation 19 .*nested deeper than 20/,
    ],
    [
      'values that go deeper than they may',
      PATIENT,
      [{ op: 'add', path: '/extension', value: [nested(20)] }],
      /nested deeper than 20/,
    ],
    [
      'tests of a long list',
      LONG,
      times(1000, () => ({ op: 'test', path: '/name', value: LONG.name.slice() })),
      /too many steps|more than 1000000 char/,
    ],
    [
      'tests of a long text',
      { ...PATIENT, a: TEXT.birthDate },
      times(1000, () => ({ op: 'test', path: '/a', value: TEXT.birthDate })),
      /too many steps/,
    ],
    [
      'insertions at the beginning of a long list',
      LONG,
      times(1000, () => ({ op: 'add', path: '/name/0/given/0', value: 'b' })),
      /^operation \d{3} .*too many steps/,
    ],
    [
      'moves within a long list',
      LONG,
      times(1000, () => ({ op: 'move', from: '/name/0/given/0', path: '/name/0/given/9' })),
      /^operation \d{3} .*too many steps/,
    ],
    ['an operation of the library', PATIENT, [{ op: '_get', path: '/id' }], /operation op invalid/],
    [
      'a copy of what every object has',
      PATIENT,
      [{ op: 'copy', from: '/toString', path: '/id' }],
      /operation from unresolvable/,
    ],
    [
      'a result larger than it may be',
      PATIENT,
      times(30, (i) => ({ op: 'add', path: `/a${i}`, value: 'x'.repeat(40_000) })),
      /^the resource would have more than 1000000 char/,
    ],
  ] as const)('%s', (_says, tree, operations, refused) => {
    expect(patched(tree, operations)).toMatch(refused);
  });

  test('what may be done is done, and keeps literals', () => {
    const tree = parseJsonValue('{"resourceType":"Observation","valueQuantity":{"value":1.50}}');
    const operations = [
      { op: 'copy', from: '/valueQuantity', path: '/component' },
      { op: 'move', from: '/valueQuantity', path: '/x' },
      { op: 'test', path: '/x/value', value: (parseJsonValue('[1.50]') as unknown[])[0] },
    ];
    expect(encodeJson(patchByPointers(tree, operations, meter()))).toBe(
      '{"resourceType":"Observation","component":{"value":1.50},"x":{"value":1.50}}',
    );
  });

  test('the operations are not changed: a patch may be planned twice', () => {
    const operations = [
      { op: 'add', path: '/extension', value: [{ url: 'a' }] },
      { op: 'add', path: '/extension/-', value: { url: 'b' } },
    ];
    expect(patched(PATIENT, operations)).toBe(patched(PATIENT, operations));
  });

  test('the patches of one transaction share what they may come to', () => {
    const spent = nothingSpent();
    const answers = times(9, () => patched(TEXT, [{ op: 'remove', path: '/name' }], spent));
    expect(answers.filter((answer) => answer.startsWith('{'))).toHaveLength(4);
    expect(answers.at(-1)).toMatch(/the patches of one transaction come to too much/);
  });

  test('and what they may copy', () => {
    const spent = nothingSpent();
    const tree = { ...PATIENT, name: [{ given: times(4000, () => 'a') }] };
    const answers = times(4, () => patched(tree, [{ op: 'copy', from: '/name', path: '/x' }], spent));
    expect(answers.map((answer) => answer.startsWith('{'))).toEqual([true, true, false, false]);
    expect(answers.at(-1)).toMatch(/more than 10000 values would be copied/);
  });
});

const fhirPath = await loadFhirPath();

describe('FHIRPath Patch', () => {
  const wrong = (tree: unknown, operations: Parameters<typeof parametersOf>[0]): string => {
    const done = patchByFhirPath(
      structuredClone(tree) as Resource,
      parametersOf(operations).parameter,
      fhirPath,
      meter(),
    );
    return 'wrong' in done ? `${done.wrong.index} ${done.wrong.says}` : 'done';
  };

  test.each([
    ['insertions', times(200, () => insert('Patient.name[0].given', 0, { valueString: 'b' }))],
    ['moves', times(200, () => move('Patient.name[0].given', 0, 9))],
  ])('%s in a long list', (_says, operations) => {
    expect(wrong({ ...PATIENT, name: [{ given: times(2000, () => 'a') }] }, operations)).toMatch(
      /^\d+ .*too many steps/,
    );
    expect(wrong({ ...PATIENT, name: [{ given: times(20, () => 'a') }] }, operations)).toBe('done');
  });
});
