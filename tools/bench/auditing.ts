/** What auditing reads costs: the same load with and without it, in turns. Writes are never without (law 12 of the store). */
import { atMost, median, showNumber, type Figure, type Options, type Target } from './figure.ts';
import { load } from './load.ts';
import { serveCloseloop, type Closeloop } from './serving.ts';
import { worldOf } from './world.ts';

const REFERRALS = 10_000;
const CONNECTIONS = 32;
const ROUNDS = 3;

export async function measureAuditing({ seconds }: Options): Promise<readonly Figure[]> {
  return [
    await measureCost('mix', 'auditing reads and searches, on the mix', seconds, atMost(15)),
    await measureCost('reads', 'auditing reads, on reads by id', seconds, undefined),
  ];
}

async function measureCost(
  steps: string,
  name: string,
  seconds: number,
  target: Target | undefined,
): Promise<Figure> {
  const { folder, referrals } = await worldOf(REFERRALS);
  let rounds = 0;
  const measure = async (server: Closeloop): Promise<number> => {
    const around = { tokens: server.tokens, referrals, run: `${steps}-${Date.now()}-${(rounds += 1)}` };
    const job = { steps, around, connections: CONNECTIONS, warmSeconds: 1, seconds };
    return (await load(server, job)).perSecond;
  };
  const costs: number[] = [];
  const rates: number[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const on = await during(folder, 'on', measure);
    const off = await during(folder, 'off', measure);
    costs.push((1 - on / off) * 100);
    rates.push(on);
  }
  const note = `${showNumber(median(rates))}/s with it; rounds ${costs.map(showNumber).join(', ')} %`;
  return { name, value: median(costs), unit: '%', note, ...(target !== undefined && { target }) };
}

async function during<T>(
  folder: string,
  auditReads: string,
  work: (server: Closeloop) => Promise<T>,
): Promise<T> {
  const server = await serveCloseloop(folder, { AUDIT_READS: auditReads });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}
