/**
 * Creates, updates and transactions, each beside the bare store that commits the same resources, with one commit in
 * flight for each connection: what of a write is not the store's.
 */
import { openStore, type ServerStore } from '../../src/stores/index.ts';
import { atLeast, median, showNumber, showSpread, type Figure, type Options } from './figure.ts';
import { load, type Loaded } from './load.ts';
import { BUNDLE_RESOURCES, caseOf, patient, referralBundle, serviceRequest, task } from './resources.ts';
import { serveCloseloop, type Closeloop } from './serving.ts';
import { commitOf, makeFolder, worldOf, writeOf, type World } from './world.ts';

const REFERRALS = 10_000;
const CONNECTIONS = 32;
/** The server and the bare store in turns, so that other work on the machine affects both alike. */
const ROUNDS = 3;
const WARM_S = 2;

/** The number of a commit in, what it commits out: what a request of the same kind leaves behind. */
type Commits = (store: ServerStore) => (i: number) => Promise<unknown>;

/** An order and the Task that it opens. */
const creates: Commits = (store) => (i) => {
  const about = caseOf(i);
  const [order, opened] = [`b${i}`, `bt${i}`];
  return store.commit(
    commitOf([
      writeOf(serviceRequest(about, order), KEEPER, []),
      writeOf(task(about, `ServiceRequest/${order}`, i, opened), KEEPER, PARTIES),
    ]),
  );
};

/** New versions of patients, each of whom has one commit under way at most. */
const updates: Commits = (store) => {
  const free = Array.from({ length: CONNECTIONS * 2 }, (_, i) => ({ id: `u${i}`, seq: 0 }));
  return async (i) => {
    const { id, seq: base } = free.shift() ?? { id: `more${i}`, seq: 0 };
    const write = writeOf(patient(id, i), KEEPER, []);
    const { seq } = await store.commit(commitOf([{ ...write, method: 'PUT', base }]));
    free.push({ id, seq });
  };
};

/** The six resources of a referral. */
const transactions: Commits = (store) => (i) => {
  const { entry } = referralBundle(i, 'bare') as unknown as {
    readonly entry: readonly { readonly resource: ReturnType<typeof task> }[];
  };
  return store.commit(
    commitOf(entry.map(({ resource }, at) => writeOf({ ...resource, id: `x${i}-${at}` }, KEEPER, []))),
  );
};

const KEEPER = 'Organization/clinic-0';
const PARTIES = [KEEPER, 'Organization/service-0'] as const;

interface Compared {
  readonly server: readonly Loaded[];
  /** Commits of the bare store per second, by round. */
  readonly bare: readonly number[];
}

export async function measureWrites({ seconds }: Options): Promise<readonly Figure[]> {
  const world = await worldOf(REFERRALS);
  const server = await serveCloseloop(world.folder);
  try {
    const compare = (steps: string, commits: Commits): Promise<Compared> =>
      inRounds(server, world, { steps, commits, seconds });
    const created = await compare('creates', creates);
    const updated = await compare('updates', updates);
    const bundled = await compare('transactions', transactions);
    return [
      beside('creates of an order, which opens its Task,', created),
      beside('updates of a Patient', updated),
      beside('transactions of a referral', bundled),
      perCore(bundled),
    ];
  } finally {
    await server.stop();
  }
}

async function inRounds(
  server: Closeloop,
  { referrals }: World,
  {
    steps,
    commits,
    seconds,
  }: { readonly steps: string; readonly commits: Commits; readonly seconds: number },
): Promise<Compared> {
  const loaded: Loaded[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await measureCommits(commits, seconds));
    const around = { tokens: server.tokens, referrals, run: `${steps}-${Date.now()}` };
    loaded.push(
      await load(server, { steps, around, connections: CONNECTIONS, warmSeconds: WARM_S, seconds }),
    );
  }
  return { server: loaded, bare };
}

/** Commits per second of the store alone. */
async function measureCommits(commits: Commits, seconds: number): Promise<number> {
  const store = await openStore({ folder: makeFolder(), reserveBytes: 0 });
  const commit = commits(store);
  const begun = performance.now();
  const end = begun + seconds * 1000;
  let made = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < end) await commit((made += 1));
    }),
  );
  const perSecond = (made / (performance.now() - begun)) * 1000;
  await store.close();
  return perSecond;
}

function beside(name: string, { server, bare }: Compared): Figure {
  const ratios = server.map(({ perSecond }, i) => perSecond / (bare[i] ?? Number.NaN));
  const rate = median(server.map(({ perSecond }) => perSecond));
  const p99 = median(server.map(({ all }) => all.p99));
  return {
    name: `${name} of the bare store that commits the same`,
    value: median(ratios),
    unit: '×',
    target: atLeast(0.6),
    note: `${showSpread(ratios)}; ${showNumber(rate)}/s against ${showNumber(median(bare))}/s, ${CONNECTIONS} connections or commits in flight; p99 ${showNumber(p99)} ms`,
  };
}

const perCore = ({ server }: Compared): Figure => ({
  name: 'resources written in transaction bundles, per core',
  value: median(server.map((one) => one.perCore)) * BUNDLE_RESOURCES,
  unit: '/s',
  target: atLeast(1300),
  note: `${showNumber(median(server.map(({ perSecond }) => perSecond)) * BUNDLE_RESOURCES)}/s with ${CONNECTIONS} connections, ${BUNDLE_RESOURCES} in a bundle`,
});
