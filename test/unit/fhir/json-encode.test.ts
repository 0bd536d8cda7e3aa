/** The JSON of a large tree, made in turns, is the JSON that is made at once. */
import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { encodedOf, encodeInTurns } from '../../../src/fhir/json-encode.ts';
import { encodeJson, parseJson } from '../../../src/fhir/json.ts';
import { learnReferences, referencesOf } from '../../../src/fhir/references-of.ts';
import type { Resource } from '../../../src/fhir/types.ts';

const soon = (): undefined => undefined;
const listOf = (count: number, member: unknown): unknown[] => Array.from({ length: count }, () => member);

const tree = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<unknown>('a', 'ü"\\', 1.5, true, null, undefined, [], {}, '\ud800'),
    fc
      .nat(3000)
      .chain((count) => tie('value').map((member) => listOf(count % 7 === 0 ? count : count % 4, member))),
    fc.dictionary(fc.constantFrom('a', 'b', 'reference', 'ü'), tie('value')),
  ),
})).value;

test('of any tree', async () => {
  await fc.assert(
    fc.asyncProperty(tree, tree, async (a, b) => {
      const resource = { resourceType: 'Basic', a, b } as Resource;
      expect(await encodeInTurns(resource, soon)).toBe(encodeJson(resource));
    }),
    { numRuns: 100 },
  );
});

test('of long texts, cut anywhere, and of numbers that keep their literal', async () => {
  for (const text of ['😀'.repeat(600_000), `x${'😀'.repeat(600_000)}`, '\\"'.repeat(600_000)]) {
    const { storing } = parseJson(`{"resourceType":"Basic","x":[1.50,${JSON.stringify(text)}]}`);
    expect((await encodeInTurns(storing, soon)) === encodeJson(storing)).toBe(true);
  }
});

test('others have turns, and the text of an element is made once', async () => {
  const resource = { resourceType: 'Basic', x: listOf(50_000, { a: 'b' }) } as Resource;
  let turns = 0;
  const after = (): undefined => void (turns += 1);
  await encodeInTurns(resource, after);
  expect(turns).toBeGreaterThan(50);
  const before = turns;
  expect(encodedOf(resource['x'])).toBe(encodeJson(resource['x']));
  await encodeInTurns({ ...resource, id: 'a' }, after);
  expect(turns - before).toBeLessThan(5);
});

test('references that were learnt in turns are those that are looked for at once', async () => {
  const entries = Array.from({ length: 5000 }, (_, index) => ({
    item: { reference: `Patient/${index % 700}` },
    flag: { coding: [{ system: 'a' }] },
  }));
  const make = (): Resource => ({
    resourceType: 'List',
    entry: entries,
    contained: [{ resourceType: 'Bundle', entry: entries }],
  });
  const [large, same] = [make(), make()];
  let turns = 0;
  await learnReferences(large, () => void (turns += 1));
  expect(turns).toBeGreaterThan(10);
  const shown = (resource: Resource) =>
    referencesOf(resource).map(({ text, expression }) => [text, expression()]);
  expect(shown(large)).toEqual(shown(same));
  expect(shown(large)).toHaveLength(700);
});
