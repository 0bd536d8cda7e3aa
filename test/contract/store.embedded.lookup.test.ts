/** A search by a reference and further values, or by one of several values, is answered in place; the same answer as a thread gives. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Clause, Query, SearchValue } from '../../src/ports/query.ts';
import type { EmbeddedStore } from '../../src/stores/embedded/open.ts';
import { openDatabase } from '../../src/stores/embedded/folder/connection.ts';
import { pathsOf } from '../../src/stores/embedded/folder/folder.ts';
import { rememberSeldomValues } from '../../src/stores/embedded/search/seldom-values.ts';
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

describe('a parameter by which nothing is found again and again', () => {
  test('is found by as soon as something is written, and as of an earlier moment when it is gone', async () => {
    const own = await world.open();
    const of = (low: Ref, seq?: number) => refsAbout(own, low, seq);
    await own.commit(commitOf([write('Consent/first', { values: about(FEW, 'active') })]));
    for (let id = 0; id < 40; id += 1) expect(await of(`Patient/none-${id}`)).toEqual([]);
    expect(await of(FEW)).toEqual(['Consent/first']);
    const { seq } = await own.commit(
      commitOf([write('Consent/new', { values: about('Patient/none-3', 'active') })]),
    );
    expect(await of('Patient/none-3')).toEqual(['Consent/new']);
    expect(await of('Patient/none-3', seq - 1)).toEqual([]);
    const change = write('Consent/new', { base: seq, values: about('Patient/none-4', 'active') });
    await own.commit(commitOf([change]));
    expect([await of('Patient/none-3'), await of('Patient/none-4')]).toEqual([[], ['Consent/new']]);
    expect(await of('Patient/none-3', seq)).toEqual(['Consent/new']);
  });

  test('is found by when many values have come', async () => {
    const own = await world.open();
    for (let id = 0; id < 40; id += 1) expect(await refsAbout(own, `Patient/none-${id}`)).toEqual([]);
    const many = Array.from({ length: 2100 }, (_, i) =>
      write(`Consent/m-${i}`, { values: about(`Patient/m-${i}`, 'active') }),
    );
    await own.commit(commitOf(many));
    expect(await refsAbout(own, 'Patient/m-0')).toEqual(['Consent/m-0']);
    expect(await refsAbout(own, 'Patient/m-2099')).toEqual(['Consent/m-2099']);
    expect(await refsAbout(own, 'Patient/none-0')).toEqual([]);
  });

  test('is looked up again when others may have written', () => {
    const db = openDatabase(pathsOf(store.folder).database, { readOnly: true, cacheKib: 1024 });
    const values = rememberSeldomValues(db);
    const noteVain = (): void => {
      for (let i = 0; i < 16; i += 1) values.noteNone('Appointment', 'patient');
    };
    expect(values.hasNone('Appointment', 'patient', FEW)).toBe(false);
    noteVain();
    expect(values.hasNone('Appointment', 'patient', FEW)).toBe(true);
    expect(values.hasNone('Appointment', 'patient', '\ud800')).toBe(false);
    values.forgetAll();
    expect(values.hasNone('Appointment', 'patient', FEW)).toBe(false);
    db.close();
  });
});

async function refsAbout(own: EmbeddedStore, low: Ref, seq?: number): Promise<readonly Ref[]> {
  const query = { type: 'Consent', sort: [], sight: EVERYTHING, count: 100, offset: 0, total: false };
  const { matches } = await own.snapshot(seq).search({ ...query, where: patient(low) });
  return matches.map(({ ref }) => ref);
}
