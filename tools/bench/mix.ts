/** The mix of a working day: at saturation per core, and its latency at half of it. */
import { atLeast, atMost, showNumber, type Figure, type Options } from './figure.ts';
import { load, type Job, type Loaded } from './load.ts';
import { serveCloseloop } from './serving.ts';
import { worldOf } from './world.ts';

const REFERRALS = 10_000;
const CONNECTIONS = 32;

export async function measureMix({ seconds }: Options): Promise<readonly Figure[]> {
  const { folder, referrals } = await worldOf(REFERRALS);
  const server = await serveCloseloop(folder);
  try {
    const around = { tokens: server.tokens, referrals, run: `mix-${Date.now()}` };
    const job: Omit<Job, 'port'> = {
      steps: 'mix',
      around,
      connections: CONNECTIONS,
      warmSeconds: 5,
      seconds: seconds * 2,
    };
    const full = await load(server, job);
    const perSecond = full.perSecond / 2;
    const half = await load(server, { ...job, perSecond, around: { ...around, run: `half-${Date.now()}` } });
    return [
      {
        name: 'create, read, update and search in equal parts, durable and audited, per core',
        value: full.perCore,
        unit: '/s',
        target: atLeast(1600),
        note: `${showNumber(full.perSecond)}/s with ${CONNECTIONS} connections; p50 ${kindsOf(full)} ms`,
      },
      {
        name: 'the mix at half of that rate, p99',
        value: half.all.p99,
        unit: 'ms',
        target: atMost(30),
        note: `p50 ${showNumber(half.all.p50)} ms at ${showNumber(half.perSecond)}/s`,
      },
    ];
  } finally {
    await server.stop();
  }
}

const kindsOf = ({ kinds }: Loaded): string =>
  Object.entries(kinds)
    .map(([kind, { p50 }]) => `${kind} ${showNumber(p50)}`)
    .join(', ');
