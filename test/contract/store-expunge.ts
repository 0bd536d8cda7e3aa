/** Law 28: content that is expunged by law. */
import { describe, expect, test } from '@jest/globals';
import type { Ref } from '../../src/fhir/types.ts';
import type { Store } from '../../src/ports/store.ts';
import {
  audit,
  byStatus,
  commitOf,
  EVERYTHING,
  find,
  NORTH,
  remove,
  seenBy,
  SOUTH,
  status,
  write,
} from './store-world.ts';
import type { StoreWorld } from './store-world.ts';

const MESSAGE: Ref = 'Communication/m';
const reach = { parties: [SOUTH], outward: [], inward: [], everyone: false };
const sent = (is: string, base = 0) =>
  write(MESSAGE, { is, base, method: base === 0 ? 'POST' : 'PUT', values: [status('sent')], reach });

/** Two versions, and a deletion that expunges both. */
async function expungeTwo(store: Store): Promise<readonly number[]> {
  const { seq: first } = await store.commit(commitOf([sent('a secret')]));
  const { seq: second } = await store.commit(commitOf([sent('another secret', first)]));
  const entities = [`${MESSAGE}/_history/${first}`, `${MESSAGE}/_history/${second}`];
  const { seq } = await store.commit(
    commitOf([remove(MESSAGE, second)], { audit: [audit({ event: 'expunge', action: 'D', entities })] }),
  );
  return [first, second, seq];
}

const faultsOf = async (store: Store) =>
  (await store.verify()).filter(({ ok }) => !ok).map(({ says }) => says);

export function expungeLaws(world: StoreWorld): void {
  describe('law 28: content that an audited expunge names', () => {
    test('is gone from every read, and what it was digested to stays', async () => {
      const store = await world.open();
      const [first = 0, second = 0, last = 0] = await expungeTwo(store);
      const snapshot = store.snapshot();
      for (const seq of [first, second]) {
        const version = await snapshot.vread(MESSAGE, seq, EVERYTHING);
        expect(version).toMatchObject({ ref: MESSAGE, seq, text: undefined });
        expect((await store.snapshot(seq).read(MESSAGE, EVERYTHING))?.text).toBeUndefined();
        expect(await find(store, byStatus('Communication', 'sent'), seq)).toEqual([]);
        expect((await snapshot.vread(MESSAGE, seq, seenBy(SOUTH)))?.text).toBeUndefined();
      }
      const page = { type: 'Communication', count: 10, offset: 0, sight: EVERYTHING, total: true };
      const { versions } = await snapshot.history(page);
      expect(versions.map(({ seq, method, text }) => [seq, method, text])).toEqual([
        [last, 'DELETE', undefined],
        [second, 'PUT', undefined],
        [first, 'POST', undefined],
      ]);
      expect(await faultsOf(store)).toEqual([]);
    });

    test('is gone for good: the store opens again without it, whole', async () => {
      const store = await world.open();
      const [first = 0, , last = 0] = await expungeTwo(store);
      await world.tidy(store);
      expect(await world.leftOf(store, 'secret')).toBe(0);
      const again = await world.reopen(store);
      expect(again.snapshot().seq).toBeGreaterThanOrEqual(last);
      expect((await again.snapshot().vread(MESSAGE, first, EVERYTHING))?.text).toBeUndefined();
      expect(await faultsOf(again)).toEqual([]);
    });

    test('is that of those versions alone', async () => {
      const store = await world.open();
      await store.commit(commitOf([write('Task/t', { is: 'kept', values: [status('sent')] })]));
      await expungeTwo(store);
      expect(await find(store, byStatus('Task', 'sent'))).toEqual(['Task/t']);
      expect((await store.snapshot().read('Task/t', EVERYTHING))?.text).toContain('kept');
    });

    test('is gone at once from what was read lately, by the server and by its custodian', async () => {
      const store = await world.open();
      const { seq } = await store.commit(commitOf([sent('a secret')]));
      const readers = [EVERYTHING, seenBy(NORTH), seenBy(SOUTH)];
      const texts = () =>
        Promise.all(readers.map(async (sight) => (await store.snapshot().read(MESSAGE, sight))?.text));
      for (const text of await texts()) expect(text).toContain('a secret');
      const entities = [`${MESSAGE}/_history/${seq}`];
      await store.commit(commitOf([], { audit: [audit({ event: 'expunge', action: 'D', entities })] }));
      expect(await texts()).toEqual([undefined, undefined, undefined]);
    });

    test('may be named again, and may be of what was never there', async () => {
      const store = await world.open();
      const [first = 0] = await expungeTwo(store);
      const entities = [`${MESSAGE}/_history/${first}`, 'Communication/none/_history/1', 'Communication/m'];
      await store.commit(commitOf([], { audit: [audit({ event: 'expunge', action: 'D', entities })] }));
      expect(await faultsOf(store)).toEqual([]);
    });
  });
}
