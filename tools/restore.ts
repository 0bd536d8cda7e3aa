/**
 * Puts a backup into a new data folder and proves it by the audit verifier. It never writes over a folder in use.
 *
 *     npm run restore -- --from DIR --data DIR
 *
 *       --from DIR   the folder of the backup
 *       --data DIR   the data folder to make; new, or empty (default: DATA_DIR, else ./data)
 */
import { parseArgs } from 'node:util';
import { describeReport } from '../src/stores/embedded/audit-chain.ts';
import { restore } from '../src/stores/embedded/backup.ts';
import { dataFolder, EXIT, need, runCommand, usageOf } from './command.ts';

const OPTIONS = {
  from: { type: 'string' },
  data: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

await runCommand(import.meta.filename, async () => {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(usageOf(import.meta.filename));
    return EXIT.done;
  }
  const from = need(values.from, '--from');
  const folder = dataFolder(values.data);
  const report = await restore(from, folder);
  process.stdout.write(`restored ${from} into ${folder}\n`);
  for (const { says } of describeReport(report)) process.stdout.write(`✓ ${says}\n`);
  return EXIT.done;
});
