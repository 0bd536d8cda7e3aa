/**
 * Moves the store of a database into a folder: the read model is brought up to the log's head and copied, the copy is proven,
 * and the database is marked so that no node starts on it by mistake. The folder is an ordinary store from then on.
 */
import { resolve } from 'node:path';
import type { Finding } from '../../ports/store.ts';
import { copyWhole, isUnfinished, takeEmpty } from '../embedded/folder/backup.ts';
import { headOfFolder, readableHead } from '../embedded/log-reading.ts';
import { verifyChain } from '../embedded/verify/audit-chain.ts';
import { FolderRefused } from '../log/durable-folder.ts';
import { CommitLog } from './commit-log.ts';
import { DatabaseRefused, withConnection, type DatabaseSettings } from './connection.ts';
import { openMongoStore, type MongoOptions } from './open.ts';
import { assertInUse, markMovedAway, readStoreMeta } from './store-meta.ts';

/**
 * @param options of a node, whose folder is or becomes a read model of the log
 * @param target a new or empty folder, or the one of a move that was cut off
 * @returns what the verifiers say of the store and of its log
 * @throws FolderRefused, or DatabaseRefused for a database that holds no store, is served, or was moved already
 */
export async function moveIntoFolder(options: MongoOptions, target: string): Promise<readonly Finding[]> {
  const { folder, anchorFile, mongodb } = options;
  await assertHolds(mongodb);
  const isHalf = isUnfinished(target);
  const isCopied = !isHalf && resolve(target) !== resolve(folder) && readableHead(target) !== undefined;
  if (!isHalf && !isCopied) takeEmpty(target);
  const store = await openMongoStore({ ...options, mongodb: { ...mongodb, alone: true } });
  try {
    const findings = await store.verify();
    const fault = findings.find(({ ok }) => !ok);
    if (fault !== undefined)
      throw new DatabaseRefused(`The store does not verify, so it is not moved: ${fault.says}.`);
    store.anchor();
    const { files } = store;
    if (!isCopied)
      await copyWhole(folder, target, { files, ...(anchorFile !== undefined && { anchorFile }) });
    else await proveCopy(target, headOfFolder(folder)?.hash);
    await withConnection(mongodb, (connection) => markMovedAway(connection, new Date()));
    return findings;
  } finally {
    await store.close();
  }
}

/** A store that is opened on an empty database would make it one of ours. */
function assertHolds(settings: DatabaseSettings): Promise<void> {
  return withConnection(settings, async (connection) => {
    const meta = await readStoreMeta(connection);
    if (meta !== undefined) assertInUse(meta);
    if (meta === undefined || (await new CommitLog(connection).newest()) === undefined)
      throw new DatabaseRefused(`The database ${settings.database} holds no store.`);
  });
}

async function proveCopy(target: string, hash: string | undefined): Promise<void> {
  const { faultCount } = await verifyChain(target);
  if (headOfFolder(target)?.hash !== hash || faultCount > 0)
    throw new FolderRefused(`The folder ${target} is not empty. Use a new one.`);
}
