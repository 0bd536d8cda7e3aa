/** Where a node's read model comes from: its folder, a checkpoint, the log; and what is thrown away. */
import { cpSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Binary, ObjectId, type Db } from 'mongodb';
import { FORMAT } from '../../src/stores/embedded/folder/schema.ts';
import { headOfFolder } from '../../src/stores/embedded/log-reading.ts';
import { describeJudged } from '../judges.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { answersOf, moveIn, saysOf } from './mongo-moving.ts';
import { createMongoWorld } from './mongo-world.ts';
import { commitOf, write } from './store-world.ts';

const SEED = 7;
const FAULT = expect.objectContaining({ ok: false });

describeJudged('mongodb', 'mongodb', (uri) => {
  const world = createMongoWorld(uri, { writer: 'turn', mongodb: { checkpointCommits: 3 } });
  const folders = createEmbeddedWorld({ writer: 'turn' });
  afterEach(async () => {
    await world.end();
    await folders.end();
  });

  const put = (store: Awaited<ReturnType<typeof world.open>>, ...names: readonly string[]) =>
    names.reduce<Promise<unknown>>(
      (before, name) => before.then(() => store.commit(commitOf([write(`Task/${name}`)]))),
      Promise.resolve(),
    );
  const files = (db: Db) => db.collection<{ filename: string; metadata: object }>('checkpoint.files');
  const seqsIn = async (db: Db) => {
    const found = await files(db).find({}).toArray();
    return found.map(({ filename }) => Number(filename)).toSorted((a, b) => a - b);
  };
  /** How many commits a new node replays, and what it told. */
  async function openAnew(database: string, folder = world.folder()) {
    const told: string[] = [];
    const mongodb = { tell: (_: string, says: string) => told.push(says) };
    const node = await world.open({ database, folder, mongodb });
    return { node, told, replayed: node.traffic.followed };
  }

  /** A node that made a checkpoint at commit 3 and one at commit 6, its last. */
  async function checkpointedTwice() {
    const node = await world.open();
    const database = world.databaseOf(node);
    await put(node, 'a', 'b', 'c');
    await node.checkpoint();
    await put(node, 'd', 'e', 'f');
    await node.checkpoint();
    return { node, database, db: world.db(database) };
  }

  describe('checkpoints', () => {
    test('one is made when enough was committed; two are kept, and no piece of the others', async () => {
      const node = await world.open();
      const db = world.db(world.databaseOf(node));
      await node.checkpoint();
      await put(node, 'a', 'b');
      await node.checkpoint();
      expect(await seqsIn(db)).toEqual([]);
      const killed = { files_id: new ObjectId(), n: 0, data: new Binary(Buffer.from('SQLite')) };
      await db.collection('checkpoint.chunks').insertOne(killed);
      for (const name of ['c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']) {
        await put(node, name);
        await node.checkpoint();
      }
      expect(await seqsIn(db)).toEqual([9, 12]);
      const ids = (await files(db).find({}).toArray()).map(({ _id }) => _id);
      expect(await db.collection('checkpoint.chunks').countDocuments({ files_id: { $nin: ids } })).toBe(0);
    });

    test('a node on an empty folder starts from the newest and replays the rest', async () => {
      const node = await world.open();
      await put(node, 'a', 'b', 'c');
      await node.checkpoint();
      await put(node, 'd', 'e');
      const { node: other, replayed } = await openAnew(world.databaseOf(node));
      expect(replayed).toBe(2);
      expect(await answersOf(other, SEED)).toEqual(await answersOf(node, SEED));
      expect(await other.verify()).not.toContainEqual(FAULT);
    });

    test.each([
      ['of a newer layout', { format: FORMAT + 1 }],
      ['of another log', { hash: 'x' }],
      ['of a commit that the log does not have', { seq: 99 }],
      ['that says nothing of itself', undefined],
    ])('one %s is passed over, and takes no place from the others', async (_, change) => {
      const { node, database, db } = await checkpointedTwice();
      const newest = (await files(db).findOne({ filename: '6' }))!;
      const metadata = change && { ...newest.metadata, ...change };
      await files(db).updateOne({ _id: newest._id }, { $set: { metadata } as never });
      const { node: other, replayed } = await openAnew(database);
      expect(replayed).toBe(3);
      expect(await answersOf(other, SEED)).toEqual(await answersOf(node, SEED));
      await node.checkpoint();
      expect((await openAnew(database)).replayed).toBe(0);
    });

    test.each([
      [
        'without its pieces',
        (db: Db, id: unknown) => db.collection('checkpoint.chunks').deleteMany({ files_id: id }),
      ],
      [
        'that was cut off',
        (db: Db, id: unknown) =>
          db
            .collection('checkpoint.chunks')
            .updateMany({ files_id: id }, { $set: { data: new Binary(Buffer.from('SQLite')) } }),
      ],
    ])('one %s is passed over; without another, the log is replayed', async (_, damage) => {
      const { database, db } = await checkpointedTwice();
      await damage(db, (await files(db).findOne({ filename: '6' }))!._id);
      expect((await openAnew(database)).replayed).toBe(3);
      await damage(db, (await files(db).findOne({ filename: '3' }))!._id);
      const { node: other, replayed } = await openAnew(database);
      expect([replayed, other.status().seq]).toEqual([6, 6]);
      expect(await other.verify()).not.toContainEqual(FAULT);
    });

    test('of a store that was moved, without any: the node says what is missing', async () => {
      const own = await folders.open();
      await own.commit(commitOf([write('Task/a')]));
      await own.close();
      const database = world.database();
      await moveIn(uri, own.folder, database);
      await files(world.db(database)).deleteMany({});
      expect(await saysOf(world.open({ database }))).toBe(
        'diverged at commit 1: it came from a folder, and the checkpoint that was made of it is missing: restore a backup',
      );
      // Its own folder is a read model that needs none.
      expect((await world.open({ database, folder: own.folder })).status().seq).toBe(1);
    });
  });

  describe('the folder of a node', () => {
    /** A database of five commits, and the folder of a node that has stopped. */
    async function makeFolder() {
      const node = await world.open();
      await put(node, 'a', 'b', 'c', 'd', 'e');
      await node.close();
      return { database: world.databaseOf(node), folder: node.folder };
    }

    test('is followed from where it stands', async () => {
      const { database, folder } = await makeFolder();
      const copy = world.folder();
      cpSync(folder, copy, { recursive: true });
      const node = await world.open({ database, folder });
      await put(node, 'f');
      await node.close();
      expect((await openAnew(database, copy)).replayed).toBe(1);
    });

    test.each([
      [
        'a file that is no database',
        (folder: string) =>
          writeFileSync(
            join(folder, 'store.db'),
            'not a database, but longer than a header of one would be'.repeat(40),
          ),
      ],
      ['a file that was cut off', (folder: string) => truncateSync(join(folder, 'store.db'), 5000)],
      ['an empty file', (folder: string) => truncateSync(join(folder, 'store.db'), 0)],
      ['no file', (folder: string) => rmSync(join(folder, 'store.db'))],
      [
        'a file without tables, of a start that was cut off',
        (folder: string) => {
          rmSync(join(folder, 'follows'));
          truncateSync(join(folder, 'store.db'), 0);
        },
      ],
    ])('%s is thrown away and made anew', async (_, damage) => {
      const { database, folder } = await makeFolder();
      damage(folder);
      const { node, replayed } = await openAnew(database, folder);
      expect([replayed, node.status().seq]).toEqual([5, 5]);
      expect(await node.verify()).not.toContainEqual(FAULT);
    });

    test.each<[string, (database: string, folder: string) => Promise<unknown> | void, RegExp]>([
      [
        'another log',
        (_, folder) => writeFileSync(join(folder, 'follows'), 'another\n'),
        /follows another log, up to commit 5, than the database/,
      ],
      [
        'a log that is gone',
        (database) => world.db(database).dropDatabase(),
        /follows another log, up to commit 5, than the database/,
      ],
      [
        'a log that was set back',
        (database) => world.db(database).collection<{ _id: number }>('log').deleteOne({ _id: 5 }),
        /^Commit 5 of the folder .* is not in the log .*, which ends at commit 4/,
      ],
      [
        'a log that does not say whose it is',
        (database) => world.db(database).collection('meta').drop(),
        /has a log and does not say whose/,
      ],
    ])(
      'that has more than %s may be the last copy: it is refused, and stays as it is',
      async (_, change, says) => {
        const { database, folder } = await makeFolder();
        await change(database, folder);
        expect(await saysOf(world.open({ database, folder }))).toMatch(says);
        expect(headOfFolder(folder)?.seq).toBe(5);
      },
    );

    test('a log that ends before what was anchored is said at the start', async () => {
      const { database } = await makeFolder();
      const folder = world.folder();
      writeFileSync(join(folder, 'anchors.jsonl'), `${JSON.stringify({ seq: 9, at: 1, hash: '00' })}\n`);
      const { node, told } = await openAnew(database, folder);
      expect(told).toContainEqual(expect.stringMatching(/^commit 9 was anchored in .* ends at commit 5: /));
      expect(await node.verify()).toContainEqual(FAULT);
    });

    test('of which the log falls short while it is served takes nothing more', async () => {
      const store = await world.open();
      await put(store, 'a', 'b', 'c');
      await world
        .db(world.databaseOf(store))
        .collection<{ _id: number }>('log')
        .deleteMany({ _id: { $gt: 1 } });
      const diverged = /diverged at commit 3: the log in the database does not hold it any more/;
      await expect(store.fresh()).rejects.toThrow(diverged);
      await expect(put(store, 'd')).rejects.toThrow('closed');
      expect(store.status().writable).toBe(false);
    });

    test('that is a store of its own is refused and stays as it is; its read model is refused without the database', async () => {
      const { database, folder } = await makeFolder();
      const own = await folders.open();
      await own.commit(commitOf([write('Task/own')]));
      await own.close();
      expect(await saysOf(world.open({ database, folder: own.folder }))).toMatch(
        /holds a store of its own\. Move it into the database with npm run admin -- move/,
      );
      expect((await folders.open({ folder: own.folder })).status().seq).toBe(1);
      expect(await saysOf(folders.open({ folder }))).toMatch(/is the read model of a MongoDB log/);
    });
  });
});
