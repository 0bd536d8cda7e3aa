/**
 * Kills the real server, whose log is in MongoDB, and the database too, again and again under load. The server comes back
 * on the folder that it had, or on an empty one, in turn. Then the log is verified, and both a kept folder and one that was
 * made of the log alone are examined: they hold the same, and all that was promised.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { headOfFolder } from '../../src/stores/embedded/log-reading.ts';
import { CommitLog } from '../../src/stores/mongodb/commit-log.ts';
import { connect } from '../../src/stores/mongodb/connection.ts';
import { verifyLog } from '../../src/stores/mongodb/verify-log.ts';
import { createChance, type Chance } from './chance.ts';
import { readinessOf, send } from './client.ts';
import { startDatabase, type DatabaseProcess } from './database-process.ts';
import { examineFolder, type Examined } from './examine.ts';
import { drained, readBack, worked } from './kill.ts';
import { createLedger, isAnswered, type Ledger } from './ledger.ts';
import { createScene, offerAgain, seed, work, type Scene } from './load.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { startServer, type ServerProcess } from './server-process.ts';
import { createIssuer, type Issuer } from './tokens.ts';

export interface MongoKillOptions {
  readonly kills: number;
  readonly seed: number;
  readonly clients: number;
  /** The program of the MongoDB server. */
  readonly program: string;
  readonly onKill?: (kill: number, ledger: Ledger) => void;
}

export interface MongoKillReport extends Examined {
  readonly kills: number;
  readonly killsOfNode: number;
  readonly killsOfDatabase: number;
  /** Starts on an empty folder. */
  readonly emptied: number;
  readonly offers: number;
  readonly acknowledged: number;
  readonly reads: number;
  /** Requests whose callers heard that the database is away: nothing was written, or nobody knew. */
  readonly heardBusy: number;
  readonly heardUnsure: number;
  readonly deliveries: number;
}

const LANES = 8;
const DATABASE = 'closeloop';
const SETTINGS =
  '--store mongodb --commit-timeout-ms 1500 --mongodb-selection-ms 3000 --lease-ms 600000 --backoff-min-ms 10'
    .concat(' --backoff-max-ms 1000 --attempts-max 100 --dispatch-interval-ms 50')
    .concat(' --subscription-allow-list 127.0.0.1:*')
    .split(' ');
const READY_WITHIN_MS = 60_000;
/** What is killed, with how often. */
const VICTIMS: readonly (readonly [victims: readonly Victim[], share: number])[] = [
  [['node'], 0.6],
  [['database'], 0.25],
  [['node', 'database'], 0.15],
];
type Victim = 'node' | 'database';

export async function killWithDatabase(options: MongoKillOptions): Promise<MongoKillReport> {
  const root = mkdtempSync(join(tmpdir(), 'closeloop-mongo-kill-'));
  const chance = createChance(options.seed);
  const receiver = await openReceiver(chance.fork());
  const database = await startDatabase(options.program, join(root, 'database'));
  const issuer = await createIssuer(join(root, 'keys.json'));
  const node = createNode(join(root, 'data'), [
    ...issuer.settings,
    ...SETTINGS,
    '--mongodb-uri',
    database.uri,
  ]);
  try {
    return await run(options, { root, chance, receiver, database, issuer, node });
  } finally {
    await node.end('SIGKILL');
    await database.kill();
    await receiver.close();
    rmSync(root, { recursive: true, force: true });
  }
}

interface Place {
  readonly root: string;
  readonly chance: Chance;
  readonly receiver: Receiver;
  readonly database: DatabaseProcess;
  readonly issuer: Issuer;
  readonly node: Node;
}

