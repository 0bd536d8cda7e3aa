/**
 * The engine whose log is in MongoDB beside the embedded one: the bare stores, a read model that is made anew, and whole
 * servers, in alternating pairs so that other work on the machine affects both alike.
 */
import { randomUUID } from 'node:crypto';
import { openStore, type ServerStore, type StoreOptions } from '../../src/stores/index.ts';
import { Trouble } from '../command.ts';
import { atLeast, median, showNumber, showSpread, type Figure, type Options } from './figure.ts';
import { load, type Loaded } from './load.ts';
import { serveCloseloop, type Closeloop } from './serving.ts';
import { readOf, referralTask } from './store-work.ts';
import { loadWorld, makeFolder, worldOf, type World } from './world.ts';

type Database = NonNullable<StoreOptions['mongodb']>;

const PAIRS = 5;
const COMMITS_IN_FLIGHT = 16;
const READS_IN_FLIGHT = 32;
const REFERRALS = 10_000;
/** Commits of a log that is followed from its beginning: so many that the start of a node weighs little. */
const FOLLOWED = 20_000;
/** As the figures of the embedded engine are measured. */
const CONNECTIONS = { reads: 64, mix: 32 } as const;

export async function measureMongo({ seconds }: Options): Promise<readonly Figure[]> {
  const uri = process.env['MONGODB_URI'];
  if (uri === undefined) throw new Trouble('Set MONGODB_URI to the server that is to be measured.');
  return [...(await measureStores(uri, seconds)), ...(await measureServers(uri, seconds))];
}

/** A new database on the server. */
const databaseAt = (uri: string): Database => ({
  uri,
  database: `closeloop_bench_${randomUUID().slice(0, 8)}`,
  poolMax: 20,
  serverSelectionMs: 5000,
});

interface StoreRates {
  readonly commits: number;
  readonly records: number;
}

async function measureStores(uri: string, seconds: number): Promise<readonly Figure[]> {
  const ours: StoreRates[] = [];
  const embedded: StoreRates[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    embedded.push(await ratesOf(await openStore({ folder: makeFolder(), reserveBytes: 0 }), seconds));
    const mongodb = databaseAt(uri);
    const store = await openStore({ folder: makeFolder(), reserveBytes: 0, mongodb });
    ours.push(await ratesOf(store, seconds));
  }
  const rebuilt = await rebuildRates(databaseAt(uri));
  const ratios = (kind: keyof StoreRates): string =>
    showSpread(ours.map((rates, i) => rates[kind] / (embedded[i]?.[kind] ?? Number.NaN)));
  const rate = (name: string, rates: readonly number[], target: number, note: string): Figure => ({
    name,
    value: median(rates),
    unit: '/s',
    target: atLeast(target),
    note: `${showSpread(rates)}; ${note}`,
  });
  return [
    rate(
      `commits of the bare store, ${COMMITS_IN_FLIGHT} in flight`,
      ours.map(({ commits }) => commits),
      2500,
      `${ratios('commits')} of the embedded engine`,
    ),
    rate(
      `audited reads of the bare store, ${READS_IN_FLIGHT} in flight`,
      ours.map(({ records }) => records),
      17_000,
      `${ratios('records')} of the embedded engine`,
    ),
    rate(
      'commits that an empty folder follows',
      rebuilt,
      5000,
      `a log of ${FOLLOWED}, without a checkpoint, the start of the node included`,
    ),
  ];
}

async function ratesOf(store: ServerStore, seconds: number): Promise<StoreRates> {
  const commits = await perSecond(COMMITS_IN_FLIGHT, seconds, (i) => store.commit(referralTask(i)));
  const records = await perSecond(READS_IN_FLIGHT, seconds, (i) => store.record(readOf(i)));
  await store.close();
  return { commits, records };
}

