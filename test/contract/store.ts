/** The laws of the port `Store`, run against every engine. Each law is a group of cases under its number. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { CommitRefused } from '../../src/ports/store.ts';
import type { Commit, Store } from '../../src/ports/store.ts';
import { expungeLaws } from './store-expunge.ts';
import { jobLaws } from './store-jobs.ts';
import { outboxLaws } from './store-outbox.ts';
import { readingLaws } from './store-reading.ts';
import { recordLaws } from './store-records.ts';
import { sightLaws } from './store-sight.ts';
import {
  audit,
  byStatus,
  commitOf,
  EVERYTHING,
  find,
  handClock,
  NORTH,
  refusal,
  remove,
  seenBy,
  SOUTH,
  status,
  tell,
  write,
} from './store-world.ts';
import type { StoreWorld } from './store-world.ts';

/** Declares every law as named cases. `createWorld` opens the engine. */
export function storeLaws(name: string, createWorld: () => StoreWorld): void {
  describe(`store: ${name}`, () => {
    const world = createWorld();
    afterEach(() => world.end());
    commitLaws(world);
    readingLaws(world);
    outboxLaws(world);
    sightLaws(world);
    recordLaws(world);
    jobLaws(world);
    expungeLaws(world);
  });
}

/** A key whose answer tells the seq that first used it. */
const key = (fingerprint = 'f1') =>
  ({
    scope: 'http:north:c',
    id: 'k1',
    fingerprint,
    reply: { pieces: ['201 Task/a/_history/', ''], holes: ['seq'] },
  }) as const;

/** Creates an open Task unless there is one. */
const created = (store: Store, id: string): Promise<unknown> =>
  store.commit(
    commitOf([write(`Task/${id}`, { values: [status('open')] })], {
      expects: [{ query: byStatus('Task', 'open'), refs: [] }],
    }),
  );

/** Writes Task/a on whatever version is current. */
const again = (store: Store, note: string): Promise<unknown> =>
  store.commitExclusively(async (latest): Promise<Commit> => {
    const base = (await latest.read('Task/a', EVERYTHING))?.seq ?? 0;
    return commitOf([write('Task/a', { base, is: note })]);
  });

