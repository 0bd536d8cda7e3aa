/** $expand, $validate-code, $lookup and $subsumes: on what is packaged, stored and sent along, asked as a client does. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Parameters, Resource, ValueSet } from '../../../src/fhir/types.ts';
import { callerOf, openWorld, type World } from '../../world.ts';

const clinic = callerOf('clinic');
const ANIMALS = 'http://example.org/CodeSystem/animals';
const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const TASK = 'http://hl7.org/fhir/task-status';

const named = (code: string, display: string, more: object = {}) => ({ code, display, ...more });
const animals = {
  resourceType: 'CodeSystem',
  url: ANIMALS,
  version: '1',
  name: 'Animals',
  status: 'active',
  content: 'complete',
  caseSensitive: false,
  property: [
    { code: 'legs', type: 'integer' },
    { code: 'status', type: 'code' },
    { code: 'notSelectable', type: 'boolean' },
    { code: 'parent', type: 'code' },
  ],
  concept: [
    named('animal', 'Animal', {
      property: [{ code: 'notSelectable', valueBoolean: true }],
      concept: [
        named('cat', 'Cat', {
          definition: 'It purrs.',
          designation: [{ language: 'fr', value: 'Chat' }],
          property: [{ code: 'legs', valueInteger: 4 }],
          concept: [named('kitten', 'Kitten', { property: [{ code: 'legs', valueInteger: 4 }] })],
        }),
        named('bird', 'Bird', { property: [{ code: 'legs', valueInteger: 2 }] }),
        named('dodo', 'Dodo', {
          property: [
            { code: 'status', valueCode: 'retired' },
            { code: 'parent', valueCode: 'bird' },
          ],
        }),
      ],
    }),
  ],
};
const setOf = (name: string, compose: object, more: object = {}) => ({
  resourceType: 'ValueSet',
  url: `http://example.org/ValueSet/${name}`,
  status: 'active',
  compose,
  ...more,
});
const filtered = (property: string, op: string, value: string) => ({
  include: [{ system: ANIMALS, filter: [{ property, op, value }] }],
});

let world: World;
let cats: string;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('clinic');
  await world.create(clinic, animals as Resource);
  const stored = await world.create(clinic, setOf('cats', filtered('concept', 'is-a', 'cat')) as Resource);
  cats = `ValueSet/${stored.id}`;
  await world.create(
    clinic,
    setOf('birds', {
      include: [{ system: ANIMALS, concept: [{ code: 'bird', display: 'Feathered' }] }],
    }) as Resource,
  );
  await world.create(
    clinic,
    setOf('round-a', { include: [{ valueSet: ['http://example.org/ValueSet/round-b'] }] }) as Resource,
  );
  await world.create(
    clinic,
    setOf('round-b', { include: [{ valueSet: ['http://example.org/ValueSet/round-a'] }] }) as Resource,
  );
});
afterAll(() => world.close());

const asParameters = (values: Readonly<Record<string, unknown>>) => ({
  resourceType: 'Parameters',
  parameter: Object.entries(values).map(([key, value]) => {
    const [name, element] = key.split(' ');
    return { name, [element ?? 'valueString']: value };
  }),
});
const get = (path: string, query: Readonly<Record<string, string>>) =>
  world.ask(clinic, 'GET', `${path}?${new URLSearchParams(query).toString()}`);
const post = (path: string, values: Readonly<Record<string, unknown>>) =>
  world.ask(clinic, 'POST', path, asParameters(values));

async function codesOf(answer: ReturnType<typeof get>): Promise<readonly (string | undefined)[]> {
  const { json, text } = await answer;
  const { expansion } = json as unknown as ValueSet; // answered by $expand
  if (expansion === undefined) throw new Error(text);
  return (expansion.contains ?? []).map(({ code }) => code);
}
const compose = (composed: object) =>
  codesOf(post('ValueSet/$expand', { 'valueSet resource': setOf('x', composed) }));

describe('$expand', () => {
  test('a packaged value set by its canonical', async () => {
    const { status, json } = await get('ValueSet/$expand', {
      url: 'http://hl7.org/fhir/ValueSet/task-status',
    });
    const { expansion, url, status: state } = json as unknown as ValueSet; // answered by $expand
    expect([status, url, state]).toEqual([200, 'http://hl7.org/fhir/ValueSet/task-status', 'active']);
    expect(expansion).toMatchObject({
      identifier: expect.stringMatching(/^urn:uuid:/),
      timestamp: expect.stringMatching(/Z$/),
      total: 12,
    });
    expect(expansion?.contains?.[0]).toEqual({ system: TASK, code: 'draft', display: 'Draft' });
  });

  test('an instance, stored or packaged', async () => {
    expect(await codesOf(get(`${cats}/$expand`, {}))).toEqual(['cat', 'kitten']);
    expect(await codesOf(get('ValueSet/TaskBusinessStatusVS/$expand', {}))).toContain('5.1.1');
  });

  test('a value set that is sent, bare or as a parameter', async () => {
    const sent = setOf('sent', { include: [{ valueSet: ['http://example.org/ValueSet/cats'] }] });
    const bare = world.ask(clinic, 'POST', 'ValueSet/$expand', sent);
    expect(await codesOf(bare)).toEqual(['cat', 'kitten']);
    expect(await codesOf(post('ValueSet/$expand', { 'valueSet resource': sent }))).toEqual(['cat', 'kitten']);
  });

  test.each<[string, object, readonly string[]]>([
    ['a whole system', { include: [{ system: ANIMALS }] }, ['animal', 'cat', 'kitten', 'bird', 'dodo']],
    ['is-a', filtered('concept', 'is-a', 'bird'), ['bird', 'dodo']],
    ['is-a, in another case', filtered('concept', 'is-a', 'BIRD'), ['bird', 'dodo']],
    ['descendent-of', filtered('concept', 'descendent-of', 'cat'), ['kitten']],
    ['is-not-a', filtered('concept', 'is-not-a', 'cat'), ['animal', 'bird', 'dodo']],
    ['generalizes', filtered('concept', 'generalizes', 'kitten'), ['animal', 'cat', 'kitten']],
    ['in', filtered('concept', 'in', 'cat, dodo'), ['cat', 'dodo']],
    ['not-in', filtered('code', 'not-in', 'cat,dodo'), ['animal', 'kitten', 'bird']],
    ['regex, of the whole code', filtered('code', 'regex', '[cd].*t|dodo'), ['cat', 'dodo']],
    ['= of a property', filtered('legs', '=', '4'), ['cat', 'kitten']],
    ['exists', filtered('legs', 'exists', 'true'), ['cat', 'kitten', 'bird']],
    ['exists not', filtered('legs', 'exists', 'false'), ['animal', 'dodo']],
    ['a property of every system', filtered('inactive', '=', 'true'), ['dodo']],
    ['parent', filtered('parent', '=', 'animal'), ['cat', 'bird', 'dodo']],
    ['display', filtered('display', '=', 'Cat'), ['cat']],
    [
      'two filters at once',
      {
        include: [
          {
            system: ANIMALS,
            filter: [
              { property: 'legs', op: '=', value: '4' },
              { property: 'concept', op: 'descendent-of', value: 'cat' },
            ],
          },
        ],
      },
      ['kitten'],
    ],
    [
      'an exclude',
      { include: [{ system: ANIMALS }], exclude: [{ valueSet: ['http://example.org/ValueSet/cats'] }] },
      ['animal', 'bird', 'dodo'],
    ],
    [
      'what is in both',
      {
        include: [
          {
            system: ANIMALS,
            concept: [{ code: 'cat' }, { code: 'bird' }],
            valueSet: ['http://example.org/ValueSet/cats'],
          },
        ],
      },
      ['cat'],
    ],
    [
      'includes, without repetition',
      {
        include: [
          { valueSet: ['http://example.org/ValueSet/cats'] },
          { system: ANIMALS, concept: [{ code: 'cat' }, { code: 'bird' }] },
        ],
      },
      ['cat', 'kitten', 'bird'],
    ],
    [
      'without what is inactive',
      { inactive: false, include: [{ system: ANIMALS }] },
      ['animal', 'cat', 'kitten', 'bird'],
    ],
  ])('%s', async (_what, composed, expected) => {
    expect(await compose(composed)).toEqual(expected);
  });

  test.each<[Readonly<Record<string, string>>, readonly string[]]>([
    [{ filter: 'kit' }, ['kitten']],
    [{ filter: 'CÁT' }, ['cat']],
    [{ count: '2' }, ['animal', 'cat']],
    [{ count: '2', offset: '3' }, ['bird', 'dodo']],
    [{ count: '0' }, []],
    [{ activeOnly: 'true', excludeNotForUI: 'true' }, ['cat', 'kitten', 'bird']],
    [{ excludeNested: 'true', offset: '4' }, ['dodo']],
  ])('with %j', async (asked, expected) => {
    const { id } = await world.create(
      clinic,
      setOf(`all-${JSON.stringify(asked).length}`, { include: [{ system: ANIMALS }] }) as Resource,
    );
    expect(await codesOf(get(`ValueSet/${id}/$expand`, asked))).toEqual(expected);
  });

  test('displays: of the value set first, of a language, and all of them', async () => {
    const birds = await get('ValueSet/$expand', { url: 'http://example.org/ValueSet/birds' });
    expect((birds.json as unknown as ValueSet).expansion?.contains?.[0]?.display).toBe('Feathered');
    const french = await get(`${cats}/$expand`, { displayLanguage: 'fr', includeDesignations: 'true' });
    expect((french.json as unknown as ValueSet).expansion?.contains?.[0]).toMatchObject({
      display: 'Chat',
      designation: [{ language: 'fr', value: 'Chat' }],
    });
  });

  test.each<[string, () => ReturnType<typeof get>, number, string]>([
    [
      'a value set that is not here',
      () => get('ValueSet/$expand', { url: 'urn:none' }),
      404,
      'value-set-unknown',
    ],
    ['an instance that is not here', () => get('ValueSet/none/$expand', {}), 404, 'not-found'],
    ['nothing', () => get('ValueSet/$expand', {}), 422, 'field-missing'],
    [
      'a system that is not here',
      () => get('ValueSet/$expand', { url: 'http://hl7.org/fhir/ValueSet/observation-codes' }),
      422,
      'code-system-unknown',
    ],
    [
      'a grammar',
      () => get('ValueSet/$expand', { url: 'http://hl7.org/fhir/ValueSet/mimetypes' }),
      422,
      'expansion-too-costly',
    ],
    [
      'a circle',
      () => get('ValueSet/$expand', { url: 'http://example.org/ValueSet/round-a' }),
      422,
      'value-set-invalid',
    ],
    ['an unknown property', () => sent(filtered('wings', '=', '2')), 422, 'value-set-invalid'],
    ['a code that is none', () => sent(filtered('concept', 'is-a', 'dog')), 422, 'value-set-invalid'],
    ['a bad expression', () => sent(filtered('code', 'regex', '(a+')), 422, 'value-set-invalid'],
    ['a negative page', () => get(`${cats}/$expand`, { offset: '-1' }), 400, 'parameter-invalid'],
    ['an unknown parameter', () => get(`${cats}/$expand`, { page: '1' }), 400, 'parameter-unknown'],
  ])('refuses %s', async (_what, ask, status, code) => {
    const answer = await ask();
    expect([answer.status, answer.code]).toEqual([status, code]);
  });
});

const sent = (composed: object) => post('ValueSet/$expand', { 'valueSet resource': setOf('x', composed) });

async function resultOf(answer: ReturnType<typeof get>): Promise<unknown> {
  const { json, text } = await answer;
  const { parameter } = json as unknown as Parameters; // answered by $validate-code
  if (parameter === undefined) throw new Error(text);
  return parameter.find(({ name }) => name === 'result')?.valueBoolean;
}

describe('ValueSet/$validate-code', () => {
  const url = 'http://hl7.org/fhir/ValueSet/task-status';
  const ours = 'http://example.org/ValueSet/cats';

  test.each<[string, () => ReturnType<typeof get>, boolean]>([
    ['a member', () => get('ValueSet/$validate-code', { url, system: TASK, code: 'accepted' }), true],
    ['no member', () => get('ValueSet/$validate-code', { url, system: TASK, code: 'nothing' }), false],
    [
      'a code of another system',
      () => get('ValueSet/$validate-code', { url, system: ACT, code: 'accepted' }),
      false,
    ],
    [
      'its display',
      () => get('ValueSet/$validate-code', { url, system: TASK, code: 'accepted', display: 'ACCEPTED' }),
      true,
    ],
    [
      'another display',
      () => get('ValueSet/$validate-code', { url, system: TASK, code: 'accepted', display: 'Refused' }),
      false,
    ],
    ['in an instance', () => get(`${cats}/$validate-code`, { system: ANIMALS, code: 'KITTEN' }), true],
    [
      'of the packaged instance',
      () => get('ValueSet/task-status/$validate-code', { system: TASK, code: 'draft' }),
      true,
    ],
    [
      'a display of another language',
      () => get('ValueSet/$validate-code', { url: ours, system: ANIMALS, code: 'cat', display: 'chat' }),
      true,
    ],
    [
      'a Coding',
      () =>
        post('ValueSet/$validate-code', {
          'url valueUri': ours,
          'coding valueCoding': { system: ANIMALS, code: 'cat' },
        }),
      true,
    ],
    [
      'one of a concept',
      () =>
        post('ValueSet/$validate-code', {
          'url valueUri': ours,
          'codeableConcept valueCodeableConcept': {
            coding: [
              { system: ANIMALS, code: 'bird' },
              { system: ANIMALS, code: 'cat' },
            ],
          },
        }),
      true,
    ],
    [
      'a concept in words',
      () =>
        post('ValueSet/$validate-code', {
          'url valueUri': ours,
          'codeableConcept valueCodeableConcept': { text: 'cat' },
        }),
      false,
    ],
    [
      'of a set that is sent',
      () =>
        post('ValueSet/$validate-code', {
          'valueSet resource': setOf('x', { include: [{ system: ANIMALS }] }),
          'coding valueCoding': { system: ANIMALS, code: 'bird' },
        }),
      true,
    ],
    [
      'a code that only groups',
      () =>
        post('ValueSet/$validate-code', {
          'valueSet resource': setOf('x', { include: [{ system: ANIMALS }] }),
          'coding valueCoding': { system: ANIMALS, code: 'animal' },
        }),
      false,
    ],
    [
      'a code that only groups, where it will do',
      () =>
        post('ValueSet/$validate-code', {
          'valueSet resource': setOf('x', { include: [{ system: ANIMALS }] }),
          'coding valueCoding': { system: ANIMALS, code: 'animal' },
          'abstract valueBoolean': true,
        }),
      true,
    ],
    [
      'what is listed, whatever the system',
      () =>
        get('ValueSet/$validate-code', {
          url: 'http://hl7.org/fhir/ValueSet/condition-severity',
          system: 'http://snomed.info/sct',
          code: '24484000',
        }),
      true,
    ],
  ])('%s', async (_what, ask, expected) => {
    expect(await resultOf(ask())).toBe(expected);
  });

  test.each<[string, () => ReturnType<typeof get>, number, string]>([
    [
      'what is not known',
      () =>
        get('ValueSet/$validate-code', {
          url: 'http://hl7.org/fhir/ValueSet/observation-codes',
          system: 'http://loinc.org',
          code: '1-1',
        }),
      422,
      'code-system-unknown',
    ],
    [
      'no value set',
      () => get('ValueSet/$validate-code', { system: TASK, code: 'draft' }),
      422,
      'field-missing',
    ],
    [
      'an unknown value set',
      () => get('ValueSet/$validate-code', { url: 'urn:none', system: TASK, code: 'draft' }),
      404,
      'value-set-unknown',
    ],
    [
      'a code without its system',
      () => get('ValueSet/$validate-code', { url, code: 'draft' }),
      422,
      'field-missing',
    ],
    ['no code', () => get('ValueSet/$validate-code', { url }), 400, 'parameter-invalid'],
    [
      'two codes',
      () =>
        post('ValueSet/$validate-code', {
          'url valueUri': url,
          'code valueCode': 'draft',
          'system valueUri': TASK,
          'coding valueCoding': { code: 'draft' },
        }),
      400,
      'parameter-invalid',
    ],
  ])('refuses %s', async (_what, ask, status, code) => {
    const answer = await ask();
    expect([answer.status, answer.code]).toEqual([status, code]);
  });
});

describe('CodeSystem/$validate-code', () => {
  test.each<[string, () => ReturnType<typeof get>, boolean]>([
    ['a code', () => get('CodeSystem/$validate-code', { url: TASK, code: 'draft' }), true],
    ['no code of it', () => get('CodeSystem/$validate-code', { url: TASK, code: 'Draft' }), false],
    [
      'a stored system, in another case',
      () => get('CodeSystem/$validate-code', { url: ANIMALS, code: 'CAT' }),
      true,
    ],
    [
      'a Coding alone',
      () => post('CodeSystem/$validate-code', { 'coding valueCoding': { system: TASK, code: 'draft' } }),
      true,
    ],
    ['a language', () => get('CodeSystem/$validate-code', { url: 'urn:ietf:bcp:47', code: 'en-GB' }), true],
    [
      'no language',
      () => get('CodeSystem/$validate-code', { url: 'urn:ietf:bcp:47', code: 'english!' }),
      false,
    ],
    [
      'a sent system',
      () => post('CodeSystem/$validate-code', { 'codeSystem resource': animals, 'code valueCode': 'cat' }),
      true,
    ],
    ['an instance', () => get('CodeSystem/bser/$validate-code', { code: 'ORSI' }), true],
  ])('%s', async (_what, ask, expected) => {
    expect(await resultOf(ask())).toBe(expected);
  });

  test('a system that is not here', async () => {
    const { status } = await get('CodeSystem/$validate-code', { url: 'http://loinc.org', code: '1-1' });
    expect(status).toBe(404);
  });
});

describe('CodeSystem/$lookup', () => {
  const partsOf = async (query: Readonly<Record<string, string>>) => {
    const { json } = await get('CodeSystem/$lookup', query);
    return (json as unknown as Parameters).parameter ?? []; // answered by $lookup
  };

  test('what is known of a code', async () => {
    const told = await partsOf({ system: ANIMALS, code: 'cat' });
    expect(told.slice(0, 3)).toEqual([
      { name: 'name', valueString: 'Animals' },
      { name: 'version', valueString: '1' },
      { name: 'display', valueString: 'Cat' },
    ]);
    const properties = told.filter(({ name }) => name === 'property').map(({ part = [] }) => part);
    expect(properties).toEqual([
      [
        { name: 'code', valueCode: 'definition' },
        { name: 'value', valueString: 'It purrs.' },
      ],
      [
        { name: 'code', valueCode: 'inactive' },
        { name: 'value', valueBoolean: false },
      ],
      [
        { name: 'code', valueCode: 'parent' },
        { name: 'value', valueCode: 'animal' },
      ],
      [
        { name: 'code', valueCode: 'child' },
        { name: 'value', valueCode: 'kitten' },
      ],
      [
        { name: 'code', valueCode: 'legs' },
        { name: 'value', valueInteger: 4 },
      ],
    ]);
  });

  test('only the properties asked for', async () => {
    const told = await partsOf({ system: ANIMALS, code: 'cat', property: 'legs' });
    expect(told.filter(({ name }) => name === 'property')).toHaveLength(1);
  });

  test('packaged codes, and what is not here', async () => {
    expect(await partsOf({ system: ACT, code: 'AMB' })).toContainEqual({
      name: 'display',
      valueString: 'ambulatory',
    });
    for (const [query, status] of [
      [{ system: ACT, code: 'none' }, 404],
      [{ system: 'http://loinc.org', code: '1-1' }, 404],
      [{ code: 'AMB' }, 422],
      [{}, 400],
    ] as const)
      expect((await get('CodeSystem/$lookup', query)).status).toBe(status);
  });
});

test.each([
  ['AMB', '_ActEncounterCode', 'subsumed-by'],
  ['_ActEncounterCode', 'AMB', 'subsumes'],
  ['AMB', 'AMB', 'equivalent'],
  ['AMB', 'EMER', 'not-subsumed'],
])('CodeSystem/$subsumes: %s is to %s %s', async (codeA, codeB, outcome) => {
  const { json } = await get('CodeSystem/$subsumes', { system: ACT, codeA, codeB });
  expect((json as unknown as Parameters).parameter).toEqual([{ name: 'outcome', valueCode: outcome }]);
});
