/** A search by a reference and further values, or by one of several values, is answered in place; the same answer as a thread gives. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Clause, Query, SearchValue } from '../../src/ports/query.ts';
import type { EmbeddedStore } from '../../src/stores/embedded/open.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { commitOf, EVERYTHING, NORTH, seenBy, SOUTH, write } from './store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn' });
let store: EmbeddedStore;
afterAll(() => world.end());

const about = (patient: Ref, status: string, system = ''): readonly SearchValue[] => [
  { param: 'patient', low: patient, high: '' },
  { param: 'status', low: status, high: system },
];
const FEW: Ref = 'Patient/few';
const MANY: Ref = 'Patient/many';

beforeAll(async () => {
  store = await world.open();
  await store.commit(
    commitOf([
      write('Consent/active', { values: about(FEW, 'active') }),
      write('Consent/draft', { values: about(FEW, 'draft') }),
      write('Consent/other', { values: about('Patient/other', 'active') }),
      write('Consent/coded', { values: about(FEW, 'active', 'http://other.example.org') }),
    ]),
  );
  const many = Array.from({ length: 70 }, (_, i) =>
    write(`Consent/many-${i}`, { values: about(MANY, i % 2 === 0 ? 'active' : 'draft') }),
  );
  await store.commit(commitOf(many));
});

const patient = (to: Ref): Clause => ({ kind: 'reference', param: 'patient', to: [to] });
const status = (code: string, system?: string): Clause => ({
  kind: 'token',
  param: 'status',
  code,
  ...(system !== undefined && { system }),
});
const found = async (of: readonly Clause[], change: Partial<Query> = {}): Promise<readonly Ref[]> => {
  const where: Clause = { kind: 'all', of };
  const query = { type: 'Consent', where, sort: [], sight: EVERYTHING, count: 100, offset: 0, total: true };
  const page = await store.snapshot().search({ ...query, ...change });
  expect(page.total).toBe(page.matches.length);
  return page.matches.map(({ ref }) => ref).toSorted();
};

test('every value is asked of the same version, whatever their order', async () => {
  expect(await found([patient(FEW), status('active')])).toEqual(['Consent/active', 'Consent/coded']);
  expect(await found([status('active'), patient(FEW)])).toEqual(['Consent/active', 'Consent/coded']);
  expect(await found([status('active', ''), patient(FEW)])).toEqual(['Consent/active']);
  expect(await found([patient(FEW), status('active'), status('draft')])).toEqual([]);
  expect(await found([patient(FEW), patient('Patient/other')])).toEqual([]);
});

test('what many versions have is found all the same', async () => {
  expect(await found([patient(MANY), status('active')])).toHaveLength(35);
  expect(await found([status('active')], { where: status('active') })).toHaveLength(38);
});

test('nobody finds what is not theirs to see', async () => {
  expect(await found([patient(FEW), status('draft')], { sight: seenBy(NORTH) })).toEqual(['Consent/draft']);
  expect(await found([patient(FEW), status('draft')], { sight: seenBy(SOUTH) })).toEqual([]);
});

test('a value of the version before is not found', async () => {
  const { seq } = await store.commit(
    commitOf([write('Consent/changes', { values: about('Patient/changes', 'active') })]),
  );
  await store.commit(
    commitOf([write('Consent/changes', { base: seq, values: about('Patient/changes', 'inactive') })]),
  );
  expect(await found([patient('Patient/changes'), status('active')])).toEqual([]);
  expect(await found([patient('Patient/changes'), status('inactive')])).toEqual(['Consent/changes']);
});

test('one of several values is enough, and who has several is found once', async () => {
  const anyOf = (...of: readonly Clause[]): Clause => ({ kind: 'any', of });
  expect(await found([patient(FEW), anyOf(status('active'), status('draft'))])).toHaveLength(3);
  expect(await found([anyOf(patient(FEW), patient('Patient/other'))])).toHaveLength(4);
  expect(await found([anyOf(patient(FEW), status('active', 'http://other.example.org'))])).toHaveLength(3);
  expect(await found([{ kind: 'reference', param: 'patient', to: [FEW, 'Patient/other'] }])).toHaveLength(4);
  expect(await found([anyOf(patient(FEW), patient(MANY))])).toHaveLength(73);
  expect(await found([patient(FEW), anyOf()])).toEqual([]);
});

test('one of several values: the newest write comes first', async () => {
  const where: Clause = { kind: 'any', of: [patient('Patient/first'), patient('Patient/second')] };
  for (const name of ['second', 'first', 'second-too'] as const)
    await store.commit(
      commitOf([
        write(`Consent/ordered-${name}`, {
          values: about(name === 'first' ? 'Patient/first' : 'Patient/second', 'active'),
        }),
      ]),
    );
  const query = { type: 'Consent', where, sort: [], sight: EVERYTHING, count: 100, offset: 0, total: true };
  const { matches } = await store.snapshot().search(query);
  expect(matches.map(({ ref }) => ref)).toEqual([
    'Consent/ordered-second-too',
    'Consent/ordered-first',
    'Consent/ordered-second',
  ]);
});

test('one of many values is for a thread, and found all the same', async () => {
  const of = Array.from({ length: 20 }, (_, i) => patient(i === 0 ? FEW : `Patient/none-${i}`));
  expect(await found([{ kind: 'any', of }])).toHaveLength(3);
});

test('many further values of many versions are for a thread, and found all the same', async () => {
  const some: Ref = 'Patient/some';
  const writes = Array.from({ length: 60 }, (_, i) =>
    write(`Consent/some-${i}`, { values: about(some, i % 2 === 0 ? 'active' : 'draft') }),
  );
  await store.commit(commitOf(writes));
  const of = ['a', 'b', 'c', 'd', 'e', 'f', 'active'].map((code) => status(code));
  expect(await found([patient(some), { kind: 'any', of }])).toHaveLength(30);
});
