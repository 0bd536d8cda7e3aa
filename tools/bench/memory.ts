/** What the process keeps of its memory when a day's work is over: after a quarter of a million requests, and idle again. */
import { setTimeout as pause } from 'node:timers/promises';
import { Trouble } from '../command.ts';
import { atMost, showNumber, type Figure, type Options } from './figure.ts';
import { load } from './load.ts';
import { serveCloseloop } from './serving.ts';
import { worldOf } from './world.ts';

const REFERRALS = 10_000;
const REQUESTS = 250_000;
const CONNECTIONS = 32;
/** How long the server has nothing to do before its memory is looked at: as at night. */
const IDLE_MS = 30_000;
/** The end of patience with a machine that is too slow for the figure. */
const PATIENCE_S = 1800;
const MB = 1024 * 1024;

/** `requests` and the pause are handed in by tests and by whoever looks for what holds the memory. */
export async function measureMemory(
  _options: Options,
  requests = REQUESTS,
  idleMs = IDLE_MS,
): Promise<readonly Figure[]> {
  const { folder, referrals } = await worldOf(REFERRALS);
  const server = await serveCloseloop(folder);
  try {
    const begun = server.memory();
    const { all } = await load(server, {
      steps: 'mix',
      around: { tokens: server.tokens, referrals, run: `memory-${Date.now()}` },
      connections: CONNECTIONS,
      warmSeconds: 0,
      seconds: PATIENCE_S,
      requests,
    });
    if (all.count < requests) throw new Trouble(`only ${all.count} requests in ${PATIENCE_S} s`);
    const busy = server.memory();
    await pause(idleMs);
    const idle = server.memory();
    return [
      {
        name: `memory after ${requests.toLocaleString('en')} requests of the mix, idle again`,
        value: idle.own / MB,
        unit: 'MB',
        target: atMost(300),
        note: `${showNumber(begun.own / MB)} MB after the start, ${showNumber(busy.own / MB)} MB at the last request; ${showNumber(idle.resident / MB)} MB with the pages of files that the system keeps`,
      },
    ];
  } finally {
    await server.stop();
  }
}
