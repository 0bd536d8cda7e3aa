/** Writes: the mix of a working day, and transactions; at saturation per core, and their latency at half of it. */
import { openStore } from '../../src/stores/index.ts';
import { buildWrite } from '../../src/operations/write/commit.ts';
import { atLeast, atMost, showNumber, type Figure, type Options } from './figure.ts';
import { load, type Job, type Loaded } from './load.ts';
import { BUNDLE_RESOURCES, caseOf, serviceRequest } from './resources.ts';
import { serveCloseloop } from './serving.ts';
import { commitOf, makeFolder, worldOf } from './world.ts';

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
        target: atLeast(1500),
        note: `${showNumber(full.perSecond)}/s with ${CONNECTIONS} connections; p50 ${kindsOf(full)} ms`,
      },
      {
        name: 'the mix at half of that rate, p99',
        value: half.all.p99,
        unit: 'ms',
        target: atMost(35),
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

export async function measureTransactions({ seconds }: Options): Promise<readonly Figure[]> {
  const { folder, referrals } = await worldOf(REFERRALS);
  const server = await serveCloseloop(folder);
  try {
    const around = { tokens: server.tokens, referrals, run: `bundle-${Date.now()}` };
    const result = await load(server, {
      steps: 'transactions',
      around,
      connections: CONNECTIONS,
      warmSeconds: 2,
      seconds: seconds * 2,
    });
    const bare = await measureCommits(seconds);
    const perSecond = result.perSecond * BUNDLE_RESOURCES;
    return [
      {
        name: 'resources written in transaction bundles, per core',
        value: result.perCore * BUNDLE_RESOURCES,
        unit: '/s',
        target: atLeast(1300),
        note: `${showNumber(perSecond)}/s with ${CONNECTIONS} connections, ${BUNDLE_RESOURCES} in a bundle; p99 ${showNumber(result.all.p99)} ms`,
      },
      {
        name: 'the same of the bare store',
        value: perSecond / bare,
        unit: '×',
        note: `${showNumber(bare)} ServiceRequests/s, one in a commit, ${CONNECTIONS} in flight`,
      },
    ];
  } finally {
    await server.stop();
  }
}

/** Writes per second of the store alone, as the FHIR engine makes them. */
async function measureCommits(seconds: number): Promise<number> {
  const store = await openStore({ folder: makeFolder(), reserveBytes: 0 });
  const end = performance.now() + seconds * 1000;
  const begun = performance.now();
  let writes = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < end) {
        const id = `b${(writes += 1)}`;
        const resource = serviceRequest(caseOf(writes), id);
        const write = buildWrite({
          ref: `ServiceRequest/${id}`,
          method: 'POST',
          base: 0,
          before: undefined,
          after: { plain: resource, storing: resource },
          custodian: 'Organization/clinic-0',
          origin: 'client',
          parties: [],
        });
        await store.commit(commitOf([write]));
      }
    }),
  );
  const perSecond = (writes / (performance.now() - begun)) * 1000;
  await store.close();
  return perSecond;
}
