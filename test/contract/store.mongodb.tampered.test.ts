/** Who changes the log in the database is named by the verifier, and stops the nodes that follow it. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Db } from 'mongodb';
import type { Finding } from '../../src/ports/store.ts';
import { chainHash, digestVersion, type Members } from '../../src/stores/log/chain.ts';
import type { EntryDocument, LogDocument } from '../../src/stores/mongodb/documents.ts';
import { describeJudged } from '../judges.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { moveIn, saysOf } from './mongo-moving.ts';
import { createMongoWorld } from './mongo-world.ts';
import { commitOf, tell, write } from './store-world.ts';

const COMMITS = 6;
const key = { scope: 's', id: 'k', fingerprint: 'f', reply: { pieces: ['1'], holes: [] } } as const;
const records = [{ kind: 'account', key: 'a', expect: 'any' as const, body: { is: 'secret' } }];

type Log = ReturnType<typeof logIn>;
const logIn = (db: Db) => db.collection<LogDocument>('log');
type Change = (log: Log, db: Db) => Promise<unknown>;

/** Changes the only commit of a document. */
const edit =
  (_id: number, change: Readonly<Record<string, unknown>>): Change =>
  (log) =>
    log.updateOne({ _id }, { $set: change as never });
const take =
  (_id: number, name: string): Change =>
  (log) =>
    log.updateOne({ _id }, { $unset: { [name]: 1 } as never });

async function swap(log: Log): Promise<void> {
  const [a, b] = await log.find({ _id: { $in: [3, 4] } }).toArray();
  await log.deleteMany({ _id: { $in: [3, 4] } });
  await log.insertMany([
    { ...a!, _id: 4 },
    { ...b!, _id: 3 },
  ]);
}

/** Changes a text, and every digest and hash that follows from it. */
async function rewrite(log: Log): Promise<void> {
  let prev = (await log.findOne({ _id: 3 }))!.hash;
  for (const { _id, e } of await log.find({ _id: { $gt: 3 } }).toArray()) {
    const [entry] = e;
    const changed = _id === 4 ? rewritten(entry!) : entry!;
    const hash = chainHash(prev, changed.q, changed.at, changed.m);
    await log.updateOne({ _id }, { $set: { prev, hash, e: [changed] } });
    prev = hash;
  }
}

function rewritten(entry: EntryDocument): EntryDocument {
  const [one] = entry.w!;
  const members = JSON.parse(entry.m) as Members;
  const t = one!.t!.replace('new', 'old');
  const versions = [[one!.ref, digestVersion(one!.ref, one!.method, one!.c, t)]];
  return { ...entry, m: JSON.stringify({ ...members, versions }), w: [{ ...one!, t }] };
}

