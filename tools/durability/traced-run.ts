/** The real server at work under the tracer, killed in the end: its calls, its disk, and what it had promised when. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { createChance } from './chance.ts';
import { rebuildDisk, type Disk } from './disk.ts';
import { createLedger, isAnswered, type Ledger } from './ledger.ts';
import { createScene, seed, work } from './load.ts';
import { openReceiver } from './receiver.ts';
import { startServer } from './server-process.ts';
import { createIssuer } from './tokens.ts';
import { readTrace, traced, type Call } from './trace.ts';

export interface TracedOptions {
  readonly seed: number;
  readonly clients: number;
  /** How long the clients work; longer where the machine is slow, until there is something to judge. */
  readonly workMs: number;
  /** Pragmas of the engine's connections. */
  readonly pragmas?: readonly string[];
  /** Tampering with system calls, as strace takes it. */
  readonly inject?: readonly string[];
}

/** A response of success, as it began to leave the server. */
export interface Acknowledgment {
  readonly requestId: string;
  /** Its place in the trace. */
  readonly at: number;
  /** The commit that holds its audit row, and everything it wrote. */
  readonly seq: number;
}

export interface TracedRun {
  readonly disk: Disk;
  readonly acknowledgments: readonly Acknowledgment[];
  /** Hex of the chain's hash at `seq`, at index `seq - 1`. */
  readonly hashes: readonly string[];
  /** The last place of the trace. */
  readonly end: number;
}

/** Checkpoints come often, so that cuts fall into them, too. */
const CHECKPOINT_PAGES = 200;
const LANES = 2;

/** Requests answered before the server is killed, if the machine can do it in this time. */
const ANSWERED_MIN = 60;
const WORK_MAX_MS = 15_000;

const countAnswered = ({ offers, reads }: Ledger): number => offers.filter(isAnswered).length + reads.length;

export async function runTraced(options: TracedOptions): Promise<TracedRun> {
  const root = mkdtempSync(join(tmpdir(), 'closeloop-traced-'));
  const chance = createChance(options.seed);
  const receiver = await openReceiver(chance.fork());
  try {
    const folder = join(root, 'data');
    const issuer = await createIssuer(join(root, 'keys.json'));
    const trace = { file: join(root, 'trace'), inject: options.inject ?? [] };
    const server = startServer({
      folder,
      settings: [...issuer.settings, '--subscription-allow-list', '127.0.0.1:*'],
      pragmas: [`wal_autocheckpoint = ${CHECKPOINT_PAGES}`, ...(options.pragmas ?? [])],
      under: traced(trace),
    });
    const base = await server.ready;
    const ledger = createLedger();
    const scene = await createScene(issuer, ledger, LANES);
    await seed(base, scene, receiver.port);
    const working = work(base, scene, options.clients, chance);
    await pause(options.workMs);
    const giveUpAt = Date.now() + WORK_MAX_MS;
    while (countAnswered(ledger) < ANSWERED_MIN && Date.now() < giveUpAt) await pause(100);
    await server.end('SIGKILL');
    await working;
    if (ledger.wrong.length > 0) throw new Error(ledger.wrong.join('\n'));
    return read(await readTrace(trace, server.pid), folder);
  } finally {
    await receiver.close();
    rmSync(root, { recursive: true, force: true });
  }
}

/** The process is dead and the machine is not: what the folder holds now is everything that was written. */
function read(calls: readonly Call[], folder: string): TracedRun {
  const db = new DatabaseSync(join(folder, 'store.db'));
  const rows = db
    .prepare('SELECT seq, audit, lower(hex(hash)) AS hash FROM log ORDER BY seq')
    .all() as unknown as Row[];
  db.close();
  const seqOf = new Map(
    rows.flatMap(({ seq, audit }) =>
      // An audit row is an AuditEntry.
      (JSON.parse(audit) as readonly { requestId: string }[]).map(
        ({ requestId }) => [requestId, seq] as const,
      ),
    ),
  );
  return {
    disk: rebuildDisk(calls, folder),
    acknowledgments: calls.flatMap((call) => acknowledgmentsIn(call, seqOf)),
    hashes: rows.map(({ hash }) => hash),
    end: calls.at(-1)?.end ?? 0,
  };
}

/** The columns of the SELECT above. */
interface Row {
  readonly seq: number;
  readonly audit: string;
  readonly hash: string;
}

/** A response of success begins with its status line; `X-Request-Id` says whose it is. */
const RESPONSE = /^HTTP\/1\.1 2[\s\S]*?\r\nX-Request-Id: ([^\r]+)\r\n/;

function acknowledgmentsIn(
  { path, bytes, begin }: Call,
  seqOf: ReadonlyMap<string, number>,
): Acknowledgment[] {
  if (!path.startsWith('socket:')) return [];
  const requestId = RESPONSE.exec(bytes.toString('latin1'))?.[1];
  if (requestId === undefined) return [];
  // What left no audit row anywhere stands behind the last commit, where no flush can cover it.
  return [{ requestId, at: begin, seq: seqOf.get(requestId) ?? Number.POSITIVE_INFINITY }];
}
