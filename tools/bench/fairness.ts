/**
 * Fairness: one organization asks for as much as it may, while another works as on any day. The figure is how long the
 * other waits, beside how long it waits alone in the same run.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { findPort } from '../demo/world.ts';
import { atMost, showNumber, type Figure, type Options } from './figure.ts';
import { linkAt, type Sending } from './hl7.ts';
import { GREEDY_NICENESS, load, type Loaded } from './load.ts';
import { serveCloseloop, type Closeloop } from './serving.ts';
import { makeFolder, worldOf } from './world.ts';

const REFERRALS = 10_000;
const CONNECTIONS = 64;
/**
 * Fewer connections than one peer may have (`hl7ConnectionsPerPeerMax`): the server would turn away any others, which
 * would disturb nobody.
 */
const MLLP_CONNECTIONS = 48;
/** Twenty reads and two writes a second. */
const MODEST_PER_SECOND = 22;
const TIMES = 3;
/** The 99th percentile of less than some hundred requests is one of the slowest two. */
const SECONDS_MIN = 5;

export async function measureFairness({ seconds, matching = '' }: Options): Promise<readonly Figure[]> {
  const { folder, referrals } = await worldOf(REFERRALS);
  const port = await findPort();
  const links = join(makeFolder(), 'links.json');
  writeFileSync(links, JSON.stringify([linkAt(port)]));
  const server = await serveCloseloop(folder, { HL7_LINKS: links });
  const time = Math.max(seconds, SECONDS_MIN);
  const around = { tokens: server.tokens, referrals };
  const modest = (run: string): Promise<Loaded> =>
    load(server, {
      steps: 'modest',
      around: { ...around, run },
      connections: 8,
      warmSeconds: 1,
      seconds: time,
      perSecond: MODEST_PER_SECOND,
    });
  const greedy = (steps: string): Promise<Loaded> =>
    load(server, {
      steps,
      around: { ...around, run: steps },
      connections: CONNECTIONS,
      warmSeconds: 1,
      seconds: time + 1,
      greedy: true,
    });
  try {
    const alone = await modest('alone');
    const besides: readonly (readonly [name: string, disturb: () => Promise<number>])[] = [
      ['searches', async () => (await greedy('greedy searches')).perSecond],
      ['transactions of 1 MB', async () => (await greedy('greedy transactions')).perSecond],
      ['HL7 v2 orders', () => sendApart({ port, connections: MLLP_CONNECTIONS, seconds: time + 2 })],
    ];
    const figures: Figure[] = [];
    for (const [name, disturb] of besides.filter(([each]) => each.includes(matching))) {
      const [beside, perSecond] = await Promise.all([modest(name), disturb()]);
      const figure = figureOf(name, alone, beside, perSecond);
      console.log(`${showNumber(figure.value)} ×`.padStart(8), name, `(${figure.note ?? ''})`);
      figures.push(figure);
    }
    return figures;
  } finally {
    await (server satisfies Closeloop).stop();
  }
}

/** Orders from a process of its own, which gives way like the other load. */
async function sendApart(sending: Omit<Sending, 'server'>): Promise<number> {
  const child = fork(new URL('./orders-process.ts', import.meta.url));
  if (child.pid !== undefined) setPriority(child.pid, GREEDY_NICENESS);
  child.send(sending);
  const [perSecond] = (await once(child, 'message')) as [number]; // orders-process.ts
  return perSecond;
}

const figureOf = (name: string, alone: Loaded, beside: Loaded, perSecond: number): Figure => ({
  name: `p99 of an organization beside another's ${name}, over its p99 alone`,
  value: beside.all.p99 / alone.all.p99,
  unit: '×',
  target: atMost(TIMES),
  note: `alone p50 ${showNumber(alone.all.p50)} ms, p99 ${showNumber(alone.all.p99)} ms; beside p50 ${showNumber(beside.all.p50)} ms, p99 ${showNumber(beside.all.p99)} ms, of ${beside.all.count}; the other did ${showNumber(perSecond)}/s`,
});
