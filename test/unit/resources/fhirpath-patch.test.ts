import { describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { encodeJson, parseJsonValue } from '../../../src/fhir/json.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { loadFhirPath } from '../../../src/resources/fhirpath.ts';
import { patchByFhirPath, type Patched } from '../../../src/resources/patch/apply.ts';
import { createMeter, nothingSpent } from '../../../src/resources/patch/meter.ts';
import { validateResource } from '../../../src/resources/validate.ts';
import {
  add,
  BEYOND,
  FROM_HL7,
  insert,
  move,
  parametersOf,
  REFUSED,
  remove,
  replace,
  type Part,
} from '../../fixtures/fhirpath-patch.ts';

const fhirPath = await loadFhirPath();
const meter = () => createMeter({ size: 1_000_000, depth: 64 }, nothingSpent(), 0);

function patch(before: unknown, operations: readonly (readonly Part[])[]): Patched {
  const text = typeof before === 'string' ? before : JSON.stringify(before);
  return patchByFhirPath(
    parseJsonValue(text) as Resource,
    parametersOf(operations).parameter,
    fhirPath,
    meter(),
  );
}

const BEFORE = {
  resourceType: 'Patient',
  birthDate: '1920-01-01',
  deceasedDateTime: '2020',
  name: [
    { family: 'a', given: ['x'] },
    { family: 'b', given: ['y'] },
  ],
  contact: [{ name: { text: 'c' } }],
};

describe('what HL7’s tests ask', () => {
  test.each(FROM_HL7.map((one) => [one.says, one] as const))('%s', (_says, { before, operations, after }) => {
    expect(patch(before, operations)).toEqual({ tree: after });
  });
});

describe('beyond them', () => {
  test.each(BEYOND.map((one) => [one.says, one] as const))('%s', (_says, { before, operations, after }) => {
    expect(patch(before, operations)).toEqual({ tree: after });
    expect(validateResource(after as unknown as Resource)).toEqual([]);
  });
});

describe('refused', () => {
  test.each(REFUSED)('%s', (_says, operation, why) => {
    const fine = add('Patient', 'language', { valueCode: 'en' });
    const patched = patch(BEFORE, [fine, operation]);
    expect(patched).toEqual({ wrong: { index: 1, says: expect.stringMatching(why) } });
  });

  test.each([
    ['another parameter', { name: 'other', part: [] }],
    ['no parts', { name: 'operation' }],
    ['a value instead of parts', { name: 'operation', valueString: 'add' }],
    ['null', null],
    ['a part that is none', { name: 'operation', part: [null] }],
    ['a part without name', { name: 'operation', part: [{ valueCode: 'add' }] }],
    ['a part without value', { name: 'operation', part: [{ name: 'type' }] }],
  ])('what is no operation: %s', (_says, operation) => {
    expect(patchByFhirPath(BEFORE as unknown as Resource, [operation], fhirPath, meter())).toMatchObject({
      wrong: { index: 0 },
    });
  });
});

test('a decimal beside what is patched keeps its literal, and so does one that is brought', () => {
  const before = '{"resourceType":"Observation","status":"final","valueQuantity":{"value":1.50}}';
  const operations = [
    replace('Observation.status', { valueCode: 'amended' }),
    add('Observation', 'component', { part: [{ name: 'value', valueQuantity: { value: 1 } }] }),
  ];
  const parameter = parseJsonValue(
    JSON.stringify(parametersOf(operations).parameter).replace('"value":1}', '"value":2.500}'),
  );
  const patched = patchByFhirPath(
    parseJsonValue(before) as Resource,
    parameter as readonly unknown[],
    fhirPath,
    meter(),
  );
  expect(encodeJson('tree' in patched ? patched.tree : patched)).toBe(
    '{"resourceType":"Observation","status":"amended","valueQuantity":{"value":1.50},"component":[{"valueQuantity":{"value":2.500}}]}',
  );
});

test('what a patch brings is not written to, so that it can be planned twice', () => {
  const parameters = parametersOf([
    add('Patient', 'name', { valueHumanName: { family: 'new' } }),
    replace('Patient.name.last().family', { valueString: 'changed' }),
  ]);
  const first = JSON.stringify(parameters);
  patchByFhirPath({ ...BEFORE, name: [...BEFORE.name] }, parameters.parameter, fhirPath, meter());
  expect(JSON.stringify(parameters)).toBe(first);
});

describe('properties', () => {
  const word = fc.stringMatching(/^[a-z]{1,4}$/);
  const names = fc.array(word, { minLength: 1, maxLength: 6 });

  test('lists become what the same edits of an array make', () => {
    const edit = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), word }),
      fc.record({ kind: fc.constant('insert' as const), word, at: fc.nat(7) }),
      fc.record({ kind: fc.constant('delete' as const), at: fc.nat(7) }),
      fc.record({ kind: fc.constant('move' as const), at: fc.nat(7), to: fc.nat(7) }),
      fc.record({ kind: fc.constant('replace' as const), word, at: fc.nat(7) }),
    );
    fc.assert(
      fc.property(names, fc.array(edit, { maxLength: 6 }), (given, edits) => {
        // Undefined once an edit cannot be made.
        let expected: string[] | undefined = [...given];
        const operations = edits.map((one): readonly Part[] => {
          const list: string[] = expected ?? [];
          switch (one.kind) {
            case 'add':
              list.push(one.word);
              return add('Patient.name[0]', 'given', { valueString: one.word });
            case 'insert':
              if (one.at > list.length) expected = undefined;
              else list.splice(one.at, 0, one.word);
              return insert('Patient.name[0].given', one.at, { valueString: one.word });
            case 'delete':
              if (one.at < list.length) list.splice(one.at, 1);
              return remove(`Patient.name[0].given[${one.at}]`);
            case 'move':
              if (one.at >= list.length || one.to >= list.length) expected = undefined;
              else list.splice(one.to, 0, ...list.splice(one.at, 1));
              return move('Patient.name[0].given', one.at, one.to);
            default:
              if (one.at >= list.length) expected = undefined;
              else list[one.at] = one.word;
              return replace(`Patient.name[0].given[${one.at}]`, { valueString: one.word });
          }
        });
        const done = patch({ resourceType: 'Patient', name: [{ family: 'f', given }] }, operations);
        const tree = 'tree' in done ? (done.tree as unknown as typeof BEFORE) : undefined; // what was patched
        const left = tree === undefined ? undefined : (tree.name[0]?.given ?? []);
        expect(left).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('whatever is sent, it is done or said', () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    const part = fc.record(
      {
        name: fc.constantFrom('type', 'path', 'name', 'value', 'index'),
        valueString: word,
        valueCode: word,
        part: json,
      },
      { requiredKeys: ['name'] },
    );
    const operation = fc.oneof(json, fc.record({ name: fc.constant('operation'), part: fc.array(part) }));
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 3 }), (operations) => {
        const done = patchByFhirPath(structuredClone(BEFORE), operations, fhirPath, meter());
        expect('tree' in done || done.wrong.says.length > 0).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
