/** One node serves a database: who comes second is told who has it, and follows one that died. */
import { hostname } from 'node:os';
import { afterAll, expect, test } from '@jest/globals';
import { describeJudged } from '../judges.ts';
import { createMongoWorld } from './mongo-world.ts';
import { commitOf, refusal, until, write } from './store-world.ts';

const LEASE_MS = 1200;
/** No process has this number. */
const GONE = 2 ** 30;

describeJudged('mongodb', 'mongodb, one node', (uri) => {
  const mongodb = { alone: true, leaseMs: LEASE_MS };
  const world = createMongoWorld(uri, { writer: 'turn', mongodb });
  afterAll(() => world.end());

  interface Lease {
    readonly _id: string;
    readonly [field: string]: unknown;
  }
  /** The database as a node has left it that died. */
  async function leaveLease(database: string, held: Partial<Lease>): Promise<void> {
    const lease = {
      host: 'other.example.org',
      pid: 4711,
      node: 'dead',
      since: '2026-11-30T00:00:00.000Z',
      ...held,
    };
    const change = { $set: lease };
    await world
      .db(database)
      .collection<Lease>('lease')
      .updateOne({ _id: 'holder' }, change, { upsert: true });
  }
  /** A database with one commit, and nobody on it. */
  async function makeDatabase(): Promise<string> {
    const store = await world.open();
    await store.commit(commitOf([write('Task/a')]));
    const database = world.databaseOf(store);
    await store.close();
    return database;
  }

  /** A database with one commit, and the folder that a node has left; `name` is the folder's in the lease. */
  async function leaveFolder() {
    const folder = world.folder();
    const store = await world.open({ folder });
    await store.commit(commitOf([write('Task/a')]));
    const database = world.databaseOf(store);
    await store.close();
    const lease = await world.db(database).collection<Lease>('lease').findOne({ _id: 'holder' });
    return { database, folder, name: String(lease?.['folder']) };
  }

  test('a second one is refused, and told who has it; when that has stopped it is let in', async () => {
    const store = await world.open();
    const database = world.databaseOf(store);
    await expect(world.open({ database })).rejects.toThrow(
      new RegExp(`in use by process ${process.pid} on ${hostname()}, started 20\\d\\d-.*Stop it first`),
    );
    await store.commit(commitOf([write('Task/a')]));
    await store.close();
    const began = Date.now();
    expect((await world.open({ database })).status().seq).toBe(1);
    expect(Date.now() - began).toBeLessThan(LEASE_MS);
  });

  test('one that died in the same folder is followed at once', async () => {
    const { database, folder, name } = await leaveFolder();
    await leaveLease(database, { folder: name, host: hostname(), until: Date.now() + 3_600_000, pid: GONE });
    const began = Date.now();
    const store = await world.open({ database, folder });
    expect(Date.now() - began).toBeLessThan(LEASE_MS);
    expect((await store.commit(commitOf([write('Task/b')]))).seq).toBe(2);
  });

  test('one that works in a folder of the same name on this host, as in another container, is no dead one', async () => {
    const { database, folder, name } = await leaveFolder();
    const lease = { folder: name, host: hostname(), until: Date.now() + 3_600_000, pid: process.ppid };
    await leaveLease(database, lease);
    await expect(world.open({ database, folder })).rejects.toThrow(`in use by process ${process.ppid}`);
    const renamed = name.replace(/ .*/, ' another-id');
    await leaveLease(database, { ...lease, folder: renamed, pid: GONE });
    await expect(world.open({ database, folder })).rejects.toThrow(`in use by process ${GONE}`);
  });

  test('one that could not renew its lease for so long that it may have ended takes nothing', async () => {
    const store = await world.open();
    const [lease] = await world.db(world.databaseOf(store)).collection<Lease>('lease').find({}).toArray();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LEASE_MS); // as a process that was stopped
    expect(await refusal(store.commit(commitOf([write('Task/a')])))).toBe('too-busy');
    expect(lease?._id).toBe('holder');
    await until(async () => (await refusal(store.commit(commitOf([write('Task/b')])))) === undefined);
  });

  test('one that died elsewhere is followed when its lease has ended, and not before', async () => {
    const database = await makeDatabase();
    const ends = Date.now() + LEASE_MS;
    await leaveLease(database, { folder: '/elsewhere', until: ends });
    const store = await world.open({ database });
    expect(Date.now()).toBeGreaterThanOrEqual(ends - 50);
    expect((await store.commit(commitOf([write('Task/b')]))).seq).toBe(2);
  });

  test('the same path on another host is another folder', async () => {
    const database = await makeDatabase();
    const folder = world.folder();
    await leaveLease(database, { folder, until: Date.now() + 3_600_000 });
    await expect(world.open({ database, folder })).rejects.toThrow(
      'in use by process 4711 on other.example.org',
    );
  });

  test('one whose database another has taken says so, and writes nothing more', async () => {
    const told: string[] = [];
    const store = await world.open({ mongodb: { ...mongodb, tell: (_level, says) => told.push(says) } });
    await store.commit(commitOf([write('Task/a')]));
    const database = world.databaseOf(store);
    await leaveLease(database, { folder: '/elsewhere', until: Date.now() + 3_600_000 });
    await until(async () => told.length > 0);
    expect(told).toEqual([expect.stringContaining('in use by process 4711 on other.example.org')]);
    expect(await refusal(store.commit(commitOf([write('Task/b')])))).toContain('process 4711');
    expect(store.status()).toMatchObject({ writable: false, taken: true });
    expect(await world.db(database).collection('log').countDocuments()).toBe(1);
    await store.close();
    const lease = await world.db(database).collection<Lease>('lease').findOne({ _id: 'holder' });
    expect(lease?.['until']).toBeGreaterThan(Date.now());
  });
});
