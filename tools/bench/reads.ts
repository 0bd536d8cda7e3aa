/** Reads by id: through the whole server, against Express that sends the same text, and against the bare store. */
import { openStore } from '../../src/stores/index.ts';
import { openConnection } from './connection.ts';
import { atLeast, median, showNumber, type Figure, type Options } from './figure.ts';
import { load, type Job, type Loaded, type Measured } from './load.ts';
import { serveCloseloop, serveExpress, type Closeloop } from './serving.ts';
import { worldOf } from './world.ts';

const REFERRALS = 10_000;
const CONNECTIONS = 64;
/** The two are measured in turns, so that other work on the machine affects both alike. */
const ROUNDS = 3;

export async function measureReads({ seconds }: Options): Promise<readonly Figure[]> {
  const { folder, referrals } = await worldOf(REFERRALS);
  const store = await measureStore(folder, seconds);
  const closeloop = await serveCloseloop(folder);
  const express = await serveExpress(await readText(closeloop));
  const job = (steps: string, server: Measured): Promise<Loaded> => {
    const around = { tokens: closeloop.tokens, referrals, run: 'reads', path: '/fhir/Task/t0' };
    const asked: Omit<Job, 'port'> = { steps, around, connections: CONNECTIONS, warmSeconds: 1, seconds };
    return load(server, asked);
  };
  const rounds: { readonly ours: Loaded; readonly theirs: Loaded; readonly narrowed: Loaded }[] = [];
  try {
    await job('reads', closeloop); // compiled by now
    for (let i = 0; i < ROUNDS; i += 1) {
      const theirs = await job('one', express);
      const ours = await job('reads', closeloop);
      rounds.push({ theirs, ours, narrowed: await job('narrowed reads', closeloop) });
    }
  } finally {
    await express.kill();
    await closeloop.stop();
  }
  const ours = median(rounds.map(({ ours: { perSecond } }) => perSecond));
  const theirs = median(rounds.map(({ theirs: { perSecond } }) => perSecond));
  const cpu = median(rounds.map((one) => one.ours.perCore / one.theirs.perCore));
  const p99 = median(rounds.map((one) => one.ours.all.p99));
  return [
    {
      name: 'GET /Task/{id}, authenticated and audited, of Express with res.send',
      value: median(rounds.map((one) => one.ours.perSecond / one.theirs.perSecond)),
      unit: '×',
      target: atLeast(0.55),
      note: `${showNumber(ours)}/s against ${showNumber(theirs)}/s; per CPU second ${showNumber(cpu)} ×; p99 ${showNumber(p99)} ms`,
    },
    {
      name: 'the same per core',
      value: median(rounds.map((one) => one.ours.perCore)),
      unit: '/s',
      note: 'requests per CPU second of the server, all its threads',
    },
    {
      name: 'the same per core, by 30 granular scopes',
      value: median(rounds.map((one) => one.narrowed.perCore / one.ours.perCore)),
      unit: '×',
      target: atLeast(0.9),
      note: `${showNumber(median(rounds.map((one) => one.narrowed.perCore)))}/s; each Task satisfies the last of them (smart SM-41)`,
    },
    {
      name: 'GET /Task/{id} of the bare store, which remembers what it read',
      value: ours / store,
      unit: '×',
      note: `${showNumber(store)} reads/s in one thread of the same 2,500 Tasks, neither sent nor audited, none asked of SQL twice`,
    },
  ];
}

async function readText({ port, tokens }: Closeloop): Promise<string> {
  const connection = await openConnection(port);
  const { body } = await connection.send({ method: 'GET', path: '/fhir/Task/t0', token: tokens['clinic-0'] });
  connection.close();
  return body;
}

/** Reads per second of the store alone. */
async function measureStore(folder: string, seconds: number): Promise<number> {
  const store = await openStore({ folder, reserveBytes: 0 });
  const sight = { everything: false, organization: 'Organization/clinic-0' } as const;
  const end = performance.now() + seconds * 1000;
  let reads = 0;
  const begun = performance.now();
  while (performance.now() < end) {
    for (let i = 0; i < 100; i += 1) {
      const version = await store.snapshot().read(`Task/t${((reads * 7919) % 2500) * 4}`, sight);
      if (version === undefined) throw new Error('a loaded Task cannot be read');
      reads += 1;
    }
  }
  const perSecond = (reads / (performance.now() - begun)) * 1000;
  await store.close();
  return perSecond;
}