function commitLaws(world: StoreWorld): void {
  test('law 1: all of a commit or none of it', async () => {
    const store = await world.open();
    await store.commit(commitOf([write('Task/a')]));
    const before = store.status().seq;
    const half = commitOf([write('Task/b', { values: [status('x')] }), write('Task/a')], {
      outbox: [tell('Task/b')],
    });
    expect(await refusal(store.commit(half))).toBe('stale');
    expect(await store.snapshot().read('Task/b', EVERYTHING)).toBeUndefined();
    expect(await find(store, byStatus('Task', 'x'))).toEqual([]);
    expect(await store.outbox({ open: true, count: 10 })).toEqual([]);
    expect(store.status().seq).toBe(before);
  });

  test('law 2: seq has no gaps and one order, refusals and read audits among the commits included', async () => {
    const store = await world.open();
    const offers = Array.from({ length: 60 }, (_, i) => {
      if (i % 3 === 1)
        return store.record(audit({ event: 'read', entities: ['Task/1'] })).then(() => undefined);
      if (i % 3 === 2)
        return refusal(store.commit(commitOf([write('Task/1', { base: 999 })]))).then(() => undefined);
      return store.commit(commitOf([write(`Task/n${i}`)]));
    });
    const committed = (await Promise.all(offers)).filter((one) => one !== undefined);
    const seqs = committed.map(({ seq }) => seq);
    expect(new Set(seqs).size).toBe(20);
    const rows = await store.snapshot().audit({ viewer: undefined, names: [], count: 1000 });
    const all = [...new Set(rows.map(({ seq }) => seq))].toSorted((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: store.status().seq }, (_, i) => i + 1));
  });

  test('laws 3 and 4: one stale write refuses the whole commit', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Task/a'), write('Task/b')]));
    await store.commit(commitOf([write('Task/a', { base: seq })]));
    const offer = store.commit(commitOf([write('Task/b', { base: seq }), write('Task/a', { base: seq })]));
    await expect(offer).rejects.toThrow(CommitRefused);
    await expect(offer).rejects.toMatchObject({ reason: 'stale', ref: 'Task/a' });
    expect((await store.snapshot().read('Task/b', EVERYTHING))?.seq).toBe(seq);
  });

  test('law 3: of many commits planned on one version, one holds', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Task/a')]));
    const offers = Array.from({ length: 20 }, (_, i) =>
      refusal(store.commit(commitOf([write('Task/a', { base: seq, is: `p${i}` })]))),
    );
    const refusals = await Promise.all(offers);
    expect(refusals.filter((reason) => reason === undefined)).toHaveLength(1);
    expect(refusals.filter((reason) => reason === 'stale')).toHaveLength(19);
  });

  test('law 3: base 0 means never there or deleted', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Task/a')]));
    expect(await refusal(store.commit(commitOf([write('Task/a')])))).toBe('stale');
    await store.commit(commitOf([remove('Task/a', seq)]));
    expect(await refusal(store.commit(commitOf([write('Task/a', { base: seq })])))).toBe('stale');
    expect(await refusal(store.commit(commitOf([write('Task/a')])))).toBeUndefined();
  });

  test('a deleted resource comes back only to the organization that kept it', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Task/a')]));
    await store.commit(commitOf([remove('Task/a', seq)]));
    expect(await refusal(store.commit(commitOf([write('Task/a', { custodian: SOUTH })])))).toBe('stale');
  });

  test.each([
    ['another version', (seq: number) => ({ ref: 'Patient/p', version: seq - 1 }) as const],
    ['a resource that is not there', () => ({ ref: 'Patient/q', version: 1 }) as const],
    ['a resource that is out of sight', () => ({ ref: 'Patient/p', sight: seenBy(SOUTH) }) as const],
    ['a deleted resource', () => ({ ref: 'Patient/gone', sight: EVERYTHING }) as const],
  ])('law 5: a precondition on %s that fails refuses the whole commit', async (_, keepOf) => {
    const store = await world.open();
    const gone = await store.commit(commitOf([write('Patient/gone')]));
    await store.commit(commitOf([remove('Patient/gone', gone.seq)]));
    const { seq } = await store.commit(commitOf([write('Patient/p')]));
    const offer = commitOf([write('Task/a')], { preconditions: [keepOf(seq)] });
    expect(await refusal(store.commit(offer))).toBe('stale');
    expect(await store.snapshot().read('Task/a', EVERYTHING)).toBeUndefined();
  });

  test('law 5: a precondition that holds lets the commit pass', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Patient/p')]));
    const preconditions = [
      { ref: 'Patient/p', version: seq },
      { ref: 'Patient/p', sight: seenBy(NORTH) },
    ] as const;
    expect(await refusal(store.commit(commitOf([write('Task/a')], { preconditions })))).toBeUndefined();
  });

  describe('law 6: the same key', () => {
    test('gives the same answer and writes nothing, after a reopening too', async () => {
      let store = await world.open();
      const first = await store.commit(commitOf([write('Task/a')], { key: key() }));
      expect(first).toMatchObject({ replayed: false, reply: `201 Task/a/_history/${first.seq}` });
      const second = await store.commit(commitOf([write('Task/a')], { key: key() }));
      expect(second).toEqual({ ...first, replayed: true });
      store = await world.reopen(store);
      const seq = store.status().seq;
      expect(await store.commit(commitOf([write('Task/z')], { key: key() }))).toEqual({
        ...first,
        replayed: true,
      });
      expect(store.status().seq).toBe(seq);
      expect(await store.snapshot().read('Task/z', EVERYTHING)).toBeUndefined();
    });

    test('within one group writes once', async () => {
      const store = await world.open();
      const offers = Array.from({ length: 10 }, () =>
        store.commit(commitOf([write('Task/a')], { key: key() })),
      );
      const answers = await Promise.all(offers);
      expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(new Set(answers.map(({ reply }) => reply)).size).toBe(1);
    });

    test('with other content is refused', async () => {
      const store = await world.open();
      await store.commit(commitOf([write('Task/a')], { key: key() }));
      expect(await refusal(store.commit(commitOf([write('Task/b')], { key: key('f2') })))).toBe('key-reused');
    });

    test('after a refusal is told the refusal, and leaves its id to other content', async () => {
      const store = await world.open();
      const offered = (name: string, refused: boolean, fingerprint: string) =>
        store.commit(commitOf([write(`Task/${name}`)], { key: { ...key(fingerprint), refused } }));
      const first = await offered('a', true, 'f1');
      expect(await offered('b', false, 'f2')).toMatchObject({ replayed: false });
      expect(await offered('a', false, 'f1')).toEqual({ ...first, replayed: true });
      expect(await offered('b', false, 'f2')).toMatchObject({ replayed: true });
      expect(await refusal(offered('c', true, 'f3'))).toBe('key-reused');
    });

    test('is new again after its retention', async () => {
      const clock = handClock();
      const store = await world.open({ clock, keyRetentionMs: 60_000 });
      await store.commit(commitOf([write('Task/a')], { key: key() }));
      clock.at += 60_000;
      expect(await store.commit(commitOf([write('Task/b')], { key: key('f2') }))).toMatchObject({
        replayed: false,
      });
    });
  });

  test('law 7: what was acknowledged is there after a crash', async () => {
    const store = await world.open();
    const offers = Array.from({ length: 40 }, (_, i) => store.commit(commitOf([write(`Task/n${i}`)])));
    const acknowledged = await Promise.all(offers);
    await store.record(audit({ event: 'read', entities: ['Task/n1'], requestId: 'last' }));
    const after = await world.crash(store);
    for (const [i, { seq }] of acknowledged.entries()) {
      expect((await after.snapshot().read(`Task/n${i}`, EVERYTHING))?.seq).toBe(seq);
    }
    const [last] = await after.snapshot().audit({ viewer: undefined, names: ['Task/n1'], count: 1 });
    expect(last?.entry.requestId).toBe('last');
  });

  test('law 12: no commit without an audit entry', async () => {
    const store = await world.open();
    await expect(store.commit(commitOf([write('Task/a')], { audit: [] }))).rejects.toThrow(/law 12/);
    expect(await store.snapshot().read('Task/a', EVERYTHING)).toBeUndefined();
  });

  test('a commit writes a resource at most once', async () => {
    const store = await world.open();
    await expect(store.commit(commitOf([write('Task/a'), write('Task/a')]))).rejects.toThrow(/at most once/);
    expect(await refusal(store.commit(commitOf([write('Task/a')])))).toBeUndefined();
  });

  test('law 17: time never decreases along seq, whatever the clock does', async () => {
    const clock = handClock();
    let store = await world.open({ clock });
    const first = await store.commit(commitOf([write('Task/a')]));
    clock.at -= 3_600_000;
    const second = await store.commit(commitOf([write('Task/b')]));
    store = await world.reopen(store, { clock });
    const third = await store.commit(commitOf([write('Task/c')]));
    expect([second.at, third.at]).toEqual([first.at, first.at]);
    clock.at += 7_200_000;
    expect((await store.commit(commitOf([write('Task/d')]))).at > first.at).toBe(true);
  });

  describe('law 18: an expectation', () => {
    test('that no longer holds refuses the whole commit', async () => {
      const store = await world.open();
      await created(store, 'a');
      expect(await refusal(created(store, 'b'))).toBe('unexpected');
      expect(await store.snapshot().read('Task/b', EVERYTHING)).toBeUndefined();
    });

    test('sees the commits before it in the same group', async () => {
      const store = await world.open();
      const refusals = await Promise.all(
        Array.from({ length: 12 }, (_, i) => refusal(created(store, `n${i}`))),
      );
      expect(refusals.filter((reason) => reason === undefined)).toHaveLength(1);
    });

    test('holds when it finds exactly these', async () => {
      const store = await world.open();
      await created(store, 'a');
      const expects = [{ query: byStatus('Task', 'open'), refs: ['Task/a'] }] as const;
      expect(await refusal(store.commit(commitOf([write('Task/b')], { expects })))).toBeUndefined();
    });

    test.each([
      ['the first', 0],
      ['the second', 2],
      ['the last', 4],
    ])('holds for %s page of more, until that page is another', async (_page, offset) => {
      const store = await world.open();
      for (const id of ['a', 'b', 'c', 'd', 'e'])
        await store.commit(commitOf([write(`Task/${id}`, { values: [status('open')] })]));
      const query = { ...byStatus('Task', 'open'), count: 2, offset };
      const page = await store.snapshot().search(query);
      const expects = [{ query, refs: page.matches.map(({ ref }) => ref) }];
      expect(await refusal(store.commit(commitOf([write('Task/x')], { expects })))).toBeUndefined();
      await store.commit(commitOf([write('Task/f', { values: [status('open')] })]));
      expect(await refusal(store.commit(commitOf([write('Task/y')], { expects })))).toBe('unexpected');
    });
  });

  describe('a turn', () => {
    test('64 at a time on one resource all succeed, with commits and reads between them', async () => {
      const store = await world.open();
      await store.commit(commitOf([write('Task/a')]));
      const turns = Array.from({ length: 64 }, (_, i) => again(store, `t${i}`));
      const others = Array.from({ length: 64 }, (_, i) => store.commit(commitOf([write(`Task/o${i}`)])));
      const reads = Array.from({ length: 64 }, () =>
        store.record(audit({ event: 'read', entities: ['Task/a'] })),
      );
      await Promise.all([...turns, ...others, ...reads]);
      const { total } = await store
        .snapshot()
        .history({ type: 'Task', id: 'a', count: 1, offset: 0, total: true, sight: EVERYTHING });
      expect(total).toBe(65);
    });

    test('passes on what its work throws, and the next one goes on', async () => {
      const store = await world.open();
      const failed = store.commitExclusively(async () => {
        throw new Error('no plan');
      });
      await expect(failed).rejects.toThrow('no plan');
      await again(store, 'after');
      expect((await store.snapshot().read('Task/a', EVERYTHING))?.text).toContain('after');
    });

    test('that takes too long is refused, and the next one goes on', async () => {
      const store = await world.open({ turnMs: 30 });
      expect(await refusal(store.commitExclusively(() => new Promise(() => undefined)))).toBe('too-busy');
      await again(store, 'after');
      expect(store.status().seq).toBe(1);
    });

    test('may audit a read while it plans', async () => {
      const store = await world.open();
      await store.commitExclusively(async () => {
        await store.record(audit({ event: 'read' }));
        return commitOf([write('Task/a')]);
      });
      expect(store.status().seq).toBe(2);
    });
  });

  test('more commits than may wait are refused as too busy, and the others hold', async () => {
    const store = await world.open({ commitsQueuedMax: 8 });
    const offers = Array.from({ length: 20 }, (_, i) =>
      refusal(store.commit(commitOf([write(`Task/n${i}`)]))),
    );
    const refusals = await Promise.all(offers);
    const taken = 8 * (world.nodes ?? 1);
    expect(refusals.filter((reason) => reason === 'too-busy')).toHaveLength(20 - taken);
    expect(store.status().seq).toBe(taken);
  });

  test('a closed store says so', async () => {
    const store = await world.open();
    const last = store.commit(commitOf([write('Task/a')]));
    await store.close();
    expect((await last).seq).toBe(1);
    expect(await refusal(store.commit(commitOf([write('Task/b')])))).toBe('closed');
    expect(await refusal(store.record(audit()))).toBe('closed');
  });
}
