/** Sets of versions that a connection remembers (version-sets.ts) lack nothing that was written since. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Query, SortKey } from '../../src/ports/query.ts';
import { openDatabase } from '../../src/stores/embedded/folder/connection.ts';
import { pathsOf } from '../../src/stores/embedded/folder/folder.ts';
import { LIMITS, type Limits } from '../../src/stores/embedded/search/search-context.ts';
import { searchPage } from '../../src/stores/embedded/search/search.ts';
import { openStore } from '../../src/stores/index.ts';
import { all, find, openOnce, to, token, v, type SearchEngine } from './search-words.ts';
import { ask, EVERYTHING, seenBy, type Put, type SearchWorld } from './search-world.ts';

/** Nothing is sorted at once, so that sets are asked; small ones are forgotten all the time, and none. */
const WAYS: readonly Partial<Limits>[] = [
  { many: 1, few: 0, sorted: 0, sortable: 1000, tried: 1, triedLong: 1 },
  { many: 1, few: 0, sorted: 0, sortable: 0, tried: 1, triedLong: 1 },
  { many: 1, few: 0, sorted: 3, sortable: 4, tried: 1, triedLong: 1, setBytes: 40 },
  { many: 1, few: 0, sorted: 0, sortable: 1000, tried: 1, triedLong: 1, setBytes: 0 },
  { many: 1, few: 0, sorted: 0, sortable: 1000, tried: 1, triedLong: 1, narrow: 0 },
];

async function open(): Promise<SearchEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'closeloop-sets-'));
  const store = await openStore({
    folder,
    writer: 'turn',
    reserveBytes: 0,
    pragmas: ['synchronous=OFF'],
  });
  const dbs = WAYS.map(() => openDatabase(pathsOf(folder).database, { readOnly: true, cacheKib: 1024 }));
  return {
    store,
    others: WAYS.map((limits, way) => async (query, seq) => {
      const moment = { seq, now: Date.now() };
      const { matches, total } = searchPage(dbs[way]!, query, moment, undefined, { ...LIMITS, ...limits });
      return { refs: matches.map(({ ref }) => ref), ...(total !== undefined && { total }) };
    }),
    async close() {
      for (const db of dbs) db.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

const [HERE, THERE]: readonly Ref[] = ['Organization/here', 'Organization/there'];
const KEYS: readonly SortKey[] = [
  { param: 'status', descending: false },
  { param: 'when', descending: true },
];

const task = (id: number | string, more: Partial<Put> = {}): Put => ({
  ref: `Task/${id}`,
  custodian: HERE!,
  values: [
    v('owner', THERE!),
    v('status', Number(id) % 2 === 0 ? 'even' : 'odd'),
    v('when', Number(id), Number(id)),
  ],
  ...more,
});

const asked = (more: Partial<Query> = {}): Query =>
  ask(all(to('owner', THERE!)), { sort: KEYS, sight: seenBy(HERE!), ...more });

describe('remembered sets of versions', () => {
  const world = openOnce(open, async (empty: SearchWorld) => {
    await empty.put(...Array.from({ length: 9 }, (_, id) => task(id)));
  });
  const both = (more: Partial<Query> = {}, seq?: number) =>
    Promise.all([
      find(world(), asked(more), seq),
      find(world(), asked({ ...more, sight: seenBy(THERE!) }), seq),
    ]);

  test('have what was there, in the sight of one and not of another', async () => {
    expect(await both()).toEqual([['8', '6', '4', '2', '0', '7', '5', '3', '1'], []]);
  });

  test('order by a later key that is the id, whatever follows it', async () => {
    const sort: readonly SortKey[] = [
      { param: 'unheard', descending: false },
      { param: '_id', descending: false },
      { param: 'when', descending: true },
    ];
    expect((await both({ sort }))[0]).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
    expect(await find(world(), asked({ sort, sight: EVERYTHING }))).toHaveLength(9);
  });

  test('have new resources, new versions, and lack what was deleted', async () => {
    await world().put(task(10), task(11));
    const seq = await world().put(task(4, { values: [v('owner', THERE!), v('status', 'late')] }));
    await world().put(task(8, { gone: true }));
    expect(await both()).toEqual([['10', '6', '2', '0', '4', '11', '7', '5', '3', '1'], []]);
    const before = ['8', '6', '4', '2', '0', '7', '5', '3', '1'];
    expect(await find(world(), asked(), seq - 2)).toEqual(before);
    expect(await find(world(), asked({ where: all(token('status', 'late')) }))).toEqual(['4']);
  });

  test('have what another one was granted sight of, and lose it', async () => {
    await world().put(task(2, { parties: [THERE!] }), task(5, { parties: [THERE!] }));
    expect((await both())[1]).toEqual(['2', '5']);
    const seq = await world().put({
      ref: 'Task/12',
      custodian: HERE!,
      outward: ['Task/7'],
      parties: [THERE!],
    });
    expect((await both())[1]).toEqual(['2', '7', '5']);
    await world().put(task(2));
    expect((await both())[1]).toEqual(['7', '5']);
    expect((await both({}, seq))[1]).toEqual(['2', '7', '5']);
  });

  test('have what enters the directory, and what leaves it', async () => {
    const type = 'Basic';
    const basic = (id: string, everyone: boolean, status: string): Put => ({
      ref: `Basic/${id}`,
      custodian: HERE!,
      everyone,
      values: [v('owner', THERE!), v('status', status)],
    });
    await world().put(basic('a', false, 'one'), basic('b', false, 'two'), basic('c', false, 'one'));
    expect(await both({ type })).toEqual([['c', 'a', 'b'], []]);
    const seq = await world().put(basic('b', true, 'two'), basic('d', true, 'none'));
    expect(await both({ type })).toEqual([
      ['d', 'c', 'a', 'b'],
      ['d', 'b'],
    ]);
    await world().put(basic('b', false, 'two'), basic('d', false, 'none'));
    expect(await both({ type })).toEqual([['d', 'c', 'a', 'b'], []]);
    expect((await both({ type }, seq))[0]).toEqual(['d', 'c', 'a', 'b']);
  });

  test('have a name that nobody had used, and everything for an administrator', async () => {
    const nobody = asked({ where: all(token('status', 'rare')), sight: EVERYTHING });
    expect(await find(world(), nobody)).toEqual([]);
    await world().put(task(20, { values: [v('owner', THERE!), v('status', 'rare')] }));
    expect(await find(world(), nobody)).toEqual(['20']);
    expect(await find(world(), asked({ sight: seenBy('Organization/new') }))).toEqual([]);
    await world().put(task(22, { custodian: 'Organization/new' }));
    expect(await find(world(), asked({ sight: seenBy('Organization/new') }))).toEqual(['22']);
  });
});
