/** Searches by rate: as many as 16 connections carry, audited and authenticated, and what a core carries of them. */
import { atLeast, showNumber, type Figure, type Options } from './figure.ts';
import { load, type Job } from './load.ts';
import { SEARCHED_ANEW } from './searches.ts';
import { serveCloseloop } from './serving.ts';
import { RATED_NAMES } from './steps.ts';
import { worldOf } from './world.ts';

const REFERRALS = 10_000;
const CONNECTIONS = 16;

/** By the name of the search: what is aimed at. */
const TARGETS: Readonly<Record<string, number>> = {
  'Observation?subject:Patient.identifier': 4000,
  'Observation?code, the newest 20': 2500,
};

/** Each search as production answers it, and searched anew, as while others write all the time. */
export async function measureRates(options: Options): Promise<readonly Figure[]> {
  const remembered = await measureWith(options, {}, '');
  const anew = await measureWith(options, SEARCHED_ANEW, ', searched anew');
  return [...remembered, ...anew];
}

async function measureWith(
  { seconds, matching = '' }: Options,
  settings: Readonly<Record<string, string>>,
  how: string,
): Promise<readonly Figure[]> {
  const { folder, referrals } = await worldOf(REFERRALS);
  const server = await serveCloseloop(folder, settings);
  const figures: Figure[] = [];
  try {
    const around = { tokens: server.tokens, referrals, run: 'rates' };
    for (const name of RATED_NAMES.filter((one) => one.includes(matching))) {
      const job: Omit<Job, 'port'> = {
        steps: `search ${name}`,
        around,
        connections: CONNECTIONS,
        warmSeconds: 2,
        seconds,
      };
      const { perSecond, perCore, all } = await load(server, job);
      const target = how === '' ? TARGETS[name] : undefined;
      figures.push({
        name: `${name}, with ${CONNECTIONS} connections${how}`,
        value: perSecond,
        unit: '/s',
        ...(target !== undefined && { target: atLeast(target) }),
        note: `per core ${showNumber(perCore)}/s; p50 ${showNumber(all.p50)} ms, p99 ${showNumber(all.p99)} ms`,
      });
    }
  } finally {
    await server.stop();
  }
  return figures;
}
