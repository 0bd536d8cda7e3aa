/**
 * Fairness: one organization asks for as much as it may, another works as it does every day. What the other waits for, beside
 * what it waits for alone, in the same run.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPort } from '../demo/world.ts';
import { atMost, showNumber, type Figure, type Options } from './figure.ts';
import { linkAt, sendOrders } from './hl7.ts';
import { load, type Loaded } from './load.ts';
import { serveCloseloop, type Closeloop } from './serving.ts';
import { makeFolder, worldOf } from './world.ts';

const REFERRALS = 10_000;
const CONNECTIONS = 64;
/** Fewer than one peer may have (`hl7ConnectionsPerPeerMax`): those beyond would be turned away, and disturb nobody. */
const MLLP_CONNECTIONS = 48;
/** Twenty reads and two writes a second. */
const MODEST_PER_SECOND = 22;
const TIMES = 3;

export async function measureFairness({ seconds }: Options): Promise<readonly Figure[]> {
  const { folder, referrals } = await worldOf(REFERRALS);
  const port = await findPort();
  const links = join(makeFolder(), 'links.json');
  writeFileSync(links, JSON.stringify([linkAt(port)]));
  const server = await serveCloseloop(folder, { HL7_LINKS: links });
  const time = Math.max(seconds, 5);
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
  const greedy = (steps: string): Promise<unknown> =>
    load(server, {
      steps,
      around: { ...around, run: steps },
      connections: CONNECTIONS,
      warmSeconds: 1,
      seconds: time + 1,
      mayBeRefused: true,
    });
  try {
    const alone = await modest('alone');
    const besides: readonly (readonly [name: string, disturb: () => Promise<unknown>])[] = [
      ['searches', () => greedy('greedy searches')],
      ['transactions of 1 MB', () => greedy('greedy transactions')],
      ['HL7 v2 orders', () => sendOrders({ port, connections: MLLP_CONNECTIONS, seconds: time + 2 })],
    ];
    const figures: Figure[] = [];
    for (const [name, disturb] of besides) {
      const [beside] = await Promise.all([modest(name), disturb()]);
      figures.push(figureOf(name, alone, beside));
    }
    return figures;
  } finally {
    await (server satisfies Closeloop).stop();
  }
}

const figureOf = (name: string, alone: Loaded, beside: Loaded): Figure => ({
  name: `p99 of an organization beside another's ${name}, over its p99 alone`,
  value: beside.all.p99 / alone.all.p99,
  unit: '×',
  target: atMost(TIMES),
  note: `alone p50 ${showNumber(alone.all.p50)} ms, p99 ${showNumber(alone.all.p99)} ms; beside p50 ${showNumber(beside.all.p50)} ms, p99 ${showNumber(beside.all.p99)} ms`,
});
