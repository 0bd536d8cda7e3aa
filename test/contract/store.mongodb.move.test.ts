/** A store moves from a folder into a database and back, and is the same before and after. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from '@jest/globals';
import { restore } from '../../src/stores/embedded/folder/backup.ts';
import { markFollowed, UNFINISHED_COPY } from '../../src/stores/embedded/folder/folder.ts';
import { verifyChain } from '../../src/stores/embedded/verify/audit-chain.ts';
import { describeJudged } from '../judges.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import {
  answersOf,
  fill,
  fillAtRandom,
  isRemembered,
  MINUTE,
  moveIn,
  moveOut,
  saysOf,
  THEN,
  unpackFixture,
} from './mongo-moving.ts';
import { createMongoWorld } from './mongo-world.ts';
import { audit, commitOf, handClock, write } from './store-world.ts';

const SEED = 20_261_130;
const OPTIONS = { writer: 'turn', searchSnapshotMs: 100 * 24 * 60 * MINUTE } as const;
const FAULT = expect.objectContaining({ ok: false });
const anchorsIn = (folder: string): string => readFileSync(join(folder, 'anchors.jsonl'), 'utf8');

describeJudged('mongodb', 'mongodb', (uri) => {
  const world = createMongoWorld(uri, OPTIONS);
  const folders = createEmbeddedWorld(OPTIONS);
  afterEach(async () => {
    await world.end();
    await folders.end();
  });

  /** A folder with everything in it, and what it answers. */
  async function makeFolder() {
    const clock = handClock(THEN);
    const store = await folders.open({ clock });
    await fill(store, clock);
    await fillAtRandom(store, SEED);
    const answers = await answersOf(store, SEED);
    await store.close();
    return { folder: store.folder, answers, clock };
  }

  /** So many commits in a folder, each audited. */
  async function makeCommits(count: number): Promise<string> {
    const store = await folders.open();
    const all = Array.from({ length: count }, (_, i) => store.commit(commitOf([write(`Task/n${i}`)])));
    await Promise.all(all);
    await store.close();
    return store.folder;
  }

  const meta = (database: string) => world.db(database).collection<{ _id: string }>('meta');
  const documents = (database: string) =>
    world
      .db(database)
      .collection<{ _id: number; last: number; n: string }>('log')
      .find({})
      .sort({ _id: 1 })
      .toArray();

  describe('a store that was moved', () => {
    test('is the same in its folder, in the database from the checkpoint alone, and in a folder again', async () => {
      const { folder, answers, clock } = await makeFolder();
      const chain = await verifyChain(folder);
      const anchors = anchorsIn(folder);
      const database = world.database();
      await moveIn(uri, folder, database);
      for (const place of [folder, world.folder()]) {
        const node = await world.open({ database, folder: place, clock });
        expect(await answersOf(node, SEED)).toEqual(answers);
        expect(await node.verify()).not.toContainEqual(FAULT);
        expect([await isRemembered(node, 'young'), await isRemembered(node, 'waiting')]).toEqual([
          true,
          true,
        ]);
        await node.close();
      }
      const target = join(folders.folder(), 'back');
      await moveOut(uri, database, { folder, target, clock });
      expect(anchorsIn(target)).toBe(anchors);
      expect(await verifyChain(target)).toEqual(chain);
      const back = await folders.open({ folder: target, clock });
      expect(await answersOf(back, SEED)).toEqual(answers);
      expect(await isRemembered(back, 'young')).toBe(true);
      expect(await back.verify()).not.toContainEqual(FAULT);
    });

    test('of 0.2.0 is the same, and goes on', async () => {
      const clock = handClock(THEN);
      const before = await folders.open({ folder: unpackFixture(folders.folder()), clock });
      const answers = await answersOf(before, SEED);
      await before.close();
      const database = world.database();
      await moveIn(uri, before.folder, database);
      const node = await world.open({ database, clock });
      expect(await answersOf(node, SEED)).toEqual(answers);
      const { seq } = await node.commit(commitOf([write('Task/new')]));
      expect(seq).toBe(answers.seq + 1);
      const again = await world.reopen(node, { clock });
      expect(again.status().seq).toBe(seq);
      expect(await again.verify()).not.toContainEqual(FAULT);
    });

    test('goes from the database into a folder, and on from there into the same database and another one', async () => {
      const { folder, clock } = await makeFolder();
      const [first, second] = [world.database(), world.database()];
      await moveIn(uri, folder, first);
      const node = await world.open({ database: first, folder, clock });
      await node.commit(commitOf([write('Task/there')]));
      await node.close();
      const [stale, target] = [world.folder(), join(folders.folder(), 'back')];
      cpSync(folder, stale, { recursive: true });
      await moveOut(uri, first, { folder, target, clock });
      expect(await saysOf(world.open({ database: first, folder, clock }))).toMatch(
        /was moved into a folder on/,
      );

      const own = await folders.open({ folder: target, clock });
      await own.commit(commitOf([write('Task/here')]));
      const answers = await answersOf(own, SEED);
      await own.close();
      cpSync(target, join(folders.folder(), 'other'), { recursive: true });
      await moveIn(uri, target, first);
      // The read model of before cannot replay what a folder wrote: it is made anew from the checkpoint.
      for (const place of [target, stale, world.folder()]) {
        const back = await world.open({ database: first, folder: place, clock });
        expect(await answersOf(back, SEED)).toEqual(answers);
        expect(await back.verify()).not.toContainEqual(FAULT);
        await back.close();
      }
      const copy = join(folders.folder(), 'copy');
      await moveOut(uri, first, { folder: target, target: copy, clock });
      await moveIn(uri, copy, second);
      const other = await world.open({ database: second, clock });
      expect(await answersOf(other, SEED)).toEqual(answers);
    });

    test('has no text of a record that was taken away since: law 24 holds for what a folder wrote', async () => {
      const { folder, clock } = await makeFolder();
      const database = world.database();
      await moveIn(uri, folder, database);
      const node = await world.open({ database, folder, clock });
      expect([await world.leftOf(node, 'first'), await world.leftOf(node, 'second')]).toEqual([0, 1]);
      const records = [{ kind: 'account', key: 'kept', expect: 'any' as const, body: undefined }];
      await node.commit(commitOf([], { records }));
      await world.tidy(node);
      expect(await world.leftOf(node, 'second')).toBe(0);
      expect(await node.verify()).not.toContainEqual(FAULT);
    });

    test('keeps commits that are too large for a document', async () => {
      const store = await folders.open();
      const is = 'x'.repeat(1_000_000);
      await store.commit(commitOf(Array.from({ length: 20 }, (_, i) => write(`Task/big${i}`, { is }))));
      await store.close();
      const database = world.database();
      await moveIn(uri, store.folder, database);
      const node = await world.open({ database });
      expect(await node.verify()).not.toContainEqual(FAULT);
      expect((await documents(database))[0]).toMatchObject({ e: [], b: expect.anything() });
    });
  });

  describe('a move that is cut off', () => {
    const COMMITS = 700;

    test('goes on at every document, after the checkpoint, and before the very end', async () => {
      const folder = await makeCommits(COMMITS);
      const whole = world.database();
      const copies = Array.from({ length: 4 }, () => folders.copy(folder));
      await moveIn(uri, folder, whole);
      const all = await documents(whole);
      expect(all.map(({ _id, last }) => [_id, last])).toEqual([
        [1, 256],
        [257, 512],
        [513, COMMITS],
      ]);
      const made = await meta(whole).findOne({ _id: 'store' });
      for (const [through, copy] of copies.entries()) {
        const database = world.database();
        await meta(database).insertOne({ ...made!, moving: true } as never);
        if (through > 0)
          await world
            .db(database)
            .collection('log')
            .insertMany(all.slice(0, through) as never[]);
        expect(await saysOf(world.open({ database }))).toMatch(
          /is not finished. Run npm run admin -- move again/,
        );
        await moveIn(uri, copy, database);
        const there = (await documents(database)).map(({ n }) => n);
        expect(there.slice(0, through)).toEqual(all.slice(0, through).map(({ n }) => n));
        const node = await world.open({ database });
        expect(node.status().seq).toBe(COMMITS);
        expect(await node.verify()).not.toContainEqual(FAULT);
        await node.close();
      }
      // Its folder says already that it follows the database, which does not know yet that the move is done.
      await meta(whole).updateOne({ _id: 'store' }, { $set: { moving: true } });
      await moveIn(uri, folder, whole);
      expect((await world.open({ database: whole, folder })).status().seq).toBe(COMMITS);
    });

    test('leaves the folder the truth: what it commits meanwhile moves, and what it forgets is forgotten', async () => {
      const clock = handClock();
      const store = await folders.open({ clock });
      const record = (is: string) => ({ kind: 'account', key: 'a', expect: 'any' as const, body: { is } });
      await store.commit(commitOf([], { records: [record('secret')] }));
      await store.close();
      const database = world.database();
      await moveIn(uri, folders.copy(store.folder), database);
      await meta(database).updateOne({ _id: 'store' }, { $set: { moving: true } });
      const own = await folders.open({ folder: store.folder, clock });
      await own.commit(commitOf([], { records: [record('open')] }));
      await own.close();
      await moveIn(uri, store.folder, database);
      const node = await world.open({ database, clock });
      expect([await world.leftOf(node, 'secret'), await world.leftOf(node, 'open')]).toEqual([0, 1]);
      expect(await node.verify()).not.toContainEqual(FAULT);
    });

    test('into a folder, in the middle of the copy, is no store, and is done by the same call', async () => {
      const folder = await makeCommits(3);
      const database = world.database();
      await moveIn(uri, folder, database);
      const target = folders.folder();
      markFollowed(target, UNFINISHED_COPY);
      writeFileSync(join(target, 'anchors.jsonl'), '{"seq":');
      for (const half of ['', readFileSync(join(folder, 'store.db')).subarray(0, 4096)]) {
        writeFileSync(join(target, 'store.db'), half);
        expect(await saysOf(folders.open({ folder: target }))).toMatch(
          /^A copy into the folder \S+ was cut off\. Run the same command again: .* move --to folder /,
        );
      }
      await moveOut(uri, database, { folder, target });
      expect(anchorsIn(target)).toBe(anchorsIn(folder));
      const store = await folders.open({ folder: target });
      expect(store.status().seq).toBe(3);
      expect(await store.verify()).not.toContainEqual(FAULT);
    });

    test('into a folder, before the database was marked, is finished by the same call', async () => {
      const folder = await makeCommits(3);
      const database = world.database();
      await moveIn(uri, folder, database);
      const target = join(folders.folder(), 'back');
      await moveOut(uri, database, { folder, target });
      await meta(database).updateOne({ _id: 'store' }, { $unset: { movedAway: 1 } } as never);
      await moveOut(uri, database, { folder, target });
      expect(await meta(database).findOne({ _id: 'store' })).toHaveProperty('movedAway');
    });
  });

  describe('is refused', () => {
    const own = () => makeCommits(2);
    type Row = readonly [
      what: string,
      says: RegExp,
      move: (folder: string, database: string) => Promise<unknown>,
    ];
    test.each<Row>([
      [
        'a database in which a node has begun',
        /holds a store already\. Name another one, or drop it first\./,
        async (folder, database) => {
          await (await world.open({ database })).close();
          await moveIn(uri, folder, database);
        },
      ],
      [
        'a database with a log that does not say whose it is',
        /has a log and does not say whose/,
        async (folder, database) => {
          await world
            .db(database)
            .collection('log')
            .insertOne({ _id: 1 as never, last: 2, hash: 'x' });
          await moveIn(uri, folder, database);
        },
      ],
      [
        'a half moved database of another folder',
        /holds another store, or commits/,
        async (folder, database) => {
          await moveIn(uri, await own(), database);
          await meta(database).updateOne({ _id: 'store' }, { $set: { moving: true } });
          await moveIn(uri, folder, database);
        },
      ],
      [
        'a folder of fewer commits than the database that was moved away',
        /commits that the folder does not have/,
        async (folder, database) => {
          const old = folders.copy(folder);
          await moveIn(uri, folder, database);
          const node = await world.open({ database, folder });
          await node.commit(commitOf([write('Task/later')]));
          await node.close();
          await moveOut(uri, database, { folder, target: join(folders.folder(), 'back') });
          await moveIn(uri, old, database);
        },
      ],
      [
        'a folder that is moved already',
        /is in the database closeloop_test_\S+ already\. Start with STORE=mongodb\./,
        async (folder, database) => {
          await moveIn(uri, folder, database);
          await moveIn(uri, folder, database);
        },
      ],
      [
        'a read model of another log',
        /is the read model of a MongoDB log/,
        async (folder, database) => {
          await moveIn(uri, folder, world.database());
          await moveIn(uri, folder, database);
        },
      ],
      [
        'a folder without a store',
        /There is no store in/,
        (_, database) => moveIn(uri, folders.folder(), database),
      ],
      [
        'a folder in which nothing was committed',
        /Nothing was committed in the folder yet/,
        async (_, database) => moveIn(uri, await makeCommits(0), database),
      ],
      [
        'a folder that is served',
        /is in use by process/,
        async (folder, database) => {
          await folders.open({ folder });
          await moveIn(uri, folder, database);
        },
      ],
      [
        'a folder whose chain is broken',
        /does not verify, so it is not moved: commit 2: its audit rows were changed/,
        async (folder, database) => {
          const db = new DatabaseSync(join(folder, 'store.db'));
          db.exec(`UPDATE log SET audit = '[]' WHERE seq = 2`);
          db.close();
          await moveIn(uri, folder, database);
        },
      ],
      [
        'into a folder: a database that holds no store',
        /holds no store/,
        (folder, database) => moveOut(uri, database, { folder: world.folder(), target: folder }),
      ],
      [
        'into a folder that is not empty',
        /is not empty/,
        async (folder, database) => {
          await moveIn(uri, folder, database);
          await moveOut(uri, database, { folder, target: await own() });
        },
      ],
      [
        'into a folder: the read model’s own',
        /is not empty/,
        async (folder, database) => {
          await moveIn(uri, folder, database);
          await moveOut(uri, database, { folder, target: folder });
        },
      ],
      [
        'into a folder: a database that was moved already',
        /was moved into a folder on/,
        async (folder, database) => {
          await moveIn(uri, folder, database);
          await moveOut(uri, database, { folder, target: join(folders.folder(), 'one') });
          await moveOut(uri, database, { folder, target: join(folders.folder(), 'two') });
        },
      ],
    ])('%s', async (_, says, move) => {
      const database = world.database();
      const folder = await own();
      expect(await saysOf(move(folder, database))).toMatch(says);
    });

    test('into a folder while a node serves the database, and nothing is marked', async () => {
      const folder = await own();
      const database = world.database();
      await moveIn(uri, folder, database);
      const node = await world.open({ database, folder, mongodb: { alone: true } });
      const target = join(folders.folder(), 'back');
      expect(await saysOf(moveOut(uri, database, { folder: world.folder(), target }))).toMatch(
        /The database is in use by process/,
      );
      await node.record(audit());
      expect(await meta(database).findOne({ _id: 'store' })).not.toHaveProperty('movedAway');
    }, 60_000);
  });

  test('a backup of a read model is an ordinary folder of what was committed until then', async () => {
    const { folder, clock, answers } = await makeFolder();
    const database = world.database();
    await moveIn(uri, folder, database);
    const out = join(folders.folder(), 'restored');
    await restore(folder, out);
    const store = await folders.open({ folder: out, clock });
    expect(await answersOf(store, SEED)).toEqual(answers);
  });
});
