/** Laws 13 to 16: leases, settlements, lanes. */
import { describe, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { ClaimedEntry, Store } from '../../src/ports/store.ts';
import {
  audit,
  commitOf,
  EVERYTHING,
  handClock,
  refusal,
  seenBy,
  SOUTH,
  tell,
  write,
} from './store-world.ts';
import type { StoreWorld } from './store-world.ts';

const LEASE_MS = 30_000;

const accept = (store: Store, { id, rail, receiver }: ClaimedEntry): Promise<unknown> =>
  store.commit(
    commitOf([], {
      audit: [audit({ event: 'deliver', delivery: { entry: id, rail, receiver, attempts: 1 } })],
      deliveryOutcomes: [{ id, fate: 'accepted', why: 'received' }],
    }),
  );

/** An entry in the lane of one referral. */
const told = (id: Ref, receiver: Ref = 'Endpoint/e') => tell(id, { orderingKey: 'Task/lane', receiver });

export function outboxLaws(world: StoreWorld): void {
  test('an entry is claimed with its commit, its attempt and a stable id', async () => {
    const store = await world.open();
    const { seq, at } = await store.commit(commitOf([write('Task/a')], { outbox: [tell('Task/a')] }));
    expect(store.status()).toMatchObject({ outboxWaiting: 1, oldestWaitingAt: Date.parse(at) });
    const [entry] = await store.claim(10, LEASE_MS);
    expect(entry).toEqual({ ...tell('Task/a'), id: `${seq}-0`, seq, at, attempt: 1 });
    await store.postpone(entry!.id, 0, 'busy');
    expect(await store.claim(10, LEASE_MS)).toMatchObject([{ id: entry!.id, attempt: 2 }]);
    await accept(store, entry!);
    expect(store.status()).toMatchObject({ outboxWaiting: 0, oldestWaitingAt: 0 });
  });

  test("law 13: a claimed entry is nobody else's until its lease ends", async () => {
    const clock = handClock();
    const store = await world.open({ clock });
    await store.commit(commitOf([write('Task/a')], { outbox: [tell('Task/a')] }));
    const claims = await Promise.all(Array.from({ length: 8 }, () => store.claim(10, LEASE_MS)));
    expect(claims.flat()).toHaveLength(1);
    clock.at += LEASE_MS - 1;
    expect(await store.claim(10, LEASE_MS)).toEqual([]);
    clock.at += 1;
    expect(await store.claim(10, LEASE_MS)).toMatchObject([{ attempt: 2 }]);
  });

  test('law 13: a lease ends with the process that holds it', async () => {
    const store = await world.open();
    await store.commit(commitOf([write('Task/a')], { outbox: [tell('Task/a')] }));
    await store.claim(10, LEASE_MS);
    const after = await world.crash(store);
    expect(await after.claim(10, LEASE_MS)).toMatchObject([{ subject: 'Task/a', attempt: 2 }]);
  });

  test('a postponed entry is due after its time', async () => {
    const clock = handClock();
    const store = await world.open({ clock });
    await store.commit(commitOf([write('Task/a')], { outbox: [tell('Task/a')] }));
    const [entry] = await store.claim(10, LEASE_MS);
    await store.postpone(entry!.id, 5000, 'connection refused');
    expect(await store.outbox({ count: 10 })).toMatchObject([
      { state: 'waiting', why: 'connection refused', due: clock.at + 5000, attempt: 1 },
    ]);
    clock.at += 4999;
    expect(await store.claim(10, LEASE_MS)).toEqual([]);
    clock.at += 1;
    expect(await store.claim(10, LEASE_MS)).toHaveLength(1);
    expect(await refusal(store.postpone('99-0', 1, 'unknown'))).toBe('not-leased');
  });

  test('law 14: a settled entry never comes back, and cannot be settled again', async () => {
    const clock = handClock();
    let store = await world.open({ clock });
    await store.commit(commitOf([write('Task/a')], { outbox: [tell('Task/a')] }));
    const [entry] = await store.claim(10, LEASE_MS);
    await accept(store, entry!);
    expect(await refusal(accept(store, entry!))).toBe('not-leased');
    expect(await refusal(store.postpone(entry!.id, 0, 'late'))).toBe('not-leased');
    store = await world.reopen(store, { clock });
    clock.at += 10 * LEASE_MS;
    expect(await store.claim(10, LEASE_MS)).toEqual([]);
    expect(await store.outbox({ subject: 'Task/a', count: 10 })).toMatchObject([
      { state: 'accepted', why: 'received' },
    ]);
  });

  describe('law 15', () => {
    test('within a lane entries come out in commit order, one at a time', async () => {
      const store = await world.open();
      for (const id of ['Task/1', 'Task/2', 'Task/3'] as const) {
        await store.commit(commitOf([write(id)], { outbox: [told(id)] }));
      }
      const out: Ref[] = [];
      for (
        let next = await store.claim(10, LEASE_MS);
        next.length > 0;
        next = await store.claim(10, LEASE_MS)
      ) {
        expect(next).toHaveLength(1);
        expect(await store.claim(10, LEASE_MS)).toEqual([]);
        out.push(next[0]!.subject);
        await accept(store, next[0]!);
      }
      expect(out).toEqual(['Task/1', 'Task/2', 'Task/3']);
    });

    test('a postponed first holds back the lane and no other', async () => {
      const clock = handClock();
      const store = await world.open({ clock });
      await store.commit(
        commitOf([write('Task/1'), write('Task/2')], {
          outbox: [told('Task/1'), told('Task/2'), tell('Task/2', { receiver: 'Endpoint/other' })],
        }),
      );
      const claimed = await store.claim(10, LEASE_MS);
      expect(claimed.map(({ subject, receiver }) => [subject, receiver])).toEqual([
        ['Task/1', 'Endpoint/e'],
        ['Task/2', 'Endpoint/other'],
      ]);
      await store.postpone(claimed[0]!.id, 60_000, 'down');
      expect(await store.claim(10, LEASE_MS)).toEqual([]);
      clock.at += 60_000;
      expect(await store.claim(10, LEASE_MS)).toMatchObject([
        { subject: 'Task/1', attempt: 2 },
        { subject: 'Task/2', receiver: 'Endpoint/other' },
      ]);
    });

    test('after a refusal the later ones go on', async () => {
      const store = await world.open();
      await store.commit(
        commitOf([write('Task/1'), write('Task/2')], { outbox: [told('Task/1'), told('Task/2')] }),
      );
      const [first] = await store.claim(10, LEASE_MS);
      await store.commit(
        commitOf([], { deliveryOutcomes: [{ id: first!.id, fate: 'refused', why: '410' }] }),
      );
      expect(await store.claim(10, LEASE_MS)).toMatchObject([{ subject: 'Task/2' }]);
    });
  });

  test('a claim takes at most one per receiver, none that is passed over, and every receiver in its turn', async () => {
    const store = await world.open();
    const receivers = ['Endpoint/a', 'Endpoint/b', 'Endpoint/c', 'Endpoint/d'] as const;
    const outbox = receivers.flatMap((receiver) =>
      ['Task/1', 'Task/2', 'Task/3'].map((order) => tell('Task/1', { receiver, orderingKey: order as Ref })),
    );
    await store.commit(commitOf([write('Task/1')], { outbox }));
    const served = async (max: number, passOver?: Ref[]) =>
      (await store.claim(max, LEASE_MS, new Set(passOver))).map(({ receiver }) => receiver);
    expect(await served(2)).toEqual(['Endpoint/a', 'Endpoint/b']);
    expect(await served(10, ['Endpoint/a', 'Endpoint/b'])).toEqual(['Endpoint/c', 'Endpoint/d']);
    expect(await served(2)).toEqual(['Endpoint/a', 'Endpoint/b']);
    expect(await served(2)).toEqual(['Endpoint/c', 'Endpoint/d']);
    expect(await served(10)).toHaveLength(4);
    expect(await served(10)).toEqual([]);
  });

  test('law 16: a receipt and its audit are written together or not at all', async () => {
    const store = await world.open();
    await store.commit(commitOf([write('Task/a')], { outbox: [tell('Task/a')] }));
    const [entry] = await store.claim(10, LEASE_MS);
    const stale = commitOf([write('Task/a', { base: 99 })], {
      deliveryOutcomes: [{ id: entry!.id, fate: 'accepted' }],
    });
    const seq = store.status().seq;
    expect(await refusal(store.commit(stale))).toBe('stale');
    expect(await store.outbox({ count: 10 })).toMatchObject([{ state: 'leased' }]);
    expect(store.status().seq).toBe(seq);
    await accept(store, entry!);
    const [row] = await store.snapshot().audit({ viewer: undefined, names: [], count: 1 });
    expect(row).toMatchObject({ seq: seq + 1, entry: { delivery: { entry: entry!.id } } });
  });

  test('an entry whose subject its receiver may not see is not written', async () => {
    const store = await world.open();
    const outbox = [tell('Task/a', { sight: seenBy(SOUTH) }), tell('Task/a', { sight: EVERYTHING })];
    await store.commit(commitOf([write('Task/a')], { outbox }));
    expect(await store.outbox({ count: 10 })).toMatchObject([{ id: '1-1' }]);
  });

  test('entries are listed by id, by subject, by receiver, or all that wait; newest first', async () => {
    const store = await world.open();
    await store.commit(
      commitOf([write('Task/a')], { outbox: [tell('Task/a'), tell('Task/a', { receiver: 'Endpoint/e' })] }),
    );
    await store.commit(commitOf([write('Task/b')], { outbox: [tell('Task/b')] }));
    const [entry] = await store.claim(1, LEASE_MS, new Set<Ref>(['Subscription/1']));
    await accept(store, entry!);
    const ids = async (filter: Parameters<Store['outbox']>[0]) =>
      (await store.outbox(filter)).map(({ id }) => id);
    expect(await ids({ count: 10 })).toEqual(['2-0', '1-0']);
    expect(await ids({ count: 1 })).toEqual(['2-0']);
    expect(await ids({ subject: 'Task/a', count: 10 })).toEqual(['1-1', '1-0']);
    expect(await ids({ subject: 'Task/a', open: true, count: 10 })).toEqual(['1-0']);
    expect(await ids({ receiver: 'Endpoint/e', count: 10 })).toEqual(['1-1']);
    expect(await ids({ id: '1-1', count: 10 })).toEqual(['1-1']);
    expect(await ids({ id: '9-9', count: 10 })).toEqual([]);
  });
}
