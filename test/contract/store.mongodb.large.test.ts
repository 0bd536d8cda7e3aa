/** Commits whose entries are too large for a document: they are put down in parts beside the log (commit-log.ts). */
import { afterEach, expect, test } from '@jest/globals';
import { Binary } from 'mongodb';
import { describeJudged } from '../judges.ts';
import { saysOf } from './mongo-moving.ts';
import { createMongoWorld } from './mongo-world.ts';
import { commitOf, handClock, write } from './store-world.ts';

const MIB = 1024 * 1024;
const FAULT = expect.objectContaining({ ok: false });

describeJudged('mongodb', 'mongodb', (uri) => {
  const world = createMongoWorld(uri, { writer: 'turn' });
  afterEach(() => world.end());

  const blobs = (database: string) =>
    world.db(database).collection<{ _id: string; of: number; at: Date; t: Binary }>('blob');
  const big = (count: number) =>
    commitOf(Array.from({ length: count }, (_, i) => write(`Task/b${i}`, { is: 'x'.repeat(MIB) })));
  const textsIn = async (database: string): Promise<string> =>
    (await blobs(database).find({}).toArray()).map(({ t }) => Buffer.from(t.buffer).toString()).join('');

  test('a commit of 20 MB goes through, is followed and verified', async () => {
    const node = await world.open();
    await node.commit(big(20));
    await node.commit(commitOf([write('Task/after')]));
    const database = world.databaseOf(node);
    expect(await blobs(database).countDocuments({})).toBe(3);
    const other = await world.open({ database });
    expect(other.status().seq).toBe(2);
    expect(await other.verify()).not.toContainEqual(FAULT);
  }, 60_000);

  test.each([
    [
      'taken away',
      (database: string) => blobs(database).deleteOne({ _id: /\/0$/ as never }),
      /^log in the database, commit 1: diverged at commit 1: the part \S+\/0 of its entries is missing$/,
    ],
    [
      'cut off',
      (database: string) =>
        blobs(database).updateOne({ _id: /\/0$/ as never }, { $set: { t: new Binary(Buffer.from('[')) } }),
      /^log in the database, commit 1: diverged at commit 1: its entries, put down in parts, cannot be read$/,
    ],
    [
      'edited',
      async (database: string) => {
        const part = (await blobs(database).findOne({ _id: /\/0$/ as never }))!;
        const text = Buffer.from(part.t.buffer).toString().replace('xxx', 'xyx');
        await blobs(database).updateOne({ _id: part._id }, { $set: { t: new Binary(Buffer.from(text)) } });
      },
      /^log in the database, commit 1: Task\/b0 was changed$/,
    ],
  ])('a part that was %s is named, and stops a node that follows', async (_, change, says) => {
    const node = await world.open();
    await node.commit(big(5));
    await node.commit(commitOf([write('Task/after')]));
    const database = world.databaseOf(node);
    await change(database);
    const [fault, ...more] = (await node.verify()).filter(({ ok }) => !ok);
    expect(fault?.says).toMatch(says);
    expect(more).toEqual([]);
    expect(await saysOf(world.open({ database }))).toMatch(/^diverged at commit 1: /);
  });

  test('the text of a record vanishes from them, too, when it is written anew, taken away, or expires', async () => {
    const clock = handClock();
    const node = await world.open({ clock });
    const record = (key: string, is: string | undefined, expiresAt?: number) => ({
      kind: 'account',
      key,
      expect: 'any' as const,
      body: is === undefined ? undefined : { is },
      ...(expiresAt !== undefined && { expiresAt }),
    });
    const made = [
      record('a', 'first-a'),
      record('b', 'first-b'),
      record('c', 'first-c', clock.at + 1000),
      record('d', 'first-d'),
    ];
    await node.commit({ ...big(6), records: made });
    const database = world.databaseOf(node);
    expect((await textsIn(database)).match(/first-./g)).toEqual(['first-a', 'first-b', 'first-c', 'first-d']);
    await node.commit(commitOf([], { records: [record('a', 'second-a'), record('b', undefined)] }));
    clock.at += 5000;
    await world.tidy(node);
    expect((await textsIn(database)).match(/first-./g)).toEqual(['first-d']);
    expect(await node.verify()).not.toContainEqual(FAULT);
    const other = await world.open({ database, clock });
    expect((await other.snapshot().record('account', 'd'))?.body).toEqual({ is: 'first-d' });
    expect(await other.verify()).not.toContainEqual(FAULT);
  });

  test('parts without a document are swept after an hour, the others never', async () => {
    const node = await world.open();
    await node.commit(big(5));
    const database = world.databaseOf(node);
    const t = new Binary(Buffer.from('[]'));
    const hours = (count: number) => new Date(Date.now() - count * 3_600_000);
    await blobs(database).updateMany({}, { $set: { at: hours(9) } });
    await blobs(database).insertMany([
      { _id: 'lost/0', of: 1, at: hours(2), t },
      { _id: 'lost/1', of: 99, at: hours(2), t },
      { _id: 'young/0', of: 2, at: hours(0), t },
    ]);
    await node.sweepParts();
    const left = (await blobs(database).find({}).toArray()).map(({ _id }) => _id);
    expect(left.filter((name) => /lost|young/.test(name))).toEqual(['young/0']);
    expect(await node.verify()).not.toContainEqual(FAULT);
  });
});
