/** Random compositions over small random hierarchies: the expansion and the membership are what brute force says. */
import { expect, test } from '@jest/globals';
import * as fc from '../../../chance.ts';
import type { CodeSystem, ValueSet } from '../../../../src/fhir/types.ts';
import { OperationOutcomeError } from '../../../../src/fhir/issue.ts';
import { expandValueSet } from '../../../../src/resources/terminology/expand.ts';
import type {
  Compose,
  TerminologySource,
  Include,
} from '../../../../src/resources/terminology/terminology-source.ts';
import { membershipOf } from '../../../../src/resources/terminology/membership.ts';
import { PACKAGED } from '../../../../src/resources/terminology/packaged.ts';
import { selectionOf, readSystem, withLoaded } from '../../../../src/resources/terminology/stored.ts';

const SYSTEMS = ['urn:a', 'urn:b'] as const;
const CODES = ['0', '1', '2', '3', '4', '5', '6'] as const;

/** For each code, its parent: one with a smaller number, or none. */
type Parents = readonly (number | undefined)[];
type World = Readonly<Record<(typeof SYSTEMS)[number], Parents>>;

const parents: fc.Arbitrary<Parents> = fc.tuple(
  ...CODES.map((_code, index) =>
    index === 0 ? fc.constant(undefined) : fc.option(fc.nat(index - 1), { nil: undefined }),
  ),
);
const world: fc.Arbitrary<World> = fc.record({ 'urn:a': parents, 'urn:b': parents });

