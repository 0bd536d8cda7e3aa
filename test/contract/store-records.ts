/** Laws 20 to 24: records, state that is not FHIR; and law 27, by which what was remembered of them is forgotten. */
import { describe, expect, test } from '@jest/globals';
import type { RecordWrite } from '../../src/ports/record.ts';
import type { Store } from '../../src/ports/store.ts';
import { commitOf, EVERYTHING, find, byStatus, handClock, refusal, status, write } from './store-world.ts';
import type { StoreWorld } from './store-world.ts';

const KIND = 'account';

const record = (given: Partial<RecordWrite> = {}): RecordWrite => ({
  kind: KIND,
  key: 'a',
  expect: 'any',
  body: { is: 'new' },
  ...given,
});

const put = (store: Store, ...records: RecordWrite[]) => store.commit(commitOf([], { records }));
const bodyOf = async (store: Store, key = 'a') => (await store.snapshot().record(KIND, key))?.body;

export function recordLaws(world: StoreWorld): void {
  describe('law 20: what a record write expects', () => {
    test.each([
      ['absent, and there is none', 'absent', 'b', undefined],
      ['absent, and there is one', 'absent', 'a', 'unexpected'],
      ['another version', -1, 'a', 'unexpected'],
      ['a version, and there is none', 1, 'b', 'unexpected'],
      ['the version there is', 0, 'a', undefined],
      ['anything, and there is one', 'any', 'a', undefined],
      ['anything, and there is none', 'any', 'b', undefined],
    ] as const)('(%s) decides the whole commit', async (_, expected, key, refused) => {
      const store = await world.open();
      const { seq } = await put(store, record());
      const expectation = typeof expected === 'number' ? seq + expected : expected;
      const offer = commitOf([write('Task/a')], {
        records: [record({ key, expect: expectation, body: { is: 'next' } })],
      });
      expect(await refusal(store.commit(offer))).toBe(refused);
      const there = (await store.snapshot().read('Task/a', EVERYTHING)) !== undefined;
      expect(there).toBe(refused === undefined);
      expect(await bodyOf(store)).toEqual({ is: refused === undefined && key === 'a' ? 'next' : 'new' });
    });

    test('of many that expect none, one holds, within one group too', async () => {
      const store = await world.open();
      const offers = Array.from({ length: 20 }, (_, i) =>
        refusal(put(store, record({ expect: 'absent', body: { is: i } }))),
      );
      const refusals = await Promise.all(offers);
      expect(refusals.filter((reason) => reason === undefined)).toHaveLength(1);
    });

    test('(keep) a record that a plan relied on and that changed makes it stale', async () => {
      const store = await world.open();
      const { seq } = await put(store, record());
      const keeping = (version: number, key = 'a') =>
        store.commit(
          commitOf([write(`Task/${key}${version}`)], { recordPreconditions: [{ kind: KIND, key, version }] }),
        );
      expect(await refusal(keeping(seq))).toBeUndefined();
      expect(await refusal(keeping(0, 'b'))).toBeUndefined();
      expect(await refusal(keeping(0))).toBe('stale');
      await put(store, record({ body: undefined }));
      expect(await refusal(keeping(seq))).toBe('stale');
    });

    test('a commit writes a record at most once', async () => {
      const store = await world.open();
      await expect(put(store, record(), record())).rejects.toThrow(/at most once/);
    });
  });

  test('law 21: no search, history or read of FHIR finds a record', async () => {
    const store = await world.open();
    await put(store, record({ key: 'Task/a', index: [['status', 'open']] }));
    const { seq } = await store.commit(commitOf([write('Task/b', { values: [status('open')] })]));
    const snapshot = store.snapshot();
    expect(await find(store, byStatus('Task', 'open'))).toEqual(['Task/b']);
    expect(await snapshot.read('Task/a', EVERYTHING)).toBeUndefined();
    const history = await snapshot.history({ count: 10, offset: 0, sight: EVERYTHING, total: true });
    expect(history.versions.map((version) => [version.ref, version.seq])).toEqual([['Task/b', seq]]);
  });

  test('law 21: records are found by kind, name and value, in the order of their keys, and page by page', async () => {
    const store = await world.open();
    const keys = Array.from({ length: 1005 }, (_, i) => `k${String(i).padStart(4, '0')}`);
    await put(store, ...keys.map((key) => record({ key, index: [['owner', 'x']] })));
    await put(store, record({ kind: 'other', key: 'k', index: [['owner', 'x']] }));
    await put(store, record({ key: keys[0] as string, index: [['owner', 'y']] }));
    const first = await store.snapshot().records(KIND, 'owner', 'x');
    const rest = await store.snapshot().records(KIND, 'owner', 'x', first.at(-1)?.key);
    expect([...first, ...rest].map(({ key }) => key)).toEqual(keys.slice(1));
    expect((await store.snapshot().records(KIND, 'owner', 'y')).map(({ key }) => key)).toEqual([keys[0]]);
  });

  describe('law 22: an expired record', () => {
    test('is absent at once, for readers and for what writers expect', async () => {
      const clock = handClock();
      const store = await world.open({ clock });
      await put(store, record({ expiresAt: clock.at + 1000, index: [['owner', 'x']] }));
      clock.at += 999;
      expect(await bodyOf(store)).toEqual({ is: 'new' });
      clock.at += 1;
      expect(await bodyOf(store)).toBeUndefined();
      expect(await store.snapshot().records(KIND, 'owner', 'x')).toEqual([]);
      expect(await refusal(put(store, record({ expect: 'absent', body: { is: 'next' } })))).toBeUndefined();
      expect(await bodyOf(store)).toEqual({ is: 'next' });
    });

    test('goes when the store is idle, the store still verifies, and others stay', async () => {
      const clock = handClock();
      let store = await world.open({ clock });
      await put(store, record({ expiresAt: clock.at + 1000, index: [['owner', 'x']] }), record({ key: 'b' }));
      clock.at += 86_400_000;
      await world.tidy(store);
      expect(await world.leftOf(store, 'new')).toBe(1);
      store = await world.reopen(store, { clock });
      expect(await bodyOf(store, 'b')).toEqual({ is: 'new' });
      expect(await store.verify()).not.toContainEqual(expect.objectContaining({ ok: false }));
    });
  });

  test('law 23: a record that was taken away or written anew leaves its digest alone, and the store verifies', async () => {
    let store = await world.open();
    await put(store, record({ body: { secret: 'one' } }), record({ key: 'b', body: { secret: 'two' } }));
    await put(store, record({ body: { secret: 'three' } }), record({ key: 'b', body: undefined }));
    expect(await bodyOf(store, 'b')).toBeUndefined();
    store = await world.crash(store);
    expect(await store.verify()).not.toContainEqual(expect.objectContaining({ ok: false }));
    expect([await bodyOf(store), await bodyOf(store, 'b')]).toEqual([{ secret: 'three' }, undefined]);
  });

  test('law 24: a record has its current value alone, whatever the snapshot', async () => {
    const store = await world.open();
    const first = await put(store, record());
    const early = store.snapshot(first.seq);
    const { seq } = await put(store, record({ expect: first.seq, body: { is: 'next' } }));
    expect(await early.record(KIND, 'a')).toEqual({
      kind: KIND,
      key: 'a',
      version: seq,
      body: { is: 'next' },
      expiresAt: undefined,
    });
  });

  test('law 27 (smart SM-63): whoever follows has been told of a commit when it is acknowledged', async () => {
    const store = await world.open();
    const told: string[] = [];
    store.follow((commits) => {
      for (const { records = [] } of commits ?? []) told.push(...records.map(({ key }) => key));
      if (commits === undefined) told.push('anything');
    });
    await put(store, record(), record({ key: 'b' }));
    expect(told.filter((key) => key !== 'anything')).toEqual(['a', 'b']);
    await store.commitExclusively(async () => commitOf([], { records: [record({ key: 'c' })] }));
    expect(told).toContain('c');
    await store.fresh();
    expect(told.includes('anything')).toBe(world.nodes === 2);
  });
}
