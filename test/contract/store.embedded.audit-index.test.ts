/** Audit rows are found alike whether their commit is in the index yet or only in the log, and after every ending. */
import { afterEach, expect, test } from '@jest/globals';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import type { AuditQuery } from '../../src/ports/store.ts';
import { prepareAuditIndex, readIndexed } from '../../src/stores/embedded/write/audit-index.ts';
import { auditKeys } from '../../src/stores/log/audit-rows.ts';
import type { EmbeddedStore } from '../../src/stores/embedded/open.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { audit, commitOf, write } from './store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn' });
afterEach(() => world.end());

const reads = (count: number, name: string) => Array.from({ length: count }, (_, i) => `Task/${name}${i}`);

async function record(store: EmbeddedStore, entities: readonly string[]): Promise<void> {
  await Promise.all(entities.map((one) => store.record(audit({ event: 'read', entities: [one] }))));
}

async function namesFound(store: EmbeddedStore, query: Partial<AuditQuery>): Promise<readonly string[]> {
  const rows = await store.snapshot().audit({ viewer: undefined, names: [], count: 10_000, ...query });
  return rows.flatMap(({ entry: { entities } }) => entities);
}

/** The commits up to here are in the index. */
function indexedOf(folder: string): number {
  const db = new DatabaseSync(join(folder, 'store.db'), { readOnly: true });
  const row = db.prepare(`SELECT value FROM meta WHERE key = 'indexed'`).get();
  db.close();
  return Number(row?.['value'] ?? 0);
}

test('in the index, in the log, and across both', async () => {
  const store = await world.open();
  const many = reads(3000, 'indexed');
  await record(store, many);
  const last = store.status().seq;
  const few: string[] = [];
  while (indexedOf(store.folder) < last && few.length < 100) {
    few.push(`Task/late${few.length}`);
    await record(store, few.slice(-1)); // a part of what is noted goes with each batch
  }
  expect(few.length).toBeGreaterThan(10);
  expect(indexedOf(store.folder)).toBe(last);
  const organization = audit({}).agent.organization;
  if (organization === '') throw new Error('the agent of these rows has an organization');
  expect(await namesFound(store, { organization })).toEqual([...many, ...few].toReversed());
  expect(await namesFound(store, { names: ['Task/indexed7'] })).toEqual(['Task/indexed7']);
  expect(await namesFound(store, { names: ['Task/late1'] })).toEqual(['Task/late1']);
  expect((await store.verify()).every(({ ok }) => ok)).toBe(true);
});

test('a part whose batch is undone is written with the next', async () => {
  const store = await world.open();
  await store.close();
  const db = new DatabaseSync(join(store.folder, 'store.db'));
  const index = prepareAuditIndex(db);
  const rows = reads(3000, 'one').map((one) => audit({ event: 'read', entities: [one] }));
  index.note(rows, 1);
  const inBatch = (end: 'COMMIT' | 'ROLLBACK'): void => {
    db.exec('BEGIN');
    index.writePart(1);
    db.exec(end);
    if (end === 'COMMIT') index.forget();
    else index.undo(1);
  };
  inBatch('ROLLBACK');
  inBatch('COMMIT');
  inBatch('ROLLBACK');
  while (index.isDue()) inBatch('COMMIT');
  const count = db.prepare('SELECT count(*) AS keys FROM audit_index WHERE seq = 1').get();
  expect(count?.['keys']).toBe([...auditKeys(rows)].length);
  expect(readIndexed(db)).toBe(1);
  db.close();
});

test('after closing everything is in the index, after a crash it is found in the log', async () => {
  const store = await world.open();
  await store.commit(commitOf([write('Task/a')], { audit: [audit({ entities: ['Task/a'] })] }));
  await record(store, ['Task/a']);
  const crashed = await world.open({ folder: world.copy(store.folder) });
  expect(indexedOf(crashed.folder)).toBe(0);
  expect(await namesFound(crashed, { names: ['Task/a'] })).toHaveLength(2);
  await crashed.close();
  expect(indexedOf(crashed.folder)).toBe(2);
  const again = await world.open({ folder: crashed.folder });
  expect(await namesFound(again, { names: ['Task/a'] })).toHaveLength(2);
  expect((await again.verify()).every(({ ok }) => ok)).toBe(true);
});

const TOLD = 'Organization/told';
const delivery = { entry: '1-0', rail: 'capture', receiver: 'Endpoint/e', attempts: 1 } as const;

test('(baa-messaging MS51) a delivery is found by who was told it and by each file in it', async () => {
  const store = await world.open();
  const row = { event: 'deliver', entities: ['Task/a'], fileHashes: ['ab', 'cd'], bytesHash: 'ef' } as const;
  await store.record(audit({ ...row, delivery: { ...delivery, to: TOLD, from: 'Organization/teller' } }));
  await store.record(audit({ event: 'read', entities: ['Task/b'] }));
  for (const organization of [TOLD, 'Organization/teller'] as const)
    expect(await namesFound(store, { organization })).toEqual(['Task/a']);
  for (const value of ['ab', 'cd', 'ef'])
    expect(await namesFound(store, { marks: [{ kind: 'bytesHash', value }] })).toEqual(['Task/a']);
  expect(
    await namesFound(store, { marks: ['ab', 'xy'].map((value) => ({ kind: 'bytesHash', value })) }),
  ).toEqual([]);
});

test('(baa-messaging MS51) a folder of an earlier format finds its deliveries by who was told', async () => {
  const store = await world.open();
  await store.record(audit({ event: 'deliver', entities: ['Task/a'], delivery: { ...delivery, to: TOLD } }));
  await store.close();
  const db = new DatabaseSync(join(store.folder, 'store.db'));
  db.prepare('DELETE FROM audit_index WHERE key = ?').run(`a:${TOLD}`);
  db.exec(`UPDATE meta SET value = 5 WHERE key = 'format'`);
  db.close();
  const again = await world.open({ folder: store.folder });
  expect(await namesFound(again, { organization: TOLD })).toEqual(['Task/a']);
  expect((await again.verify()).every(({ ok }) => ok)).toBe(true);
});
