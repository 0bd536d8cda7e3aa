/**
 * Copies the store into a new folder, beside a live server, and proves the copy by the audit verifier.
 *
 *     npm run backup -- --to DIR
 *
 * Where the log is in MongoDB (STORE=mongodb), it copies the read model in the data folder of the node, and says up to which
 * commit; the backup is the same as that of a folder. The bytes of large Binaries come from the database (MONGODB_URI).
 *
 *       --to DIR         the folder of the backup; new, or empty
 *       --data-dir DIR   the data folder (default: DATA_DIR, else ./data)
 *       --anchors FILE   the file of anchors (default: ANCHOR_FILE, else anchors.jsonl in the folder)
 */
import type { Files } from '../src/ports/files.ts';
import { namedDatabase } from '../src/server/compose-store.ts';
import { readConfig } from '../src/server/config.ts';
import { describeReport } from '../src/stores/embedded/verify/audit-chain.ts';
import { backup } from '../src/stores/embedded/folder/backup.ts';
import { filesNamedIn } from '../src/stores/embedded/folder/files.ts';
import { readFollowed } from '../src/stores/embedded/folder/folder.ts';
import { anchorFile, dataFolder, EXIT, need, runCommand } from './command.ts';

const FLAGS = {
  to: { type: 'string' },
  'data-dir': { type: 'string' },
  anchors: { type: 'string' },
} as const;

await runCommand(import.meta.filename, {
  flags: FLAGS,
  run: async ({ values }) => {
    const to = need(values.to, '--to');
    const folder = dataFolder(values['data-dir']);
    const anchors = anchorFile(values.anchors);
    const options = anchors === undefined ? {} : { anchorFile: anchors };
    const report = await withFiles(folder, (files) => backup(folder, to, { ...options, ...files }));
    process.stdout.write(`backup of ${folder} in ${to}\n`);
    for (const { says } of describeReport(report)) process.stdout.write(`✓ ${says}\n`);
    if (readFollowed(folder) !== undefined)
      process.stdout.write(`✓ of the log in MongoDB: up to commit ${report.seq}\n`);
    return EXIT.done;
  },
});

/** Files are where the log is: in a database, where the folder follows one. */
async function withFiles<T>(
  folder: string,
  work: (files: { readonly files?: Files }) => Promise<T>,
): Promise<T> {
  if (readFollowed(folder) === undefined || filesNamedIn(folder).length === 0) return work({});
  const database = namedDatabase(readConfig([], process.env, 'command'));
  // The driver is loaded by those alone who use it.
  const { withDatabaseFiles } = await import('../src/stores/mongodb/files.ts');
  return withDatabaseFiles(database, (files) => work({ files }));
}