const filter = fc.record({
  property: fc.constant('concept'),
  op: fc.constantFrom(
    'is-a',
    'descendent-of',
    'is-not-a',
    'generalizes',
    '=',
    'in',
    'not-in',
    'regex',
  ) as fc.Arbitrary<'is-a'>,
  value: fc.constantFrom(...CODES),
});
const part = (sets: readonly string[]): fc.Arbitrary<Include> =>
  fc.oneof(
    fc.record({ system: fc.constantFrom(...SYSTEMS) }),
    fc.record({
      system: fc.constantFrom(...SYSTEMS),
      concept: fc.array(fc.record({ code: fc.constantFrom(...CODES) }), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({
      system: fc.constantFrom(...SYSTEMS),
      filter: fc.array(filter, { minLength: 1, maxLength: 2 }),
    }),
    ...(sets.length === 0
      ? []
      : [
          fc.record({ valueSet: fc.subarray([...sets], { minLength: 1 }) }),
          fc.record({
            system: fc.constantFrom(...SYSTEMS),
            valueSet: fc.subarray([...sets], { minLength: 1 }),
          }),
        ]),
  );
const composeOver = (sets: readonly string[]): fc.Arbitrary<Compose> =>
  fc.record({
    include: fc.array(part(sets), { minLength: 1, maxLength: 3 }),
    exclude: fc.array(part(sets), { maxLength: 2 }),
  });
/** Value sets that name only ones before them. */
const composes = fc.tuple(
  composeOver([]),
  composeOver(['urn:set:0']),
  composeOver(['urn:set:0', 'urn:set:1']),
);

function heldOf(given: World, sets: readonly Compose[]): TerminologySource {
  const systems = SYSTEMS.flatMap((url) => readSystem(resourceOf(url, given[url])) ?? []);
  const valueSets = sets.map((compose, index) =>
    selectionOf({
      resourceType: 'ValueSet',
      status: 'active',
      url: `urn:set:${index}`,
      compose,
    } satisfies ValueSet),
  );
  return withLoaded(PACKAGED, { systems, valueSets });
}

function resourceOf(url: string, above: Parents): CodeSystem {
  type Concept = NonNullable<CodeSystem['concept']>[number];
  const conceptsBelow = (parent: number | undefined): Concept[] =>
    CODES.flatMap((code, index) =>
      above[index] === parent && (parent === undefined || index > parent)
        ? [{ code, concept: conceptsBelow(index) }]
        : [],
    );
  return {
    resourceType: 'CodeSystem',
    status: 'active',
    content: 'complete',
    url,
    concept: conceptsBelow(undefined),
  };
}

// — brute force

function isIn(
  given: World,
  sets: readonly Compose[],
  { include, exclude = [] }: Compose,
  system: string,
  code: string,
): boolean {
  const some = (parts: readonly Include[]) => parts.some((one) => isOf(given, sets, one, system, code));
  return some(include) && !some(exclude);
}

function isOf(given: World, sets: readonly Compose[], one: Include, system: string, code: string): boolean {
  const { valueSet = [], concept, filter: filters = [] } = one;
  if (one.system !== undefined && one.system !== system) return false;
  if (concept !== undefined && !concept.some((each) => each.code === code)) return false;
  const above = given[system as 'urn:a'];
  if (!filters.every(({ op, value }) => holds(above, op, value, code))) return false;
  return valueSet.every((url) => {
    const inner = sets[Number(url.at(-1))];
    return inner !== undefined && isIn(given, sets, inner, system, code);
  });
}

function chain(above: Parents, code: string): readonly string[] {
  const parent = above[Number(code)];
  return parent === undefined ? [code] : [code, ...chain(above, String(parent))];
}

function holds(above: Parents, op: string, value: string, code: string): boolean {
  switch (op) {
    case 'is-a':
      return chain(above, code).includes(value);
    case 'descendent-of':
      return code !== value && chain(above, code).includes(value);
    case 'is-not-a':
      return !chain(above, code).includes(value);
    case 'generalizes':
      return chain(above, value).includes(code);
    case 'not-in':
      return code !== value;
    default:
      return code === value;
  }
}

test('expansion and membership are what brute force says', () => {
  fc.assert(
    fc.property(world, composes, (given, sets) => {
      const held = heldOf(given, sets);
      sets.forEach((compose, index) => {
        const url = `urn:set:${index}`;
        const expected = SYSTEMS.flatMap((system) =>
          CODES.filter((code) => isIn(given, sets, compose, system, code)).map((code) => `${system}|${code}`),
        );
        const { members, total } = expandValueSet(held, url);
        const found = members.map(({ system, code }) => `${system}|${code}`);
        expect([new Set(found).size, total]).toEqual([found.length, found.length]);
        expect(found.toSorted()).toEqual(expected.toSorted());
        for (const system of SYSTEMS)
          for (const code of [...CODES, 'other']) {
            const isMember = expected.includes(`${system}|${code}`);
            // what is listed is a member even if the system does not have it: there is no such code here
            expect(membershipOf(held, url, { system, code })).toBe(isMember ? 'member' : 'not-member');
          }
      });
    }),
    { numRuns: 300 },
  );
});

test('pages are the whole, cut', () => {
  fc.assert(
    fc.property(world, composeOver([]), fc.nat(8), fc.nat(20), (given, compose, count, offset) => {
      const held = heldOf(given, [compose]);
      const whole = expandValueSet(held, 'urn:set:0');
      const page = expandValueSet(held, 'urn:set:0', { count, offset });
      expect(page.members).toEqual(whole.members.slice(offset, offset + count));
      expect(page.total).toBe(whole.total);
    }),
  );
});

test.each<[string, readonly Compose[], string]>([
  ['a set that includes itself', [{ include: [{ valueSet: ['urn:set:0'] }] }], 'value-set-invalid'],
  [
    'sets that include each other',
    [
      { include: [{ valueSet: ['urn:set:1'] }] },
      { include: [{ system: 'urn:a' }], exclude: [{ valueSet: ['urn:set:0'] }] },
    ],
    'code-system-unknown',
  ],
  [
    'sets within sets within sets',
    Array.from({ length: 30 }, (_none, index) => ({ include: [{ valueSet: [`urn:set:${index + 1}`] }] })),
    'expansion-too-costly',
  ],
  ['nothing that is named', [{ include: [{}] }], 'value-set-invalid'],
])('%s', (_what, sets, expected) => {
  const flat: Parents = CODES.map(() => undefined);
  const held = heldOf({ 'urn:a': flat, 'urn:b': flat }, sets);
  const started = performance.now();
  expect(codeOfRefusal(() => expandValueSet(held, 'urn:set:0'))).toBe(expected);
  expect(performance.now() - started).toBeLessThan(5000);
});

/** The code with which something is refused. */
function codeOfRefusal(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof OperationOutcomeError ? error.code : String(error);
  }
}

test('sets that include one another many times are worked out once', () => {
  const flat: Parents = CODES.map(() => undefined);
  const sets: readonly Compose[] = Array.from({ length: 15 }, (_none, index) => ({
    include: Array.from({ length: 8 }, () =>
      index === 14 ? { system: 'urn:a' } : { valueSet: [`urn:set:${index + 1}`] },
    ),
  }));
  const held = heldOf({ 'urn:a': flat, 'urn:b': flat }, sets);
  expect(expandValueSet(held, 'urn:set:0').total).toBe(CODES.length);
  expect(membershipOf(held, 'urn:set:0', { system: 'urn:a', code: 'other' })).toBe('not-member');
});

test('a regular expression over many long codes is work that is counted', () => {
  const concept = Array.from({ length: 2000 }, (_none, index) => ({ code: `${'a'.repeat(900)}${index}` }));
  const system = readSystem({
    resourceType: 'CodeSystem',
    status: 'active',
    content: 'complete',
    url: 'urn:a',
    concept,
  });
  const compose: Compose = {
    include: [{ system: 'urn:a', filter: [{ property: 'code', op: 'regex', value: '(a|a|a|a|aa)*b' }] }],
  };
  const held = withLoaded(PACKAGED, {
    systems: system === undefined ? [] : [system],
    valueSets: [{ url: 'urn:x', compose }],
  });
  const started = performance.now();
  expect(() => expandValueSet(held, 'urn:x')).toThrow('expansion-too-costly');
  expect(performance.now() - started).toBeLessThan(3000);
});
