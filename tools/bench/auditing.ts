/**
 * The cost of auditing reads: the same load with and without it, in turns. Writes are always audited (law 12 of the
 * store).
 */
import { atMost, median, showNumber, type Figure, type Options, type Target } from './figure.ts';
import { load, type Loaded } from './load.ts';
import { serveCloseloop, type Closeloop } from './serving.ts';
import { worldOf } from './world.ts';

const REFERRALS = 10_000;
const CONNECTIONS = 32;
const ROUNDS = 3;

export async function measureAuditing({ seconds }: Options): Promise<readonly Figure[]> {
  return [
    ...(await measureCost('mix', 'auditing reads and searches, on the mix', seconds, {
      cpu: atMost(15),
      rate: atMost(15),
    })),
    ...(await measureCost('reads', 'auditing reads, on reads by id', seconds, { cpu: atMost(35) })),
  ];
}

async function measureCost(
  steps: string,
  name: string,
  seconds: number,
  targets: { readonly cpu: Target; readonly rate?: Target },
): Promise<readonly Figure[]> {
  const { folder, referrals } = await worldOf(REFERRALS);
  const rounds: { readonly on: Loaded; readonly off: Loaded }[] = [];
  const measure = (server: Closeloop): Promise<Loaded> => {
    const around = { tokens: server.tokens, referrals, run: `${steps}-${Date.now()}` };
    return load(server, { steps, around, connections: CONNECTIONS, warmSeconds: 2, seconds });
  };
  for (let i = 0; i < ROUNDS; i += 1) {
    rounds.push({ on: await during(folder, 'on', measure), off: await during(folder, 'off', measure) });
  }
  const costBy = (of: (loaded: Loaded) => number): readonly number[] =>
    rounds.map(({ on, off }) => (1 - of(on) / of(off)) * 100);
  const figure = (by: string, costs: readonly number[], note: string, target?: Target): Figure => ({
    name: `${name}, ${by}`,
    value: median(costs),
    unit: '%',
    note: `rounds ${costs.map(showNumber).join(', ')} %; ${note}`,
    ...(target !== undefined && { target }),
  });
  return [
    figure(
      'by CPU time',
      costBy(({ perCore }) => perCore),
      'what it costs a server that is busy',
      targets.cpu,
    ),
    figure(
      `by rate with ${CONNECTIONS} connections`,
      costBy(({ perSecond }) => perSecond),
      'with the wait for the flush of each row',
      targets.rate,
    ),
  ];
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
