/**
 * Kills the server under load on one folder and examines what is left (rules 3.8). Ends with 1 when anything that was
 * acknowledged is missing, anything happened twice or by halves, or the audit or the outbox has a gap.
 *
 *     npm run durability -- --kills 50
 *
 *       --kills N     how often (default: 50)
 *       --clients N   clients at work at the same time (default: 8)
 *       --seed N      the same chance again (default: a new one, which is printed)
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { EXIT, runCommand, UsageError, usageOf } from '../command.ts';
import { killServer } from './kill.ts';

const OPTIONS = {
  kills: { type: 'string', default: '50' },
  clients: { type: 'string', default: '8' },
  seed: { type: 'string', default: String(randomInt(2 ** 32)) },
  help: { type: 'boolean', default: false },
} as const;

await runCommand(import.meta.filename, async () => {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(usageOf(import.meta.filename));
    return EXIT.done;
  }
  const [kills, clients, seed] = [
    count('--kills', values.kills),
    count('--clients', values.clients),
    Number(values.seed),
  ];
  process.stdout.write(`seed ${seed}\n`);
  const startedAt = Date.now();
  const { faults, ...figures } = await killServer({
    kills,
    clients,
    seed,
    onKill: (kill, { offers, wrong }) => {
      process.stderr.write(
        `kill ${kill} of ${kills}: ${offers.length} writes offered, ${wrong.length} wrong\n`,
      );
    },
  });
  for (const [name, figure] of Object.entries(figures))
    process.stdout.write(`${name.padEnd(18)} ${figure}\n`);
  for (const fault of faults) process.stdout.write(`✗ ${fault}\n`);
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  process.stdout.write(
    `${faults.length === 0 ? '✓ nothing lost, nothing twice' : `${faults.length} faults`} (${seconds} s)\n`,
  );
  return faults.length === 0 ? EXIT.done : EXIT.trouble;
});

function count(flag: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`${flag} ${text} is no count.`);
  return number;
}
