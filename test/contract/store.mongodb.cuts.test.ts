/**
 * Connections to the database are cut, or hang, at every kind of byte of an append. Callers hear the answer, `unsure` or
 * `too-busy`; the same key has the one answer; what was refused as too busy was never written.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { CommitRefused, type Commit, type Store } from '../../src/ports/store.ts';
import type { Ref } from '../../src/fhir/types.ts';
import { createChance, type Chance } from '../../tools/durability/chance.ts';
import { openCuttingProxy, PLACES, type Cut } from '../cutting-proxy.ts';
import { describeJudged } from '../judges.ts';
import { proofOf } from '../proof.ts';
import { createMongoWorld } from './mongo-world.ts';
import { commitOf, EVERYTHING, write } from './store-world.ts';

const LANES = 6;
const COMMIT_TIMEOUT_MS = 500;
/** Shorter and longer than callers wait. */
const HANGS_MS = [0, 0, 150, 1200];
/** One append in so many is cut. */
const CUT_ONE_IN = 4;
const proof = proofOf('mongodb-cuts');

interface Offer {
  readonly ref: Ref;
  readonly isKeyed: boolean;
  /** What it heard before it was answered. */
  readonly heard: string[];
  seq?: number;
}

const commitFor = ({ ref, isKeyed }: Offer): Commit =>
  commitOf(
    [write(ref)],
    isKeyed
      ? { key: { scope: 'cuts', id: ref, fingerprint: 'f', reply: { pieces: ['done'], holes: [] } } }
      : {},
  );

/** Offers it until it is answered; without a key, only while nobody may have written it. */
async function offer(store: Store, one: Offer): Promise<void> {
  for (;;) {
    try {
      one.seq = (await store.commit(commitFor(one))).seq;
      return;
    } catch (error) {
      one.heard.push(error instanceof CommitRefused ? error.reason : String(error));
      if (!one.isKeyed) return;
      await pause(50);
    }
  }
}

function cutOf(chance: Chance): Cut {
  return { place: chance.pick(PLACES), part: chance.next(), hangMs: chance.pick(HANGS_MS) };
}

describeJudged(
  'mongodb',
  'mongodb, connections cut',
  (uri) => {
    const world = createMongoWorld(uri, { writer: 'turn' });
    afterAll(() => world.end());

    test(
      'nothing is lost, doubled, renumbered or refused wrongly',
      async () => {
        const chance = createChance(proof.seed);
        const cuts = chance.fork();
        let left = 0;
        const proxy = await openCuttingProxy(Number(new URL(uri).port), (request) => {
          const isAppend = request.includes('insert\0') && request.includes('prev\0');
          if (!isAppend || left === 0 || cuts.below(CUT_ONE_IN) > 0) return undefined;
          left -= 1;
          return cutOf(cuts);
        });
        const store = await world.open({
          mongodb: {
            uri: `mongodb://127.0.0.1:${proxy.port}/?directConnection=true`,
            commitTimeoutMs: COMMIT_TIMEOUT_MS,
            serverSelectionMs: 2000,
          },
        });
        left = proof.runs;
        const offers: Offer[] = [];
        const work = async (lane: number, own: Chance): Promise<void> => {
          for (let i = 0; left > 0; i += 1) {
            const one: Offer = { ref: `Task/l${lane}-${i}`, isKeyed: own.happens(0.6), heard: [] };
            offers.push(one);
            await offer(store, one);
          }
        };
        await Promise.all(Array.from({ length: LANES }, (_, lane) => work(lane, chance.fork())));

        // It recovers by itself.
        const last: Offer = { ref: 'Task/last', isKeyed: true, heard: [] };
        await offer(store, last);
        expect(store.status().writable).toBe(true);
        expect(await faultsOf(store, [...offers, last])).toEqual([]);
        const made = await world.open({ database: world.databaseOf(store) });
        expect(await faultsOf(made, [...offers, last])).toEqual([]);
        expect((await made.verify()).filter(({ ok }) => !ok)).toEqual([]);
        expect(made.status().seq).toBe(store.status().seq);
        // Every kind was met, and not all went well at once.
        expect(new Set(proxy.made().map(({ place }) => place))).toEqual(new Set(PLACES));
        expect(new Set(offers.flatMap(({ heard }) => heard))).toEqual(new Set(['unsure', 'too-busy']));
        await store.close();
        await proxy.close();
      },
      proof.within(5000),
    );
  },
  proof,
);

/** What the store holds that was not promised, and what it does not. */
async function faultsOf(store: Store, offers: readonly Offer[]): Promise<readonly string[]> {
  const faults: string[] = [];
  const taken = new Set<number>();
  for (const { ref, seq, heard } of offers) {
    const there = (await store.snapshot().read(ref, EVERYTHING))?.seq;
    const mayBeThere = heard.includes('unsure');
    if (seq !== undefined && there !== seq) faults.push(`${ref} was acknowledged as ${seq} and is ${there}`);
    if (seq === undefined && there !== undefined && !mayBeThere)
      faults.push(`${ref} heard ${heard.join()} and is there`);
    if (there !== undefined && taken.has(there)) faults.push(`${there} is taken twice`);
    if (there !== undefined) taken.add(there);
  }
  return faults;
}
