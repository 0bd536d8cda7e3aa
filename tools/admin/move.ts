/** `admin move`: takes the store of a folder into a database, or the store of a database into a new folder. */
import type { Finding } from '../../src/ports/store.ts';
import { namedDatabase } from '../../src/server/compose-store.ts';
import type { Config } from '../../src/server/config.ts';
import { SEARCH_THREAD } from '../../src/stores/index.ts';

/** @param target the folder to make; undefined: a database is to be filled */
export async function moveStore(config: Config, target: string | undefined): Promise<void> {
  const database = namedDatabase(config);
  const { dataDir: folder, anchorFile } = config;
  const anchors = anchorFile === undefined ? {} : { anchorFile };
  const tell = (says: string): void => console.error(says);
  // The driver is loaded by those alone who use it.
  if (target === undefined) {
    const { moveIntoDatabase } = await import('../../src/stores/mongodb/move-in.ts');
    const findings = await moveIntoDatabase({ folder, database, tell, ...anchors });
    console.log(`moved ${folder} into the database ${database.database}`);
    print(findings);
    console.log(`Start with STORE=mongodb: ${folder} is the read model of the node from now on.`);
    return;
  }
  const { moveIntoFolder } = await import('../../src/stores/mongodb/move-out.ts');
  const mongodb = { ...database, tell: (_: string, says: string) => tell(says) };
  const options = { folder, searchThread: SEARCH_THREAD, writer: 'turn' as const, ...anchors, mongodb };
  const findings = await moveIntoFolder(options, target);
  console.log(`moved the database ${database.database} into ${target}`);
  print(findings);
  console.log(
    `Start with STORE=embedded, DATA_DIR=${target} and no MONGODB_URI. No node starts on the database any more.`,
  );
}

function print(findings: readonly Finding[]): void {
  for (const { says } of findings) console.log(`✓ ${says}`);
}
