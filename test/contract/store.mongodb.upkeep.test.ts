/** What a node does for its database now and then: a copy of its read model, and the removal of what never came into the log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { GridFSBucket, type GridFSBucketReadStream } from 'mongodb';
import type { Ref } from '../../src/fhir/types.ts';
import type { Store } from '../../src/ports/store.ts';
import { describeJudged } from '../judges.ts';
import { CommitLog } from '../../src/stores/mongodb/commit-log.ts';
import { withConnection } from '../../src/stores/mongodb/connection.ts';
import { LOG_FORMAT, REPLAY_RULES } from '../../src/stores/mongodb/documents.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { moveIn, saysOf, settingsOf } from './mongo-moving.ts';
import { createMongoWorld } from './mongo-world.ts';
import { commitOf, EVERYTHING, textOf, write } from './store-world.ts';

const HOUR = 3_600_000;
const SOON_MS = 10_000;

describeJudged('mongodb', 'upkeep of the database', (uri) => {
  let world: ReturnType<typeof createMongoWorld>;
  beforeEach(() => void (world = createMongoWorld(uri, { writer: 'turn' })));
  afterEach(() => world.end());

  const commitMany = async (store: Store, ...refs: readonly Ref[]): Promise<void> => {
    for (const ref of refs) await store.commit(commitOf([write(ref)]));
  };

  test('a checkpoint is made when enough was committed since the last; two are kept', async () => {
    const store = await world.open({ mongodb: { checkpointCommits: 2 } });
    const files = world.db(world.databaseOf(store)).collection('checkpoint.files');
    const seqs = async () => (await files.find({}).toArray()).map(({ filename }) => Number(filename));
    await commitMany(store, 'Task/1');
    await store.checkpoint();
    expect(await seqs()).toEqual([]);
    await commitMany(store, 'Task/2');
    await store.checkpoint();
    await commitMany(store, 'Task/3');
    await store.checkpoint();
    expect(await seqs()).toEqual([2]);
    await commitMany(store, 'Task/4');
    await store.checkpoint();
    await commitMany(store, 'Task/5', 'Task/6');
    await store.checkpoint();
    expect(await seqs()).toEqual([4, 6]);
  });

  /** A database that two commits of a folder were moved into, and the folder. */
  async function moveTwo() {
    const folders = createEmbeddedWorld({ writer: 'turn' });
    const own = await folders.open({ folder: world.folder() });
    await commitMany(own, 'Task/1', 'Task/2');
    await folders.end();
    const database = world.database();
    await moveIn(uri, own.folder, database);
    return { database, folder: own.folder };
  }
  const LACKING =
    /^log in the database, commit 1: it came from a folder, and no checkpoint that can be used holds what it made/;

  test.each(['checkpoint.files', 'checkpoint.chunks'])(
    'a moved store without its %s says so, and makes a checkpoint at once from its folder',
    async (lost) => {
      const { database, folder } = await moveTwo();
      await world.db(database).collection(lost).deleteMany({});
      const empty = world.folder();
      expect(await saysOf(world.open({ database, folder: empty }))).toMatch(/the checkpoint .* is missing/);
      const node = await world.open({ database, folder });
      await commitMany(node, 'Task/3');
      const faults = async () => (await node.verify()).filter(({ ok }) => !ok).map(({ says }) => says);
      expect(await faults()).toEqual([expect.stringMatching(LACKING)]);
      await node.checkpoint();
      await node.checkpoint();
      expect(await faults()).toEqual([]);
      expect(await world.db(database).collection('checkpoint.files').countDocuments()).toBe(1);
      await node.close();
      const filled = await world.open({ database, folder: empty });
      expect(filled.status().seq).toBe(3);
    },
  );

  test('a checkpoint that cannot be fetched now is not passed over', async () => {
    const { database } = await moveTwo();
    const folder = world.folder();
    const { prototype } = GridFSBucket;
    const whole = Object.getOwnPropertyDescriptor(prototype, 'openDownloadStream')!;
    prototype.openDownloadStream = () =>
      new Readable({
        read() {
          this.destroy(new Error('the line was cut'));
        },
      }) as GridFSBucketReadStream;
    try {
      expect(await saysOf(world.open({ database, folder }))).toBe('the line was cut');
    } finally {
      Object.defineProperty(prototype, 'openDownloadStream', whole);
    }
    const node = await world.open({ database, folder });
    expect(node.status().seq).toBe(2);
  });

  test('a node whose database was taken is not ready any more, though nobody writes', async () => {
    const told: string[] = [];
    const tell = (_: string, says: string): unknown => told.push(says);
    const store = await world.open({ mongodb: { alone: true, tell, checkpointCommits: 1 } });
    expect(store.status().writable).toBe(true);
    await commitMany(store, 'Task/1');
    const leases = world.db(world.databaseOf(store)).collection('lease');
    await leases.updateOne(
      {},
      { $set: { node: 'another', pid: 1, host: 'elsewhere', folder: '/elsewhere' } },
    );
    for (const end = Date.now() + SOON_MS; store.status().writable && Date.now() < end;) await sleep(50);
    expect(store.status()).toMatchObject({ writable: false });
    expect(told).toEqual([
      expect.stringMatching(/^nothing is written any more: The database is in use by process 1 on elsewhere/),
    ]);
    // What lies in the database is the other node's now.
    await store.checkpoint();
    await store.sweepParts();
    const files = world.db(world.databaseOf(store)).collection('checkpoint.files');
    expect(await files.countDocuments()).toBe(0);
  }, 20_000);

  test('a document that is offered again is recognised in the log, and no other', async () => {
    const document = {
      _id: 1,
      last: 1,
      at: 0,
      node: 'a',
      n: 'a1',
      v: LOG_FORMAT,
      r: REPLAY_RULES,
      u: 1,
      prev: '',
      hash: '',
      e: [],
    };
    const counted = { recognised: 0 };
    await withConnection(settingsOf(uri, world.database()), async (connection) => {
      const log = new CommitLog(connection, () => (counted.recognised += 1));
      expect([await log.append(document), counted.recognised]).toEqual(['ours', 0]);
      expect([await log.append(document), counted.recognised]).toEqual(['ours', 1]);
      expect([await log.append({ ...document, n: 'b1' }), counted.recognised]).toEqual(['others', 1]);
    });
  });

  test('parts that never came into the log are taken away after an hour, and no others', async () => {
    const store = await world.open();
    const text = 'x'.repeat(5 * 1024 * 1024);
    await store.commit(commitOf([write('Binary/1', { text: textOf(text) })]));
    const blobs = world.db(world.databaseOf(store)).collection<{ _id: string; at: Date }>('blob');
    const ids = async () => (await blobs.find({}).toArray()).map(({ _id }) => _id);
    const kept = await ids();
    expect(kept).toHaveLength(1);
    await blobs.updateMany({}, { $set: { at: new Date(Date.now() - 2 * HOUR) } });
    const orphan = (_id: string, ageMs: number, of: number) => ({
      _id,
      at: new Date(Date.now() - ageMs),
      of,
    });
    await blobs.insertMany([
      orphan('of-nothing', 2 * HOUR, 99),
      orphan('of-another', 2 * HOUR, 1),
      orphan('young', HOUR / 2, 99),
    ]);
    await store.sweepParts();
    expect((await ids()).toSorted()).toEqual([...kept, 'young'].toSorted());
    const again = await world.reopen(store);
    expect((await again.snapshot().read('Binary/1', EVERYTHING))?.text).toContain(text);
  });
});
