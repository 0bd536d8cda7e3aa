/** A read by id may find a transaction standing: it sees all that was acknowledged, and the WAL is begun anew all the same. */
import { afterEach, expect, test } from '@jest/globals';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { EmbeddedStore } from '../../src/stores/embedded/open.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { audit, commitOf, write } from './store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn', pragmas: ['wal_autocheckpoint=20'] });
afterEach(() => world.end());

const EVERYTHING = { everything: true } as const;
const readText = async (store: EmbeddedStore, ref: `${string}/${string}`) =>
  (await store.snapshot().read(ref, EVERYTHING))?.text;
const record = (store: EmbeddedStore) => store.record(audit({ event: 'read', entities: ['Task/a'] }));

test('what was written between audited reads is seen by the next one, in whatever order they come', async () => {
  const store = await world.open();
  for (let round = 0; round < 70; round += 1) {
    const ref = `Task/t${round}` as const;
    for (let reads = 0; reads <= round % 5; reads += 1) {
      await record(store);
      expect(await readText(store, ref)).toBeUndefined();
    }
    const { seq } = await store.commit(commitOf([write(ref)]));
    expect((await store.snapshot().read(ref, EVERYTHING))?.seq).toBe(seq);
    await record(store);
    expect((await store.snapshot().vread(ref, seq, EVERYTHING))?.seq).toBe(seq);
  }
});

test('thousands of audited reads, one after the other, do not make the WAL grow without end', async () => {
  const store = await world.open();
  await store.commit(commitOf([write('Task/a')]));
  const wal = join(store.folder, 'store.db-wal');
  for (let i = 0; i < 1500; i += 1) {
    await record(store);
    expect(await readText(store, 'Task/a')).toBeDefined();
  }
  // All of them together wrote several times as much; the file keeps the largest size it has had.
  expect(statSync(wal).size).toBeLessThan(1024 * 1024);
});
