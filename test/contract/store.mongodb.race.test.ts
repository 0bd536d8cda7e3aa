/** Nodes that write to one log at the same time: which append is next, the log decides, and all hold the same. */
import { afterAll, expect, test } from '@jest/globals';
import { CommitRefused, type Committed } from '../../src/ports/store.ts';
import type { MongoStore } from '../../src/stores/mongodb/open.ts';
import { describeJudged } from '../judges.ts';
import { proofOf } from '../proof.ts';
import { createMongoWorld } from './mongo-world.ts';
import { commitOf, EVERYTHING, write } from './store-world.ts';

const NODES = 4;
const LANES = 5;
const proof = proofOf('mongodb-race');

describeJudged('mongodb', 'mongodb, nodes at once', (uri) => {
  const world = createMongoWorld(uri);
  afterAll(() => world.end());

  async function openNodes(): Promise<readonly MongoStore[]> {
    const first = await world.open();
    const database = world.databaseOf(first);
    return [first, ...(await Promise.all(Array.from({ length: NODES - 1 }, () => world.open({ database }))))];
  }

  test(
    'one order, no gap, an unbroken chain, and every node holds all of it',
    async () => {
      const nodes = await openNodes();
      const acknowledged = new Map<number, string>();
      const work = async (store: MongoStore, node: number, lane: number): Promise<void> => {
        for (let i = 0; i < proof.runs / LANES; i += 1) {
          const ref = `Task/n${node}-${lane}-${i}` as const;
          const { seq } = await store.commit(commitOf([write(ref)]));
          acknowledged.set(seq, ref);
        }
      };
      await Promise.all(
        nodes.flatMap((store, node) => Array.from({ length: LANES }, (_, lane) => work(store, node, lane))),
      );
      const commits = NODES * LANES * Math.ceil(proof.runs / LANES);
      expect([...acknowledged.keys()].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: commits }, (_, i) => i + 1),
      );
      for (const store of nodes) {
        await store.fresh();
        expect(store.status().seq).toBe(commits);
        expect((await store.verify()).filter(({ ok }) => !ok)).toEqual([]);
        const there = [...acknowledged].map(async ([seq, ref]) => {
          const found = await store.snapshot().read(ref as `Task/${string}`, EVERYTHING);
          return found?.seq === seq ? [] : [ref];
        });
        expect((await Promise.all(there)).flat()).toEqual([]);
      }
      const lost = nodes.reduce((sum, { traffic }) => sum + traffic.lost, 0);
      expect(lost).toBeGreaterThan(0);
    },
    proof.within(200),
  );

  test('one of all wins a change of the same version, one of all a key', async () => {
    const nodes = await openNodes();
    await nodes[0]!.commit(commitOf([write('Task/a')]));
    const base = 1;
    const changes = await Promise.allSettled(
      nodes.map((store) => store.commit(commitOf([write('Task/a', { base })]))),
    );
    expect(changes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = changes.flatMap((one) =>
      one.status === 'rejected' ? [one.reason as CommitRefused] : [],
    );
    expect(refused.map(({ reason }) => reason)).toEqual(['stale', 'stale', 'stale']);

    const key = { scope: 'race', id: 'k', fingerprint: 'f', reply: { pieces: ['done'], holes: [] } };
    const answers = await Promise.all(
      nodes.map((store, i) => store.commit(commitOf([write(`Task/k${i}`)], { key }))),
    );
    expect(new Set(answers.map(({ seq }: Committed) => seq)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  });
});
