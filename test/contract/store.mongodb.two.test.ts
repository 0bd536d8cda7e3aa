/**
 * The laws with two nodes on one log: each call goes to the other one in turn, and who is asked follows the log first. What
 * stays with one node is the outbox's claims and the leases: one node has the database (holder.ts).
 */
import { CommitRefused, type Snapshot, type Store } from '../../src/ports/store.ts';
import { describeJudged } from '../judges.ts';
import { proofOf } from '../proof.ts';
import { createMongoWorld } from './mongo-world.ts';
import { storeLaws } from './store.ts';
import type { StoreWorld, WorldOptions } from './store-world.ts';

/** Turns that another node's commits may make stale before a planner is given up. */
const TURNS = 300;

/** Two stores as one. */
class Pair implements Store {
  readonly nodes: readonly [Store, Store];
  #calls = 0;

  constructor(nodes: readonly [Store, Store]) {
    this.nodes = nodes;
  }

  get files(): Store['files'] {
    return this.nodes[0].files;
  }

  get leases(): Store['leases'] {
    return this.nodes[0].leases;
  }

  snapshot(seq = this.status().seq): Snapshot {
    const ask = async (): Promise<Snapshot> => (await this.#follow(this.#next())).snapshot(seq);
    return {
      seq,
      read: async (...given) => (await ask()).read(...given),
      vread: async (...given) => (await ask()).vread(...given),
      history: async (...given) => (await ask()).history(...given),
      search: async (...given) => (await ask()).search(...given),
      audit: async (...given) => (await ask()).audit(...given),
      roots: async (...given) => (await ask()).roots(...given),
      parties: async (...given) => (await ask()).parties(...given),
      kept: async (...given) => (await ask()).kept(...given),
      openFile: (...given) => this.files.open(...given),
      record: async (...given) => (await ask()).record(...given),
      records: async (...given) => (await ask()).records(...given),
      received: async (...given) => (await ask()).received(...given),
      isDenied: async (...given) => (await ask()).isDenied(...given),
      denialsFoundBy: async (...given) => (await ask()).denialsFoundBy(...given),
      permitsOf: async (...given) => (await ask()).permitsOf(...given),
      hasKinds: async () => (await ask()).hasKinds(),
      kindsOf: async (...given) => (await ask()).kindsOf(...given),
    };
  }

  async fresh(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.fresh()));
  }

  commit: Store['commit'] = (commit) => this.#next().commit(commit);

  async commitExclusively(work: Parameters<Store['commitExclusively']>[0]): ReturnType<Store['commit']> {
    for (let turns = 1; ; turns += 1) {
      try {
        return await (await this.#follow(this.#next())).commitExclusively(work);
      } catch (error) {
        if (turns === TURNS || !(error instanceof CommitRefused) || error.reason !== 'stale') throw error;
      }
    }
  }

  follow: Store['follow'] = (told) => {
    for (const node of this.nodes) node.follow(told);
  };

  record: Store['record'] = (entry) => this.#next().record(entry);
  claim: Store['claim'] = async (...given) => (await this.#follow(this.nodes[0])).claim(...given);
  postpone: Store['postpone'] = (...given) => this.nodes[0].postpone(...given);
  outbox: Store['outbox'] = async (...given) => (await this.#follow(this.nodes[0])).outbox(...given);
  verify: Store['verify'] = async () => (await this.#follow(this.#next())).verify();

  status(): ReturnType<Store['status']> {
    const [a, b] = this.nodes.map((node) => node.status());
    return a!.seq >= b!.seq ? a! : b!;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }

  #next(): Store {
    this.#calls += 1;
    return this.nodes[this.#calls % 2]!;
  }

  /** A closed store says so when it is asked. */
  async #follow(node: Store): Promise<Store> {
    await node.fresh().catch(() => undefined);
    return node;
  }
}

const nodeOf = (store: Store): Store => (store as Pair).nodes[0];

function createPairs(uri: string): StoreWorld {
  const world = createMongoWorld(uri, { writer: 'turn' });
  const open = async (options: WorldOptions = {}, database?: string): Promise<Store> => {
    const first = await world.open({ ...options, ...(database !== undefined && { database }) });
    return new Pair([first, await world.open({ ...options, database: world.databaseOf(first) })]);
  };
  return {
    nodes: 2,
    open,
    async reopen(store, options) {
      await store.close();
      return open(options, world.databaseOf(nodeOf(store)));
    },
    crash: (store, options) => open(options, world.databaseOf(nodeOf(store))),
    async tidy(store) {
      for (const node of (store as Pair).nodes) {
        await node.fresh();
        await world.tidy(node);
      }
    },
    leftOf: (store, text) => world.leftOf(nodeOf(store), text),
    end: () => world.end(),
  };
}

const proof = proofOf('mongodb-two');

describeJudged(
  'mongodb',
  'mongodb, two nodes in turn',
  (uri) => {
    for (let run = 1; run <= proof.runs; run += 1) storeLaws(`its laws, run ${run}`, () => createPairs(uri));
  },
  proof,
);
