/** Search: random clauses over random worlds, against brute force (rules 2.6). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from '../chance.ts';
import { proofOf } from '../proof.ts';
import type { Query } from '../../src/ports/query.ts';
import { after, queries, worlds } from './search-arbitraries.ts';
import { bruteForce } from './search-oracle.ts';
import type { SearchEngine } from './search-words.ts';
import { SearchWorld } from './search-world.ts';

const { runs: WORLDS, seed, within } = proofOf('searches');
const QUERIES = 12;
const SIZE = { minLength: QUERIES, maxLength: QUERIES };

export function describeRandomWorlds(open: () => Promise<SearchEngine>): void {
  let engine: SearchEngine;
  beforeAll(async () => {
    engine = await open();
  });
  afterAll(() => engine.close());

  let [asked, answered] = [0, 0];

  async function compare(query: Query, seq: number, world: SearchWorld): Promise<void> {
    const expected = bruteForce(world.moment(seq), query);
    const end = query.offset + query.count;
    const { matches, more, total } = await engine.store.snapshot(seq).search(query);
    const refs = matches.map(({ ref }) => ref);
    expect({ refs, more, total }).toEqual({
      refs: expected.slice(query.offset, end),
      more: expected.length > end,
      total: expected.length,
    });
    for (const other of engine.others) expect(await other(query, seq)).toEqual({ refs, total });
    asked += 1;
    if (expected.length > 0) answered += 1;
  }

  test(
    'random searches find what brute force finds, the invisible deleted first',
    async () => {
      const property = fc.asyncProperty(worlds, fc.array(queries, SIZE), async (commits, questions) => {
        const world = new SearchWorld(engine.store, engine.others);
        try {
          for (const puts of commits) await world.put(...puts);
          const { seqs } = world;
          const [first] = world.moment(seqs[0] ?? 0).values();
          for (const { query, back } of questions) {
            await compare(after(first?.at ?? 0, query), seqs.at(-1 - (back % seqs.length)) ?? 0, world);
          }
        } finally {
          await world.clear();
        }
      });
      await fc.assert(property, { numRuns: WORLDS, seed });
      // Random worlds that answer nothing would prove nothing.
      expect(answered).toBeGreaterThan(asked / 8);
    },
    within(1500),
  );
}