type Row = readonly [what: string, change: Change, verifier: string, follower: RegExp];
const ROWS: readonly Row[] = [
  [
    'an edited text',
    edit(3, { 'e.0.w.0.t': '{}' }),
    '3: Task/n3 was changed',
    /at commit 3: it has other members/,
  ],
  [
    'an edited audit row',
    edit(3, { 'e.0.a': '[]' }),
    '3: its audit rows were changed',
    /at commit 3: it has other/,
  ],
  [
    'an edited member',
    edit(3, { 'e.0.m': '{}' }),
    '3: its audit rows were changed',
    /at commit 3: it has other/,
  ],
  [
    'an edited time',
    edit(3, { 'e.0.at': 1 }),
    '3: its time lies before that of the commit before it',
    /at commit/,
  ],
  [
    'a member that is no JSON',
    edit(3, { 'e.0.m': '{' }),
    '3: it cannot be read',
    /at commit 3: it has other/,
  ],
  [
    'a text taken away',
    edit(3, { 'e.0.w.0.t': null }),
    '3: the text of Task/n3/_history/3 is gone and no expunge says so',
    /at commit 3/,
  ],
  [
    'a text that is no JSON',
    edit(3, { 'e.0.w.0.x': '{' }),
    '3: it cannot be read',
    /at commit 3: it cannot be applied here/,
  ],
  [
    'an edited custodian',
    edit(3, { 'e.0.w.0.c': 'Organization/x' }),
    '3: Task/n3 was changed',
    /at commit 3/,
  ],
  ['an edited outbox entry', edit(5, { 'e.0.o.0.t': '{"rail":"x"}' }), '5: 5-0 was changed', /at commit 5/],
  [
    'an outbox entry taken away',
    take(5, 'e.0.o'),
    '5: it holds more or less of the outbox than it wrote',
    /at commit 5/,
  ],
  ['an edited outcome', edit(6, { 'e.0.s.0.fate': 'refused' }), '6: 5-0 was changed', /at commit 6/],
  ['an edited key', edit(5, { 'e.0.k.3': '2' }), '5: its key was changed', /at commit 5/],
  ['a key taken away', take(5, 'e.0.k'), '5: its key is missing', /at commit 5/],
  [
    'an edited record',
    edit(5, { 'e.0.c.0.t': '{"is":"x"}' }),
    '5: the record account a was changed',
    /at commit 5/,
  ],
  [
    'a record taken away',
    edit(5, { 'e.0.c.0.t': null }),
    '5: the record ["account","a"] is missing',
    /^follows$/,
  ],
  ['writes taken away', take(3, 'e.0.w'), '3: what it wrote is missing', /at commit 3/],
  [
    'a deleted document',
    (log) => log.deleteOne({ _id: 3 }),
    '3: commits up to 3 are missing',
    /at commit 3: the log goes on with commit 4/,
  ],
  [
    'the last document deleted',
    (log) => log.deleteOne({ _id: COMMITS }),
    '6: the log ends here, but commit 6 was anchored: it was cut off',
    /^follows$/,
  ],
  [
    'an inserted document',
    async (log) => log.insertOne({ ...(await log.findOne({ _id: 6 }))!, _id: 7, last: 7 }),
    '6: it follows commit 6',
    /at commit 7: it continues another chain/,
  ],
  [
    'two documents in another order',
    swap,
    '3: it does not continue the document before it',
    /at commit 3: it continues another chain/,
  ],
  [
    'a hash',
    edit(4, { hash: 'x' }),
    '4: its commits do not end as it says',
    /at commit 5: it continues another chain/,
  ],
  [
    'the chain rewritten from a commit on',
    rewrite,
    '6: the anchor says another hash: the chain was computed anew up to here',
    /^follows$/,
  ],
];

const faultsOf = (findings: readonly Finding[]): readonly string[] =>
  findings.flatMap(({ ok, says }) => (ok ? [] : [says]));

