/**
 * Shows that the server is durable (rules 3.8). First it kills it under load, again and again on one folder, and examines
 * what is left; then it traces its system calls, asks whether every response followed its flush, and reopens what a crash
 * may leave at any moment. Ends with 1 when anything that was acknowledged is missing, anything happened twice or by
 * halves, or the audit or the outbox has a gap.
 *
 *     npm run durability -- --kills 50
 *
 *       --kills N     how often it is killed (default: 50; 0: not at all)
 *       --hl7-kills N how often it is killed while engines send it messages (default: 20; 0: not at all)
 *       --cuts N      copies of each of three kinds that are cut off and reopened (default: 1000; 0: none)
 *       --clients N   clients at work at the same time (default: 8)
 *       --seed N      the same chance again (default: a new one, which is printed)
 */
import { randomInt } from 'node:crypto';
import { EXIT, runCommand, wholeNumber } from '../command.ts';
import { createChance } from './chance.ts';
import { judgeCrashes } from './crashes.ts';
import { judgeFlushes } from './flushes.ts';
import { killUnderMessages } from './hl7-kill.ts';
import { killServer } from './kill.ts';
import { whyNotTraceable } from './trace.ts';
import { runTraced } from './traced-run.ts';

const FLAGS = {
  kills: { type: 'string', default: '50' },
  'hl7-kills': { type: 'string', default: '20' },
  cuts: { type: 'string', default: '1000' },
  clients: { type: 'string', default: '8' },
  seed: { type: 'string', default: String(randomInt(2 ** 32)) },
} as const;

interface Asked {
  readonly kills: number;
  readonly hl7Kills: number;
  readonly cuts: number;
  readonly clients: number;
  readonly seed: number;
}

/** How long the server works under the tracer. */
const TRACED_MS = 3000;

await runCommand(import.meta.filename, {
  flags: FLAGS,
  run: async ({ values }) => {
    const asked: Asked = {
      kills: wholeNumber('--kills', values.kills),
      hl7Kills: wholeNumber('--hl7-kills', values['hl7-kills']),
      cuts: wholeNumber('--cuts', values.cuts),
      clients: wholeNumber('--clients', values.clients),
      seed: wholeNumber('--seed', values.seed),
    };
    process.stdout.write(`seed ${asked.seed}\n`);
    const faults = [
      ...(asked.kills > 0 ? await kill(asked) : []),
      ...(asked.hl7Kills > 0 ? await killEngines(asked) : []),
      ...(asked.cuts > 0 ? await cut(asked) : []),
    ];
    for (const fault of faults) process.stdout.write(`✗ ${fault}\n`);
    process.stdout.write(
      faults.length === 0 ? '✓ nothing lost, nothing twice\n' : `${faults.length} faults\n`,
    );
    return faults.length === 0 ? EXIT.done : EXIT.trouble;
  },
});

async function kill({ kills, clients, seed }: Asked): Promise<readonly string[]> {
  const { faults, ...figures } = await killServer({
    kills,
    clients,
    seed,
    onKill: (number, { offers, wrong }) => {
      process.stderr.write(
        `kill ${number} of ${kills}: ${offers.length} writes offered, ${wrong.length} wrong\n`,
      );
    },
  });
  print('killed', figures);
  return faults;
}

async function killEngines({ hl7Kills, clients, seed }: Asked): Promise<readonly string[]> {
  const { faults, ...figures } = await killUnderMessages({ kills: hl7Kills, engines: clients, seed });
  print('killed under messages', figures);
  return faults;
}

async function cut({ cuts, clients, seed }: Asked): Promise<readonly string[]> {
  const why = whyNotTraceable();
  if (why !== undefined) return [`cannot trace: ${why}`];
  const run = await runTraced({ seed, clients, workMs: TRACED_MS });
  const { faults: early, ...flushed } = await judgeFlushes(run);
  print('traced', flushed);
  const { faults, images, withoutTail } = await judgeCrashes(run, {
    chance: createChance(seed),
    imagesMax: cuts,
  });
  print('cut and reopened', { ...images, withoutTail });
  return [...early, ...faults];
}

function print(title: string, figures: Readonly<Record<string, number>>): void {
  process.stdout.write(`${title}\n`);
  for (const [name, figure] of Object.entries(figures))
    process.stdout.write(`  ${name.padEnd(18)} ${figure}\n`);
}
