/** Searches by what terminology says: of packaged and of stored value sets, within what the caller sees; and packaged ones found. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { callerOf, openWorld, refsOf, type World } from '../../world.ts';

const clinic = callerOf('clinic');
const SYSTEM = 'http://example.org/CodeSystem/kinds';
const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

let world: World;
const refs: Record<string, string> = {};
let setRef = '';

async function add(name: string, coding: object): Promise<void> {
  const { resourceType, id } = await world.create(clinic, {
    resourceType: 'Basic',
    code: { coding: [coding] },
  } as Resource);
  refs[name] = `${resourceType}/${id}`;
}

beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('clinic', 'other');
  await world.create(clinic, {
    resourceType: 'CodeSystem',
    url: SYSTEM,
    status: 'active',
    content: 'complete',
    concept: [
      { code: 'food', concept: [{ code: 'fruit', concept: [{ code: 'apple' }] }, { code: 'bread' }] },
      { code: 'tool' },
    ],
  } as Resource);
  const stored = await world.create(clinic, {
    resourceType: 'ValueSet',
    url: 'http://example.org/ValueSet/fruit',
    status: 'active',
    compose: { include: [{ system: SYSTEM, filter: [{ property: 'concept', op: 'is-a', value: 'fruit' }] }] },
  } as Resource);
  setRef = `ValueSet/${stored.id}`;
  for (const code of ['food', 'apple', 'bread', 'tool']) await add(code, { system: SYSTEM, code });
  await add('apple elsewhere', { system: 'urn:x', code: 'apple' });
  await add('visit', { system: ACT, code: 'ACUTE' });
});
afterAll(() => world.close());

const found = async (query: string) => {
  const bundle = await world.bundle(clinic, `Basic?${query}`);
  return refsOf(bundle)
    .map((ref) => Object.keys(refs).find((name) => refs[name] === ref) ?? ref)
    .toSorted();
};
const quote = encodeURIComponent;

describe('by a value set, by a hierarchy', () => {
  test.each<[string, () => string, readonly string[]]>([
    ['in a stored value set', () => `code:in=${quote('http://example.org/ValueSet/fruit')}`, ['apple']],
    ['in a stored value set, by its address', () => `code:in=${setRef}`, ['apple']],
    ['not in it', () => `code:not-in=${setRef}`, ['apple elsewhere', 'bread', 'food', 'tool', 'visit']],
    [
      'in a packaged one',
      () => `code:in=${quote('http://terminology.hl7.org/ValueSet/v3-ActEncounterCode')}`,
      ['visit'],
    ],
    ['in a packaged one, by its address', () => 'code:in=ValueSet/v3-ActEncounterCode', ['visit']],
    ['below a stored code', () => `code:below=${quote(`${SYSTEM}|food`)}`, ['apple', 'bread', 'food']],
    ['above a stored code', () => `code:above=${quote(`${SYSTEM}|apple`)}`, ['apple', 'food']],
    ['below a packaged code', () => `code:below=${quote(`${ACT}|_ActEncounterCode`)}`, ['visit']],
  ])('%s', async (_what, query, expected) => {
    expect(await found(query())).toEqual(expected);
  });

  test.each([
    ['code:in=http://example.org/ValueSet/none', 'value-set-unknown'],
    ['code:in=ValueSet/none', 'value-set-unknown'],
    ['code:in=http://hl7.org/fhir/ValueSet/observation-codes', 'code-system-unknown'],
    ['code:below=http://loinc.org|1-1', 'code-system-unknown'],
  ])('refuses %s', async (query, code) => {
    expect((await world.ask(clinic, 'GET', `Basic?${query}`)).code).toBe(code);
  });
});

describe('what comes with the server', () => {
  const ask = async (url: string) => {
    const { entry = [], total } = await world.bundle(clinic, url);
    return [
      total,
      entry.map(({ resource, search }) => `${resource?.resourceType}/${resource?.id} ${search?.mode}`),
    ];
  };

  test.each([
    [
      'StructureDefinition?url=http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralTask',
      'StructureDefinition/BSeR-ReferralTask',
    ],
    ['ValueSet?url=http://hl7.org/fhir/ValueSet/task-status', 'ValueSet/task-status'],
    ['ValueSet?url=http://hl7.org/fhir/ValueSet/task-status&version=4.0.1', 'ValueSet/task-status'],
    ['CodeSystem?url=http://hl7.org/fhir/us/bser/CodeSystem/bser', 'CodeSystem/bser'],
    ['CodeSystem?_id=v3-ActCode', 'CodeSystem/v3-ActCode'],
    [
      'OperationDefinition?url=https://closeloop.dev/fhir/OperationDefinition/ValueSet-expand',
      'OperationDefinition/ValueSet-expand',
    ],
  ])('is found by %s', async (url, ref) => {
    expect(await ask(`${url}&_total=accurate`)).toEqual([1, [`${ref} match`]]);
  });

  test.each([
    'ValueSet?url=http://hl7.org/fhir/ValueSet/task-status&version=5.0.0',
    'ValueSet?url=http://hl7.org/fhir/ValueSet/task-status&status=draft',
    'ValueSet?url:below=http://hl7.org/fhir/ValueSet',
    'CodeSystem?url=http://hl7.org/fhir/ValueSet/task-status',
  ])('is not found by %s', async (url) => {
    expect(await ask(`${url}&_total=accurate`)).toEqual([0, []]);
  });

  test('is counted', async () => {
    expect(await ask('ValueSet?url=http://hl7.org/fhir/ValueSet/task-status&_summary=count')).toEqual([
      1,
      [],
    ]);
  });

  test('gives way to a stored one of the same canonical', async () => {
    const url = 'http://hl7.org/fhir/ValueSet/goal-status';
    const stored = await world.create(clinic, {
      resourceType: 'ValueSet',
      url,
      status: 'active',
    } as Resource);
    expect(await ask(`ValueSet?url=${url}&_total=accurate`)).toEqual([1, [`ValueSet/${stored.id} match`]]);
  });
});
