/**
 * The load, in a process of its own. Each connection sends its next request when the last is answered. At a given rate,
 * any free connection sends the next request that is due, and the wait for a free connection counts as latency.
 */
import { openConnection, type Answer, type Connection } from './connection.ts';
import type { Job, LoadResult, Latencies, LoadSays } from './load.ts';
import { RIVAL_STEPS } from './rival/rival-steps.ts';
import { STEPS, type Step } from './steps.ts';

const say = (says: LoadSays): void => void process.send?.(says);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

process.once('message', (job: Job) => void obey(job));

async function obey(job: Job): Promise<void> {
  try {
    say({ result: await run(job) });
  } catch (error) {
    say({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  process.disconnect();
}

interface Tally {
  readonly latencies: Map<string, number[]>;
  wrong: number;
  firstWrong: string | undefined;
}

const newTally = (): Tally => ({ latencies: new Map(), wrong: 0, firstWrong: undefined });

async function run(job: Job): Promise<LoadResult> {
  const makeSteps = STEPS[job.steps] ?? RIVAL_STEPS[job.steps];
  if (makeSteps === undefined) throw new Error(`no steps ${job.steps}`);
  const next = makeSteps(job.around);
  const connections = await Promise.all(
    Array.from({ length: job.connections }, () => openConnection(job.base ?? job.port)),
  );
  await phase(job.warmSeconds, newTally(), Number.POSITIVE_INFINITY);
  say({ measuring: true });
  const tally = newTally();
  const begun = performance.now();
  await phase(job.seconds, tally, job.requests ?? Number.POSITIVE_INFINITY);
  const seconds = (performance.now() - begun) / 1000;
  say({ measuring: false });
  for (const connection of connections) connection.close();
  return toResult(tally, seconds);

  function phase(length: number, into: Tally, most: number): Promise<void> {
    return job.perSecond === undefined
      ? closed(connections, next, { seconds: length, most }, into)
      : paced(connections, next, length, into, job.perSecond);
  }
}

/** Every connection always has a request under way, until the time is over or the most requests are sent. */
async function closed(
  connections: readonly Connection[],
  next: () => Step,
  { seconds, most }: { readonly seconds: number; readonly most: number },
  tally: Tally,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  let sent = 0;
  await Promise.all(
    connections.map(async (connection) => {
      for (let now = performance.now(); now < end && sent < most; now = performance.now()) {
        sent += 1;
        await sendStep(connection, next(), now, tally);
      }
    }),
  );
}

/** Requests become due evenly; latency counts from there. */
async function paced(
  connections: readonly Connection[],
  next: () => Step,
  seconds: number,
  tally: Tally,
  perSecond: number,
): Promise<void> {
  const start = performance.now();
  const last = Math.floor(seconds * perSecond);
  let sent = 0;
  await Promise.all(
    connections.map(async (connection) => {
      for (;;) {
        const mine = sent;
        if (mine >= last) return;
        const due = start + (mine / perSecond) * 1000;
        const wait = due - performance.now();
        if (wait > 0) {
          await pause(Math.ceil(wait));
          continue; // another connection may have taken it
        }
        sent += 1;
        await sendStep(connection, next(), due, tally);
      }
    }),
  );
}

async function sendStep(connection: Connection, step: Step, from: number, tally: Tally): Promise<void> {
  const answer = await connection.send(step);
  const taken = performance.now() - from;
  const known = tally.latencies.get(step.kind);
  if (known === undefined) tally.latencies.set(step.kind, [taken]);
  else known.push(taken);
  if (answer.status === step.expect) step.learn?.(answer);
  else noteWrong(tally, step, answer);
}

function noteWrong(tally: Tally, { method, path, expect }: Step, { status, body }: Answer): void {
  tally.wrong += 1;
  tally.firstWrong ??= `${method} ${path}: ${status} instead of ${expect}: ${body.slice(0, 300)}`;
}

function toResult({ latencies, wrong, firstWrong }: Tally, seconds: number): LoadResult {
  const all = [...latencies.values()].flat();
  const kinds = Object.fromEntries([...latencies].map(([kind, taken]) => [kind, summarize(taken)]));
  return { seconds, perSecond: all.length / seconds, all: summarize(all), kinds, wrong, firstWrong };
}

function summarize(taken: readonly number[]): Latencies {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99) };
}