/** The server, from start to start on one port, so that the same answer is the same to the last byte. */
interface Node {
  readonly folder: string;
  /** @param folder default: its own */
  start(folder?: string): void;
  /** Resolves with its base URL when it is ready to write. */
  ready(): Promise<string>;
  /** Ends it; what it said meanwhile that it should not. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<readonly string[]>;
}

function createNode(folder: string, settings: readonly string[]): Node {
  let port = '0';
  let server: ServerProcess | undefined;
  return {
    folder,
    start(other = folder) {
      server = startServer({ folder: other, port, settings });
    },
    async ready() {
      const base = (await server?.ready) ?? '';
      ({ port } = new URL(base));
      for (const end = Date.now() + READY_WITHIN_MS; Date.now() < end; await pause(20))
        if ((await readinessOf(base)).ok) return base;
      throw new Error(`the server is not ready after ${READY_WITHIN_MS} ms: ${server?.said()}`);
    },
    async end(signal) {
      const ended = await server?.end(signal);
      const said = server?.said() ?? '';
      const byItself = signal === 'SIGKILL' ? ended?.signal !== signal : ended?.code !== 0;
      return [
        ...(byItself ? [`the server ended with ${ended?.code ?? ended?.signal}: ${said}`] : []),
        ...(/"level":"error"/.test(said) ? [`the server complained: ${said}`] : []),
      ];
    },
  };
}

async function run({ kills, clients, onKill }: MongoKillOptions, place: Place): Promise<MongoKillReport> {
  const { chance, receiver, database, issuer, node } = place;
  const ledger = createLedger(true);
  const scene = await createScene(issuer, ledger, LANES);
  const counts = { killsOfNode: 0, killsOfDatabase: 0, emptied: 0 };
  let checkedTo = 0;
  const begin = async (): Promise<string> => {
    const base = await node.ready();
    await audits(base, scene);
    await offerAgain(base, scene, checkedTo, chance);
    await readBack(base, scene, checkedTo);
    checkedTo = ledger.offers.length;
    return base;
  };
  const restart = async (victims: readonly Victim[]): Promise<void> => {
    if (victims.includes('database')) {
      counts.killsOfDatabase += 1;
      await pause(chance.below(2500));
      await database.start();
    }
    if (!victims.includes('node')) return;
    counts.killsOfNode += 1;
    if (counts.killsOfNode % 2 === 0) {
      counts.emptied += 1;
      rmSync(node.folder, { recursive: true, force: true });
    }
    node.start();
  };

  node.start();
  await seed(await begin(), scene, receiver.port);
  for (let done = 0; done < kills; done += 1) {
    const base = await begin();
    const over = new AbortController();
    const working = work(base, scene, clients, chance.fork(), over.signal);
    await Promise.all([pause(100 + chance.below(900)), worked(ledger)]);
    const victims = VICTIMS[done]?.[0] ?? chooseVictims(chance); // each kind once, then by chance
    if (victims.includes('database')) await database.kill();
    if (victims.includes('node')) ledger.wrong.push(...(await node.end('SIGKILL')));
    await restart(victims);
    over.abort();
    await working;
    onKill?.(done + 1, ledger);
  }
  await drained(await begin(), ledger);
  ledger.wrong.push(...(await node.end('SIGTERM')));
  return {
    ...(await examineBoth(place, ledger)),
    ...counts,
    kills,
    offers: ledger.offers.length,
    acknowledged: ledger.offers.filter(isAnswered).length,
    reads: ledger.reads.length,
    heardBusy: countHeard(scene, 'busy'),
    heardUnsure: countHeard(scene, 'commit-unsure'),
    deliveries: receiver.deliveries.length,
  };
}

/** Until a read is audited: a server that nobody asked does not know that its database was away. */
async function audits(base: string, { tokens }: Scene): Promise<void> {
  const ask = {
    method: 'GET',
    path: '/Organization/north',
    token: tokens.admin,
    requestId: 'probe',
  } as const;
  for (const end = Date.now() + READY_WITHIN_MS; Date.now() < end; await pause(100)) {
    const answer = await send(base, ask);
    if (answer !== undefined && answer.status !== 503) return;
  }
  throw new Error(`the database is back, and the server audits nothing after ${READY_WITHIN_MS} ms`);
}

function chooseVictims(chance: Chance): readonly Victim[] {
  let left = chance.next();
  return VICTIMS.find(([, share]) => (left -= share) < 0)?.[0] ?? ['node'];
}

const countHeard = ({ ledger }: Scene, what: string): number =>
  ledger.offers.flatMap(({ heard }) => heard).filter((one) => one === what).length;

/** The folder that was kept, one that is made of the log, and the log. */
async function examineBoth({ root, receiver, database, node }: Place, ledger: Ledger): Promise<Examined> {
  const { deliveries } = receiver;
  const kept = await examineFolder(node.folder, ledger, deliveries);
  const empty = join(root, 'empty');
  node.start(empty);
  await node.ready();
  const ended = await node.end('SIGTERM');
  const made = await examineFolder(empty, ledger, deliveries);
  const heads = [node.folder, empty].map((folder) => JSON.stringify(headOfFolder(folder)));
  return {
    ...made,
    faults: [
      ...ended,
      ...kept.faults.map((says) => `kept folder: ${says}`),
      ...made.faults.map((says) => `folder made of the log: ${says}`),
      ...(heads[0] === heads[1] ? [] : [`the folders end differently: ${heads.join(', ')}`]),
      ...(kept.versions === made.versions && kept.entries === made.entries
        ? []
        : ['the folder made of the log holds another number of versions or outbox entries']),
      ...(await verifyDatabase(database.uri, made.commits)),
    ],
  };
}

async function verifyDatabase(uri: string, commits: number): Promise<readonly string[]> {
  const connection = await connect({ uri, database: DATABASE, poolMax: 1, serverSelectionMs: 5000 });
  try {
    const findings = await verifyLog(new CommitLog(connection), {
      through: commits,
      anchors: [],
      purged: 0,
    });
    return findings.filter(({ ok }) => !ok).map(({ says }) => says);
  } finally {
    await connection.close();
  }
}
