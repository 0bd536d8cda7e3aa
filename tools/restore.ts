/**
 * Puts a backup into a new data folder and proves it by the audit verifier. It never writes over a folder in use.
 *
 *     npm run restore -- --from DIR --data-dir DIR
 *
 *       --from DIR       the folder of the backup
 *       --data-dir DIR   the data folder to make; new, or empty (default: DATA_DIR, else ./data)
 */
import { describeReport } from '../src/stores/embedded/verify/audit-chain.ts';
import { restore } from '../src/stores/embedded/folder/backup.ts';
import { dataFolder, EXIT, need, runCommand } from './command.ts';

const FLAGS = {
  from: { type: 'string' },
  'data-dir': { type: 'string' },
} as const;

await runCommand(import.meta.filename, {
  flags: FLAGS,
  run: async ({ values }) => {
    const from = need(values.from, '--from');
    const folder = dataFolder(values['data-dir']);
    const report = await restore(from, folder);
    process.stdout.write(`restored ${from} into ${folder}\n`);
    for (const { says } of describeReport(report)) process.stdout.write(`✓ ${says}\n`);
    return EXIT.done;
  },
});
