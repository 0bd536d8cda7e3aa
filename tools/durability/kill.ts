/**
 * Kills the real server under load, again and again, on one folder, and examines what is left (rules 3.8). Killing shows
 * that a restart goes on whole; that acknowledged means on disk is shown by `flushes.ts` and `crashes.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createChance, type Chance } from './chance.ts';
import { readinessOf, send, type Answer } from './client.ts';
import { examineFolder, type Examined } from './examine.ts';
import { createLedger, isAnswered, type Ledger } from './ledger.ts';
import { createScene, offerAgain, seed, work, type Scene } from './load.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { startServer } from './server-process.ts';
import { createIssuer } from './tokens.ts';

interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  readonly clients: number;
  readonly onKill?: (kill: number, ledger: Ledger) => void;
}

interface KillReport extends Examined {
  readonly kills: number;
  /** Kills before the server had answered anything. */
  readonly killsAtStart: number;
  readonly offers: number;
  readonly acknowledged: number;
  readonly reads: number;
  /** Offers without an answer that were sent again under their key. */
  readonly sentAgain: number;
  /** Acknowledged offers that were sent again under their key. */
  readonly repeated: number;
  readonly deliveries: number;
  /** Deliveries in the receiver's hands while the server died. */
  readonly deliveriesCut: number;
  /** From the start of the process to its first answer, the longest, in milliseconds. */
  readonly slowestStartMs: number;
}

const LANES = 8;
/** A lease that is not ended at the start would hold its entry longer than any run. */
const SETTINGS =
  '--lease-ms 600000 --backoff-min-ms 10 --backoff-max-ms 1000 --attempts-max 100 --dispatch-interval-ms 50'
    .concat(' --subscription-allow-list 127.0.0.1:*')
    .split(' ');
const AT_START = 0.12;
const DRAINED_WITHIN_MS = 60_000;
/** A server that is killed before it did this much shows nothing, however slow the machine is. */
const LEAST_DONE = 10;
const DONE_WITHIN_MS = 20_000;

export async function killServer(options: KillOptions): Promise<KillReport> {
  const root = mkdtempSync(join(tmpdir(), 'closeloop-kill-'));
  const chance = createChance(options.seed);
  const receiver = await openReceiver(chance.fork());
  try {
    return await run(options, { root, chance, receiver });
  } finally {
    await receiver.close();
    rmSync(root, { recursive: true, force: true });
  }
}

interface Place {
  readonly root: string;
  readonly chance: Chance;
  readonly receiver: Receiver;
}