async function perSecond(
  inFlight: number,
  seconds: number,
  work: (i: number) => Promise<unknown>,
): Promise<number> {
  const begun = performance.now();
  const end = begun + seconds * 1000;
  let done = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < end) await work((done += 1));
    }),
  );
  return (done / (performance.now() - begun)) * 1000;
}

async function rebuildRates(mongodb: Database): Promise<readonly number[]> {
  const store = await openStore({ folder: makeFolder(), reserveBytes: 0, mongodb });
  const numbers = Array.from({ length: FOLLOWED }, (_, i) => i).values();
  const write = async (): Promise<void> => {
    for (const i of numbers) await store.commit(referralTask(i));
  };
  await Promise.all(Array.from({ length: COMMITS_IN_FLIGHT }, write));
  await store.close();
  const rates: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) rates.push(await rebuildOf(mongodb));
  return rates;
}

/** Commits per second until a node with an empty folder is open. */
async function rebuildOf(mongodb: Database): Promise<number> {
  const begun = performance.now();
  const store = await openStore({ folder: makeFolder(), reserveBytes: 0, mongodb });
  const rate = (store.status().seq / (performance.now() - begun)) * 1000;
  await store.close();
  return rate;
}

async function measureServers(uri: string, seconds: number): Promise<readonly Figure[]> {
  const mongodb = databaseAt(uri);
  const theirs = await worldOf(REFERRALS);
  const ours = await loadWorld(REFERRALS, mongodb);
  const embedded = await serveCloseloop(theirs.folder);
  const server = await serveCloseloop(ours.folder, {
    STORE: 'mongodb',
    MONGODB_URI: uri,
    MONGODB_DATABASE: mongodb.database,
  });
  try {
    return [
      await compare(
        `GET /Task/{id}, authenticated and audited, ${CONNECTIONS.reads} connections, of the embedded engine`,
        0.8,
        (round) => [
          ask(server, ours, 'reads', seconds, `m${round}`),
          ask(embedded, theirs, 'reads', seconds, `e${round}`),
        ],
      ),
      await compare(
        `create, read, update and search in equal parts, ${CONNECTIONS.mix} connections, of the embedded engine`,
        0.5,
        (round) => [
          ask(server, ours, 'mix', seconds, `m${round}`),
          ask(embedded, theirs, 'mix', seconds, `e${round}`),
        ],
      ),
    ];
  } finally {
    await server.stop();
    await embedded.stop();
  }
}

type Steps = keyof typeof CONNECTIONS;
type Ask = () => Promise<Loaded>;

const ask =
  (server: Closeloop, { referrals }: World, steps: Steps, seconds: number, run: string): Ask =>
  () =>
    load(server, {
      steps,
      around: { tokens: server.tokens, referrals, run: `${steps}-${run}` },
      connections: CONNECTIONS[steps],
      warmSeconds: 1,
      seconds,
    });

async function compare(
  name: string,
  target: number,
  pairOf: (round: number) => readonly [ours: Ask, theirs: Ask],
): Promise<Figure> {
  const rounds: { readonly ours: Loaded; readonly theirs: Loaded }[] = [];
  for (let round = 0; round <= PAIRS; round += 1) {
    const [ours, theirs] = pairOf(round);
    rounds.push({ ours: await ours(), theirs: await theirs() });
  }
  const measured = rounds.slice(1); // compiled by now
  const ratios = measured.map(({ ours, theirs }) => ours.perSecond / theirs.perSecond);
  const [a, b] = [
    median(measured.map(({ ours }) => ours.perSecond)),
    median(measured.map(({ theirs }) => theirs.perSecond)),
  ];
  const p99 = median(measured.map(({ ours }) => ours.all.p99));
  return {
    name,
    value: median(ratios),
    unit: '×',
    target: atLeast(target),
    note: `${showSpread(ratios)}; ${showNumber(a)}/s against ${showNumber(b)}/s; p99 ${showNumber(p99)} ms`,
  };
}
