/** Laws 9, 10 and 11: what is read stays as it was read; and the audit rows that reading leaves. */
import { describe, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
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
  WEST,
  write,
} from './store-world.ts';
import type { StoreWorld } from './store-world.ts';

/** An agent of this organization. */
const by = (organization: Ref) => ({ organization, client: 'c', subject: 's' });

export function readingLaws(world: StoreWorld): void {
  test('a stored text is stamped with the seq and the time of its commit', async () => {
    const store = await world.open();
    const { seq, at } = await store.commit(commitOf([write('Task/a', { is: 'x' })]));
    const version = await store.snapshot().read('Task/a', EVERYTHING);
    const text = `{"is":"x","versionId":"${seq}","lastUpdated":"${at}"}`;
    expect(version).toEqual({ ref: 'Task/a', seq, at, method: 'POST', text, custodian: NORTH });
  });

  test('law 9: a snapshot answers the same, whatever is written after it', async () => {
    const store = await world.open();
    const first = await store.commit(commitOf([write('Task/a', { is: 'one', values: [status('x')] })]));
    const then = store.snapshot();
    const second = await store.commit(
      commitOf([write('Task/a', { base: first.seq, is: 'two', values: [status('y')] })]),
    );
    await store.commit(commitOf([remove('Task/a', second.seq)]));
    expect((await then.read('Task/a', EVERYTHING))?.text).toContain('one');
    expect((await store.snapshot(second.seq).read('Task/a', EVERYTHING))?.text).toContain('two');
    expect(await then.vread('Task/a', second.seq, EVERYTHING)).toBeUndefined();
    expect((await then.search(byStatus('Task', 'x'))).matches.map(({ seq }) => seq)).toEqual([first.seq]);
    expect((await then.search(byStatus('Task', 'y'))).total).toBe(0);
  });

  test('law 9: a search behind searchSnapshotMs is expired, reads and current searches are not', async () => {
    const clock = handClock();
    const store = await world.open({ clock, searchSnapshotMs: 60_000 });
    const first = await store.commit(commitOf([write('Task/a', { is: 'one', values: [status('x')] })]));
    clock.at += 30_000;
    await store.commit(commitOf([write('Task/a', { base: first.seq, is: 'two', values: [status('y')] })]));
    await store.commit(commitOf([write('Task/b', { values: [status('y')] })]));
    await world.tidy(store);
    expect(await find(store, byStatus('Task', 'x'), first.seq)).toEqual(['Task/a']);
    clock.at += 60_001;
    await world.tidy(store);
    expect(await refusal(find(store, byStatus('Task', 'x'), first.seq))).toBe('expired');
    expect((await store.snapshot(first.seq).read('Task/a', EVERYTHING))?.text).toContain('one');
    expect((await find(store, byStatus('Task', 'y'))).toSorted()).toEqual(['Task/a', 'Task/b']);
  });

  test("law 10: a search sees exactly its snapshot's versions", async () => {
    const store = await world.open();
    const seqs: number[] = [];
    let base = 0;
    for (let i = 0; i < 6; i += 1) {
      ({ seq: base } = await store.commit(commitOf([write('Task/a', { base, values: [status(`s${i}`)] })])));
      await store.commit(commitOf([write(`Task/n${i}`, { values: [status('n')] })]));
      seqs.push(base);
    }
    for (const [i, seq] of seqs.entries()) {
      expect(await find(store, byStatus('Task', `s${i}`), seq)).toEqual(['Task/a']);
      expect(await find(store, byStatus('Task', `s${i}`), seq - 1)).toEqual([]);
      expect(await find(store, byStatus('Task', `s${i - 1}`), seq)).toEqual([]);
      expect(await find(store, byStatus('Task', 'n'), seq)).toHaveLength(i);
    }
  });

  test('law 11: a deleted resource is a tombstone and stays readable by vread', async () => {
    const store = await world.open();
    const { seq } = await store.commit(commitOf([write('Task/a', { values: [status('x')] })]));
    const gone = await store.commit(commitOf([remove('Task/a', seq)]));
    const tombstone = await store.snapshot().read('Task/a', seenBy(NORTH));
    expect(tombstone).toMatchObject({ seq: gone.seq, method: 'DELETE', text: undefined });
    expect((await store.snapshot().vread('Task/a', seq, seenBy(NORTH)))?.text).toContain('new');
    expect(await store.snapshot().vread('Task/a', seq, seenBy(SOUTH))).toBeUndefined();
    expect(await find(store, byStatus('Task', 'x'))).toEqual([]);
  });

  describe('history', () => {
    test('of one, of a type and of the system is newest first, in pages', async () => {
      const store = await world.open();
      let base = 0;
      for (let i = 0; i < 5; i += 1)
        ({ seq: base } = await store.commit(commitOf([write('Task/a', { base, is: `v${i}` })])));
      await store.commit(commitOf([write('Patient/p'), remove('Task/a', base)]));
      const ask = { count: 2, offset: 0, total: true, sight: EVERYTHING } as const;
      const snapshot = store.snapshot();
      const one = await snapshot.history({ ...ask, type: 'Task', id: 'a' });
      expect(one.versions.map(({ seq, method }) => [seq, method])).toEqual([
        [6, 'DELETE'],
        [5, 'PUT'],
      ]);
      expect(one).toMatchObject({ more: true, total: 6 });
      const last = await snapshot.history({ ...ask, type: 'Task', offset: 4 });
      expect(last.versions.map(({ seq }) => seq)).toEqual([2, 1]);
      expect(last).toMatchObject({ more: false, total: 6 });
      expect((await snapshot.history({ ...ask, count: 10 })).versions).toHaveLength(7);
      expect((await store.snapshot(3).history({ ...ask, type: 'Task', id: 'a' })).total).toBe(3);
    });

    test('_since and _at', async () => {
      const clock = handClock();
      const store = await world.open({ clock });
      const start = clock.at;
      let base = 0;
      for (let i = 0; i < 4; i += 1) {
        ({ seq: base } = await store.commit(commitOf([write('Task/a', { base })])));
        clock.at += 1000;
      }
      const ask = { type: 'Task', id: 'a', count: 10, offset: 0, total: false, sight: EVERYTHING } as const;
      const seqs = async (given: object) =>
        (await store.snapshot().history({ ...ask, ...given })).versions.map(({ seq }) => seq);
      expect(await seqs({ since: start + 2000 })).toEqual([4, 3]);
      expect(await seqs({ at: { low: start + 1500, high: start + 1600 } })).toEqual([2]);
      expect(await seqs({ at: { low: start + 1500, high: start + 2000 } })).toEqual([3, 2]);
      expect(await seqs({ at: { low: start + 90_000, high: start + 99_000 } })).toEqual([4]);
      await store.commit(commitOf([remove('Task/a', base)]));
      expect(await seqs({ at: { low: start + 90_000, high: start + 99_000 } })).toEqual([]);
    });

    test('ends when its caller has gone', async () => {
      const store = await world.open();
      await store.commit(commitOf([write('Task/a')]));
      const asked = store
        .snapshot()
        .history({ count: 1, offset: 0, total: true, sight: EVERYTHING }, AbortSignal.abort());
      expect(await refusal(asked)).toBe('aborted');
    });
  });

  describe('audit rows', () => {
    test('of reads of one moment share a seq, and are found by what they name', async () => {
      const store = await world.open();
      const reads = Array.from({ length: 30 }, (_, i) =>
        store.record(
          audit({ event: 'read', action: 'R', entities: [`Task/n${i % 3}/_history/1`], requestId: `r${i}` }),
        ),
      );
      await Promise.all(reads);
      expect(store.status().seq).toBe(world.nodes ?? 1);
      const rows = await store.snapshot().audit({ viewer: undefined, names: ['Task/n1'], count: 100 });
      const found = rows.map(({ entry }) => entry.requestId);
      // Copies that are asked in turn write a block each: what one of them writes is in order.
      if (world.nodes !== undefined) found.sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)));
      expect(found).toEqual(['r28', 'r25', 'r22', 'r19', 'r16', 'r13', 'r10', 'r7', 'r4', 'r1']);
    });

    test('of a commit name its own version', async () => {
      const store = await world.open();
      const { seq } = await store.commit(commitOf([write('Task/a')]));
      const [row] = await store.snapshot().audit({ viewer: undefined, names: ['Task/a'], count: 1 });
      expect(row).toMatchObject({ seq, position: 0, entry: { entities: [`Task/a/_history/${seq}`] } });
    });

    test('are seen by their agent and their viewers alone', async () => {
      const store = await world.open();
      await store.record(audit({ agent: by(NORTH), viewers: [SOUTH], requestId: 'shared' }));
      await store.record(audit({ agent: by(NORTH), requestId: 'own' }));
      await store.record(audit({ agent: by(WEST), requestId: 'west' }));
      const seen = async (viewer: Ref | undefined) =>
        (await store.snapshot().audit({ viewer, names: [], count: 10 })).map(({ entry }) => entry.requestId);
      expect(await seen(SOUTH)).toEqual(['shared']);
      expect(await seen(NORTH)).toEqual(['own', 'shared']);
      expect(await seen(WEST)).toEqual(['west']);
      expect(await seen(undefined)).toEqual(['west', 'own', 'shared']);
    });

    test('are found by several names, agent and time, and in pages', async () => {
      const clock = handClock();
      const store = await world.open({ clock });
      for (let i = 0; i < 7; i += 1) {
        const patients = i % 2 === 0 ? (['Patient/p'] as const) : [];
        await store.commit(
          commitOf([], {
            audit: [audit({ entities: ['Task/a'], patients }), audit({ entities: ['Task/b'] })],
          }),
        );
        clock.at += 1000;
      }
      const ask = { viewer: undefined, count: 100 } as const;
      const seqs = async (given: object) =>
        (await store.snapshot().audit({ ...ask, names: [], ...given })).map(({ seq }) => seq);
      expect(await seqs({ names: ['Task/a', 'Patient/p'] })).toEqual([7, 5, 3, 1]);
      expect(await seqs({ names: ['Task/b', 'Patient/p'] })).toEqual([]);
      expect(await seqs({ organization: SOUTH })).toEqual([]);
      expect(await seqs({ names: ['Task/b'], from: clock.at - 3000, to: clock.at - 2000 })).toEqual([6, 5]);
      const pages: string[] = [];
      for (let behind: { seq: number; position: number } | undefined; ;) {
        const page = await store.snapshot().audit({ ...ask, names: [], count: 3, ...(behind && { behind }) });
        pages.push(...page.map(({ seq, position }) => `${seq}-${position}`));
        behind = page.at(-1);
        if (page.length < 3) break;
      }
      expect(pages).toEqual([7, 6, 5, 4, 3, 2, 1].flatMap((seq) => [`${seq}-1`, `${seq}-0`]));
    });
  });
}