async function run({ kills, clients, onKill }: KillOptions, place: Place): Promise<KillReport> {
  const { root, chance, receiver } = place;
  const folder = join(root, 'data');
  const issuer = await createIssuer(join(root, 'keys.json'));
  const ledger = createLedger();
  const scene = await createScene(issuer, ledger, LANES);
  const settings = [...issuer.settings, ...SETTINGS];
  const counts = { killsAtStart: 0, sentAgain: 0, repeated: 0, deliveriesCut: 0, slowestStartMs: 0 };
  /** Deliveries that were cut, with how often each had arrived then. */
  const cut = new Map<string, number>();
  let server = startServer({ folder, settings });
  // The same from start to start, so that the same answer is the same to the last byte.
  let port = '0';
  let checkedTo = 0;

  const begin = async (): Promise<string> => {
    const startedAt = Date.now();
    const base = await server.ready;
    ({ port } = new URL(base));
    counts.slowestStartMs = Math.max(counts.slowestStartMs, Date.now() - startedAt);
    const { pending, repeated } = await offerAgain(base, scene, checkedTo, chance);
    counts.sentAgain += pending;
    counts.repeated += repeated;
    await readBack(base, scene, checkedTo);
    checkedTo = ledger.offers.length;
    return base;
  };
  const kill = async (): Promise<void> => {
    const ended = server.end('SIGKILL');
    for (const id of receiver.open()) cut.set(id, arrivals(receiver, id) + 1);
    const { signal } = await ended;
    if (signal !== 'SIGKILL') ledger.wrong.push(`the server ended by itself: ${server.said()}`);
    if (/"level":"error"/.test(server.said())) ledger.wrong.push(`the server complained: ${server.said()}`);
    server = startServer({ folder, port, settings });
  };

  await seed(await begin(), scene, receiver.port);
  for (let done = 0; done < kills; done += 1) {
    if (done > 0 && chance.happens(AT_START)) {
      await pause(chance.below(900));
      counts.killsAtStart += 1;
      await kill();
    } else {
      const base = await begin();
      const working = work(base, scene, clients, chance.fork());
      await Promise.all([pause(100 + chance.below(900)), worked(ledger)]);
      await kill();
      // Each client ends with the request that got no answer.
      await working;
    }
    onKill?.(done + 1, ledger);
  }
  const base = await begin();
  await drained(base, ledger);
  const { code } = await server.end('SIGTERM');
  if (code !== 0) ledger.wrong.push(`the last stop ended with ${code}: ${server.said()}`);
  counts.deliveriesCut = cut.size;
  for (const [id, before] of cut) {
    if (arrivals(receiver, id) <= before) ledger.wrong.push(`delivery ${id} was cut and never came again`);
  }
  return {
    ...(await examineFolder(folder, ledger, receiver.deliveries)),
    ...counts,
    kills,
    offers: ledger.offers.length,
    acknowledged: ledger.offers.filter(isAnswered).length,
    reads: ledger.reads.length,
    deliveries: receiver.deliveries.length,
  };
}

/** Ends when a few more writes were acknowledged, and a few more reads answered, than when it began. */
export async function worked({ offers, reads }: Ledger): Promise<void> {
  const acknowledged = () => offers.filter(isAnswered).length;
  const [writes, asked] = [acknowledged() + LEAST_DONE, reads.length + LEAST_DONE];
  const end = Date.now() + DONE_WITHIN_MS;
  while ((acknowledged() < writes || reads.length < asked) && Date.now() < end) await pause(10);
}

const arrivals = ({ deliveries }: Receiver, wanted: string): number =>
  deliveries.filter(({ id }) => id === wanted).length;

/** Everything that was acknowledged since is read back through the door, by version. */
export async function readBack(base: string, { ledger, tokens }: Scene, since: number): Promise<void> {
  for (const { mark, members, answers } of ledger.offers.slice(since)) {
    const [answer] = answers;
    if (members > 1 || answer?.text === undefined) continue;
    const { resourceType, id, meta } = JSON.parse(answer.text) as Stored; // as the server sent it
    const path = `/${resourceType}/${id}/_history/${meta.versionId}`;
    const requestId = `back-${mark}`;
    const found = await untilReady(() => send(base, { method: 'GET', path, token: tokens.north, requestId }));
    ledger.reads.push(requestId);
    if (found?.status !== 200 || found.text !== answer.text) {
      ledger.wrong.push(
        `${mark} was acknowledged; after the restart ${path} is ${found?.status} ${found?.text}`,
      );
    }
  }
}

/** A server that says that it cannot answer now is asked again, as a client would ask it. */
async function untilReady(ask: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
  const end = Date.now() + DONE_WITHIN_MS;
  for (;;) {
    const answer = await ask();
    if (answer?.status !== 503 || Date.now() > end) return answer;
    await pause(200);
  }
}

interface Stored {
  readonly resourceType: string;
  readonly id: string;
  readonly meta: { readonly versionId: string };
}

/** Until the outbox holds nothing that waits: leases of processes that died would hold it up. */
export async function drained(base: string, ledger: Ledger): Promise<void> {
  const end = Date.now() + DRAINED_WITHIN_MS;
  for (;;) {
    const { outboxWaiting } = await readinessOf(base);
    if (outboxWaiting === 0) return;
    if (Date.now() > end) {
      ledger.wrong.push(`${outboxWaiting} outbox entries still wait after ${DRAINED_WITHIN_MS} ms`);
      return;
    }
    await pause(50);
  }
}
