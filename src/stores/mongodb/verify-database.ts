/** Verifies the log of a database, and that a read model follows from it, beside the node that serves it. */
import { existsSync } from 'node:fs';
import type { Finding } from '../../ports/store.ts';
import { pathsOf } from '../embedded/folder/folder.ts';
import { headOfFolder, recordsPurgedIn } from '../embedded/log-reading.ts';
import { readAnchors } from '../log/anchors.ts';
import { CommitLog } from './commit-log.ts';
import { DatabaseRefused, withConnection, type DatabaseSettings } from './connection.ts';
import { readStoreMeta } from './store-meta.ts';
import { verifyLog } from './verify-log.ts';

/**
 * @param folder of the node; without a read model in it the log alone is verified
 * @throws DatabaseRefused when the database holds no store of ours
 */
export function verifyDatabase(
  settings: DatabaseSettings,
  folder: string,
  anchorFile: string,
): Promise<readonly Finding[]> {
  return withConnection(settings, async (connection) => {
    if ((await readStoreMeta(connection)) === undefined)
      throw new DatabaseRefused(`The database ${settings.database} holds no store.`);
    const log = new CommitLog(connection);
    const hasModel = existsSync(pathsOf(folder).database);
    const head = hasModel ? headOfFolder(folder) : undefined;
    const purged = Math.max(Date.now(), hasModel ? recordsPurgedIn(folder) : 0);
    const { anchors } = readAnchors(anchorFile);
    const findings = await verifyLog(log, { through: head?.seq ?? 0, anchors, purged });
    if (head === undefined || (await log.holds(head))) return findings;
    const says = `the read model in ${folder} stands at commit ${head.seq}, which the log does not have`;
    return [...findings, { ok: false, says }];
  });
}
