/**
 * Puts a backup into a new data folder and proves it by the audit verifier. It never writes over a store in use.
 *
 *     npm run restore -- --from DIR --data-dir DIR
 *     npm run restore -- --from DIR --data-dir DIR --store mongodb [--mongodb-uri URI --mongodb-database NAME]
 *
 *       --from DIR       the folder of the backup; nothing in it changes
 *       --data-dir DIR   the data folder to make; new, or empty (default: DATA_DIR, else ./data)
 *
 * With STORE=mongodb the backup goes on from the new folder into a database, which must be empty (MONGODB_URI), and the
 * folder is the read model of the node. When that is cut off, `npm run admin -- move --to mongodb` goes on with it.
 */
import type { Finding } from '../src/ports/store.ts';
import { namedDatabase } from '../src/server/compose-store.ts';
import { readConfig, type Config } from '../src/server/config.ts';
import { describeReport } from '../src/stores/embedded/verify/audit-chain.ts';
import { restore } from '../src/stores/embedded/folder/backup.ts';
import { EXIT, need, runCommand } from './command.ts';

await runCommand(import.meta.filename, {
  flags: { from: { type: 'string' } },
  takesSettings: true,
  run: async ({ values, settings }) => {
    const from = need(values.from, '--from');
    const config = readConfig(settings, process.env, 'command');
    if (config.store === 'mongodb') await restoreIntoDatabase(from, config);
    else {
      const report = await restore(from, config.dataDir);
      tell(`restored ${from} into ${config.dataDir}`, describeReport(report));
    }
    return EXIT.done;
  },
});

async function restoreIntoDatabase(from: string, config: Config): Promise<void> {
  const database = namedDatabase(config);
  const { dataDir: folder } = config;
  // The driver is loaded by those alone who use it.
  const { assertTakesStore, moveIntoDatabase } = await import('../src/stores/mongodb/move-in.ts');
  await assertTakesStore(database);
  await restore(from, folder);
  try {
    const findings = await moveIntoDatabase({ folder, database, tell: (says) => console.error(says) });
    tell(`restored ${from} into the database ${database.database}`, findings);
  } catch (error) {
    console.error(`${from} is restored into ${folder}, and not yet into the database:`);
    throw error;
  }
}

function tell(what: string, findings: readonly Finding[]): void {
  process.stdout.write(`${what}\n`);
  for (const { says } of findings) process.stdout.write(`✓ ${says}\n`);
}
