/** Reach against brute force: random graphs, parties and deletions; after every commit each organization sees the same. */
import { afterEach, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, constantFrom, option, record, tuple, uniqueArray } from '../chance.ts';
import type { Arbitrary } from '../chance.ts';
import type { Ref } from '../../src/fhir/types.ts';
import type { Write } from '../../src/ports/store.ts';
import { createEmbeddedWorld } from './embedded-world.ts';
import { commitOf, NORTH, seenBy, SOUTH, WEST, write } from './store-world.ts';

const world = createEmbeddedWorld({ writer: 'turn', searchWorkers: 0 });
afterEach(() => world.end());

const KEEPER: Ref = 'Organization/keeper';
const ORGANIZATIONS = [NORTH, SOUTH, WEST];
const REFS = Array.from({ length: 7 }, (_, i): Ref => `Task/${i}`);

/** What one resource declares; undefined when it is deleted or was never there. */
interface Declared {
  readonly outward: readonly Ref[];
  readonly inward: readonly Ref[];
  readonly parties: readonly Ref[];
}
type World = ReadonlyMap<Ref, Declared | undefined>;

const someRefs = uniqueArray(constantFrom(...REFS), { maxLength: 3 });
const declared: Arbitrary<Declared | undefined> = option(
  record({
    outward: someRefs,
    inward: someRefs,
    parties: uniqueArray(constantFrom(...ORGANIZATIONS), { maxLength: 2 }),
  }),
  { nil: undefined, freq: 4 },
);
const change = tuple(constantFrom(...REFS), declared);
const commits = array(uniqueArray(change, { minLength: 1, maxLength: 3, selector: ([ref]) => ref }), {
  minLength: 1,
  maxLength: 14,
});

/** Everything that lives and is reached from a root of which the organization is a party. */
function visibleTo(organization: Ref, state: World): readonly Ref[] {
  const reached = new Set(REFS.filter((ref) => state.get(ref)?.parties.includes(organization)));
  for (const from of reached) {
    for (const [ref, one] of state) {
      if (one?.inward.includes(from)) reached.add(ref);
      if (ref === from) for (const to of one?.outward ?? []) reached.add(to);
    }
  }
  return REFS.filter((ref) => reached.has(ref) && state.get(ref) !== undefined);
}

test('every organization sees what brute force says, now and as of every earlier seq', async () => {
  await assert(
    asyncProperty(commits, async (history) => {
      const store = await world.open();
      const heads = new Map<Ref, number>();
      const states: [seq: number, state: World][] = [];
      let state: World = new Map();
      for (const changes of history) {
        const writes = changes.map(([ref, one]): Write => {
          const base = heads.get(ref) ?? 0;
          if (one !== undefined)
            return write(ref, { base, custodian: KEEPER, reach: { ...one, everyone: false } });
          return write(ref, { base, custodian: KEEPER, method: 'DELETE', text: undefined });
        });
        const { seq } = await store.commit(commitOf(writes));
        state = new Map([...state, ...changes]);
        for (const [ref, one] of changes) heads.set(ref, one === undefined ? 0 : seq);
        states.push([seq, state]);
      }
      for (const [seq, then] of states) {
        for (const organization of ORGANIZATIONS) {
          const versions = await Promise.all(
            REFS.map((ref) => store.snapshot(seq).read(ref, seenBy(organization))),
          );
          const seen = versions.filter((one) => one?.text !== undefined).map((one) => one?.ref);
          expect(seen).toEqual(visibleTo(organization, then));
        }
      }
      await store.close();
    }),
    { numRuns: 60 },
  );
});
