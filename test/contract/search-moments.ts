/** Search: as of a seq (laws 9, 10 and 18), in order, page by page. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Clause, SortKey } from '../../src/ports/query.ts';
import { bruteForce } from './search-oracle.ts';
import { all, find, openOnce, PREFIXES, token, v } from './search-words.ts';
import type { SearchEngine } from './search-words.ts';
import { ask, SearchWorld } from './search-world.ts';
import type { Put } from './search-world.ts';

const statusOf = (code: string): Put => ({ ref: 'Task/m', values: [v('status', code)] });

export function describeMoments(open: () => Promise<SearchEngine>): void {
  let engine: SearchEngine;
  beforeAll(async () => {
    engine = await open();
  });
  afterAll(() => engine.close());

  test('a search sees exactly the versions of its seq, after updates and deletes', async () => {
    const world = new SearchWorld(engine.store, engine.others);
    const seqs = [
      await world.put(statusOf('one')),
      await world.put(statusOf('two')),
      await world.put({ ref: 'Task/m', gone: true }),
      await world.put(statusOf('three')),
    ];
    const seen = await Promise.all(
      seqs.map(async (seq) => {
        const page = await engine.store.snapshot(seq).search(ask(token('status')));
        const by = await Promise.all(
          ['one', 'two', 'three'].map(
            async (code) => (await find(world, ask(token('status', code)), seq)).length,
          ),
        );
        return [page.matches.map((match) => match.seq), by];
      }),
    );
    expect(seen).toEqual([
      [[seqs[0]], [1, 0, 0]],
      [[seqs[1]], [0, 1, 0]],
      [[], [0, 0, 0]],
      [[seqs[3]], [0, 0, 1]],
    ]);
  });

  test('a match carries text, version and custodian', async () => {
    const world = new SearchWorld(engine.store, engine.others);
    const seq = await world.put({ ref: 'Basic/one', custodian: 'Organization/o' }, { ref: 'Basic/two' });
    const { matches } = await engine.store.snapshot().search(ask(all(), { type: 'Basic' }));
    expect(matches).toEqual([
      { ref: 'Basic/two', seq, text: '{"ref":"Basic/two"}', custodian: '' },
      { ref: 'Basic/one', seq, text: '{"ref":"Basic/one"}', custodian: 'Organization/o' },
    ]);
  });

  test('a commit in which an expected search finds something else is refused (law 18)', async () => {
    const world = new SearchWorld(engine.store, engine.others);
    await world.put({ ref: 'Coverage/one', values: [v('identifier', 'x')] });
    const query = ask(token('identifier', 'x'), { type: 'Coverage' });
    const offer = (refs: readonly Ref[]): Promise<unknown> => world.expecting({ query, refs });
    await expect(offer([])).rejects.toMatchObject({ reason: 'unexpected' });
    await expect(offer(['Coverage/one'])).resolves.toMatchObject({ replayed: false });
  });

  test('_lastUpdated is the instant of the commit', async () => {
    const world = new SearchWorld(engine.store, engine.others);
    const seqs: number[] = [];
    for (const ref of ['Contract/1', 'Contract/2', 'Contract/3'] as const) {
      seqs.push(await world.put({ ref }));
    }
    const at = world.moment(seqs[2] ?? 0).get('Contract/2')?.at ?? 0;
    const found = await Promise.all(
      PREFIXES.map(async (prefix) => {
        const where: Clause = { kind: 'updated', prefix, low: at, high: at };
        return `${prefix} ${(await find(world, ask(where, { type: 'Contract' }))).join('')}`;
      }),
    );
    expect(found).toEqual(['eq 2', 'ne 31', 'gt 3', 'lt 1', 'ge 32', 'le 21', 'sa 3', 'eb 1', 'ap 2']);
  });
}

export function describePages(open: () => Promise<SearchEngine>): void {
  const world = openOnce(open, async (one) => {
    for (let i = 0; i < 25; i += 1) {
      const values = [v('code', i % 2 === 0 ? 'even' : 'odd'), v('when', 100 - (i % 7), 200)];
      await one.put({ ref: `Task/${i}`, values: i % 5 === 0 ? values.slice(0, 1) : values });
    }
  });
  const sorts: readonly [string, readonly SortKey[]][] = [
    ['newest first', []],
    ['oldest first', [{ param: '_lastUpdated', descending: false }]],
    ['by a date', [{ param: 'when', descending: false }]],
    ['by a date, last first', [{ param: 'when', descending: true }]],
    ['by id', [{ param: '_id', descending: false }]],
    [
      'by two',
      [
        { param: 'code', descending: true },
        { param: 'when', descending: false },
      ],
    ],
  ];
  test.each(sorts)('pages as of one seq are stable under concurrent writes: %s', async (_says, sort) => {
    const { store } = world();
    const snapshot = store.snapshot();
    const query = ask(token('code', 'even'), { sort, count: 3 });
    const whole = bruteForce(world().moment(snapshot.seq), query);
    const pages: Ref[] = [];
    for (let offset = 0, more = true; more; offset += 3) {
      const page = await snapshot.search({ ...query, offset });
      expect(page.total).toBe(13);
      pages.push(...page.matches.map(({ ref }) => ref));
      more = page.more;
      const n = offset % 25;
      await world().put({
        ref: `Task/${n}`,
        values: [v('code', n % 2 === 0 ? 'even' : 'odd'), v('when', 99, 200)],
      });
    }
    expect(pages).toEqual(whole);
    expect(pages.length).toBe(13);
  });

  test('a page of nothing still counts', async () => {
    const page = await world()
      .store.snapshot()
      .search(ask(token('code', 'odd'), { count: 0 }));
    expect(page).toEqual({ matches: [], more: true, total: 12 });
  });

  test('behind the end', async () => {
    const page = await world()
      .store.snapshot()
      .search(ask(token('code', 'odd'), { offset: 12 }));
    expect(page).toEqual({ matches: [], more: false, total: 12 });
  });

  test('no total unless asked for', async () => {
    const page = await world()
      .store.snapshot()
      .search(ask(token('code', 'odd'), { count: 1, total: false }));
    expect(page).not.toHaveProperty('total');
    expect(page.more).toBe(true);
  });
}