describeJudged('mongodb', 'mongodb', (uri) => {
  const world = createMongoWorld(uri, { writer: 'turn' });
  const folders = createEmbeddedWorld({ writer: 'turn' });
  afterEach(async () => {
    await world.end();
    await folders.end();
  });

  /** A log of six documents, and the folder of a node that had followed two of them. */
  async function makeLog() {
    const [database, folder, behind] = [world.database(), world.folder(), world.folder()];
    const node = await world.open({ database, folder });
    for (let i = 1; i <= COMMITS - 2; i += 1) {
      await node.commit(commitOf([write(`Task/n${i}`)]));
      if (i === 2) cpSync(folder, behind, { recursive: true });
    }
    await node.commit(commitOf([write('Task/n5')], { key, records, outbox: [tell('Task/n5')] }));
    const [{ id } = { id: '' }] = await node.claim(1, 1000);
    await node.commit(commitOf([], { deliveryOutcomes: [{ id, fate: 'accepted' }] }));
    return { database, folder, behind, node };
  }

  describe('a log that somebody changed', () => {
    test.each(ROWS)(
      '%s is named; a node that follows stops, the second time for good',
      async (_, change, verifier, follower) => {
        const { database, behind, node } = await makeLog();
        node.anchor();
        await change(logIn(world.db(database)), world.db(database));
        expect(faultsOf(await node.verify())).toContain(`log in the database, commit ${verifier}`);
        await node.close();
        const told: string[] = [];
        const mongodb = { tell: (_level: string, says: string) => told.push(says) };
        const open = async (given: object): Promise<string> =>
          (await saysOf(world.open({ database, folder: behind, ...given }))) ?? 'follows';
        const says = await open({ mongodb });
        expect(says).toMatch(follower);
        expect(says === 'follows' || says.startsWith('diverged at commit ')).toBe(true);
        const anew = told.filter((line) =>
          line.startsWith('the read model is thrown away and made anew: diverged'),
        );
        expect(anew).toHaveLength(says === 'follows' ? 0 : 1);
        // Made anew already: it stays down, and says the same.
        expect(says === 'follows' ? says : await open({})).toBe(says);
      },
    );

    test('while a node is up that follows another’s commits: it writes no more', async () => {
      const { database, node } = await makeLog();
      const other = await world.open({ database });
      await node.commit(commitOf([write('Task/n7')]));
      await logIn(world.db(database)).updateOne({ _id: 7 }, { $set: { 'e.0.w.0.t': '{}' } as never });
      expect(await saysOf(other.fresh())).toMatch(/diverged at commit 7/);
      expect(await saysOf(other.commit(commitOf([write('Task/n8')])))).toBeDefined();
      expect(other.snapshot().seq).toBe(COMMITS);
    });
  });

  test('a read model that somebody changed is named by its own verifier, and right when it is made anew', async () => {
    const { database, folder, node } = await makeLog();
    await node.close();
    const db = new DatabaseSync(join(folder, 'store.db'));
    db.exec(`UPDATE version SET text = '{}' WHERE seq = 3`);
    db.close();
    const kept = await world.open({ database, folder });
    expect(faultsOf(await kept.verify())).toEqual(['commit 3: the version Task/n3/_history/3 was changed']);
    await kept.close();
    const anew = await world.open({ database });
    expect(faultsOf(await anew.verify())).toEqual([]);
  });

  describe('a log that came from a folder', () => {
    async function makeMoved() {
      const store = await folders.open();
      await store.commit(
        commitOf([write('Task/n1')], { key, outbox: [tell('Task/n1'), tell('Task/n1', { event: 'b' })] }),
      );
      const [{ id } = { id: '' }] = await store.claim(1, 1000);
      await store.commit(commitOf([], { deliveryOutcomes: [{ id, fate: 'accepted' }] }));
      await store.close();
      const database = world.database();
      await moveIn(uri, store.folder, database);
      return database;
    }
    const [first, second] = ['{"id":"1-0"}', '{"id":"1-1"}'].map(
      (text) => JSON.parse(text) as { id: string },
    );
    /** Takes an entry of the outbox (`o`) or an outcome (`s`) away from the commit at this position. */
    const drop =
      (position: number, name: 'o' | 's', gone: { id: string } | undefined): Change =>
      async (log) => {
        const { e } = (await log.findOne({ _id: 1 }))!;
        const without = (entry: EntryDocument) => entry[name]?.filter(({ id }) => id !== gone?.id);
        const changed = e.map((entry, i) => (i === position ? { ...entry, [name]: without(entry) } : entry));
        await log.updateOne({ _id: 1 }, { $set: { e: changed } });
      };

    test.each<readonly [what: string, changes: readonly Change[], faults: readonly string[]]>([
      ['a key that was forgotten is permitted', [take(1, 'e.0.k')], []],
      ['a settled entry with its outcome, too', [drop(0, 'o', first), drop(1, 's', first)], []],
      ['an entry without its outcome is not', [drop(0, 'o', first)], ['1: the outbox entry 1-0 is missing']],
      ['an outcome without its entry is not', [drop(1, 's', first)], ['2: how 1-0 ended is missing']],
      ['an entry that waits is not', [drop(0, 'o', second)], ['1: the outbox entry 1-1 is missing']],
      ['another key is not', [edit(1, { 'e.0.k.3': '2' })], ['1: its key was changed']],
      ['another entry is not', [edit(1, { 'e.0.o.0.t': '{"rail":"x"}' })], ['1: 1-0 was changed']],
      ['another outcome is not', [edit(1, { 'e.1.s.0.fate': 'refused' })], ['2: how 1-0 ended was changed']],
      [
        'a text is not',
        [edit(1, { 'e.0.w.0.t': null })],
        ['1: the text of Task/n1/_history/1 is gone and no expunge says so'],
      ],
      ['a commit is not', [edit(1, { e: [] })], ['1: it holds no commit']],
    ])('%s', async (_, changes, faults) => {
      const database = await makeMoved();
      const node = await world.open({ database });
      const db = world.db(database);
      for (const change of changes) await change(logIn(db), db);
      expect(faultsOf(await node.verify())).toEqual(
        faults.map((says) => `log in the database, commit ${says}`),
      );
    });
  });
});
