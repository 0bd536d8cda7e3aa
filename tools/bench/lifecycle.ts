/** The process: start, memory, and the restart after a kill in the middle of writing. */
import { atLeast, atMost, median, showNumber, type Figure, type Options } from './figure.ts';
import { load } from './load.ts';
import { serveCloseloop, type Closeloop } from './serving.ts';
import { makeFolder, worldOf } from './world.ts';

const LARGE = 200_000;
const LARGEST = 1_000_000;
const ROUNDS = 3;
const MB = 1024 * 1024;

export async function measureLifecycle({ full, seconds }: Options): Promise<readonly Figure[]> {
  const { folder, referrals, resources, seconds: loading } = await worldOf(full ? LARGEST : LARGE);
  const empty = makeFolder();
  const fresh = await repeat(() => startAndStop(empty));
  const loaded = await repeat(() => startAndStop(folder));
  const server = await serveCloseloop(folder);
  await work(server, referrals, seconds);
  const memory = server.memory();
  await killWhileWriting(server, referrals, seconds);
  const again = await serveCloseloop(folder);
  await again.stop();
  const at = `at ${referrals.toLocaleString('en')} referrals`;
  return [
    {
      name: `start to first answer, ${at}`,
      value: loaded,
      unit: 'ms',
      target: atMost(1000),
      note: `${showNumber(fresh)} ms on an empty folder`,
    },
    {
      name: `memory ${at}, after the mix`,
      value: memory.own / MB,
      unit: 'MB',
      target: atMost(300),
      note: `${showNumber(memory.resident / MB)} MB with the pages of the database file that the system keeps`,
    },
    {
      name: `first answer after SIGKILL in the middle of writing, ${at}`,
      value: again.startedMs,
      unit: 'ms',
      target: atMost(2000),
    },
    {
      name: 'resources loaded through store.commit',
      value: loading === undefined ? Number.NaN : resources / loading,
      unit: '/s',
      target: atLeast(6000),
      note:
        loading === undefined
          ? 'not loaded in this run'
          : `${resources.toLocaleString('en')} in ${showNumber(loading)} s, in large commits`,
    },
  ];
}

async function repeat(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < ROUNDS; i += 1) values.push(await measure());
  return median(values);
}

async function startAndStop(folder: string): Promise<number> {
  const server = await serveCloseloop(folder);
  await server.stop();
  return server.startedMs;
}

const work = (server: Closeloop, referrals: number, seconds: number) =>
  load(server, {
    steps: 'mix',
    around: { tokens: server.tokens, referrals, run: `work-${Date.now()}` },
    connections: 32,
    warmSeconds: 1,
    seconds,
  });

/** The load ends with the server; its errors do not count. */
async function killWhileWriting(server: Closeloop, referrals: number, seconds: number): Promise<void> {
  const cut = work(server, referrals, seconds + 10).then(
    () => false,
    () => true,
  );
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  await server.kill();
  if (!(await cut)) throw new Error('the load ended before the server was killed');
}
