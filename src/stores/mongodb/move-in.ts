/**
 * Moves the store of a folder into a database (ADR 0028). Until its last step the folder is the truth: whatever interrupts
 * the move, the folder can be served as before, and the same move goes on where it was cut off. The chain and its anchors
 * stay what they were.
 */
import { randomUUID } from 'node:crypto';
import {
  lockFolder,
  markFollowed,
  needStore,
  pathsOf,
  prepareDatabase,
  readFollowed,
} from '../embedded/folder/folder.ts';
import { describeReport, verifyChain } from '../embedded/verify/audit-chain.ts';
import { readKeptEntries, type KeptEntries } from '../embedded/kept-entries.ts';
import { recordsPurgedIn } from '../embedded/log-reading.ts';
import { filesNamedIn, openFolderFiles } from '../embedded/folder/files.ts';
import { readAnchors, type Anchor } from '../log/anchors.ts';
import { copyFiles } from '../log/files.ts';
import { FolderRefused } from '../log/durable-folder.ts';
import type { Finding } from '../../ports/store.ts';
import { aloneOn, type Alone } from './alone.ts';
import { makeCheckpoint, newestCheckpoint } from './checkpoint.ts';
import { CommitLog } from './commit-log.ts';
import { DatabaseRefused, withConnection, type Connection, type DatabaseSettings } from './connection.ts';
import { openDatabaseFiles } from './files.ts';
import { writeMovedLog } from './moved-log.ts';
import { assertTakesMove, beginMove, endMove, readStoreMeta } from './store-meta.ts';
import { verifyLog } from './verify-log.ts';

interface MoveIn {
  /** The data folder of a stopped server; it becomes the node's read model. */
  readonly folder: string;
  readonly database: DatabaseSettings;
  /** Default: the one in the folder. */
  readonly anchorFile?: string;
  /** Told how far it is. */
  readonly tell: (says: string) => void;
}

/**
 * @returns what the verifiers say of the folder and of the log in the database
 * @throws FolderRefused or DatabaseRefused; what was done until then stays, and counts when it is called again
 */
export async function moveIntoDatabase({
  folder,
  database,
  anchorFile = pathsOf(folder).anchors,
  tell,
}: MoveIn): Promise<readonly Finding[]> {
  needStore(folder);
  const lock = lockFolder(folder, Date.now());
  try {
    return await aloneOn(database, folder, async (alone) => {
      await assertMovable(folder, alone.connection);
      prepareDatabase(folder);
      const kept = readKeptEntries(folder);
      try {
        await assertContinues(alone.connection, kept);
        const chain = await proveChain(folder, anchorFile);
        const log = await move({ folder, kept, anchors: readAnchors(anchorFile).anchors, tell }, alone);
        return [...chain, ...log];
      } finally {
        kept.close();
      }
    });
  } finally {
    lock.release();
  }
}

/** @throws DatabaseRefused for a database that no store can be moved into, whichever it is */
export function assertTakesStore(database: DatabaseSettings): Promise<void> {
  return withConnection(database, async (connection) => {
    const meta = await readStoreMeta(connection);
    if (meta !== undefined) assertTakesMove(meta, database.database);
  });
}

/** A read model of another log is no store to move, and one of this log is moved, unless the end was cut off. */
async function assertMovable(folder: string, connection: Connection): Promise<void> {
  const followed = readFollowed(folder);
  if (followed === undefined) return;
  const meta = await readStoreMeta(connection);
  if (meta?.id !== followed)
    throw new FolderRefused(
      `The folder ${folder} is the read model of a MongoDB log. Move that log into a folder first: npm run admin -- move --to folder DIR.`,
    );
  if (meta.moving !== true)
    throw new FolderRefused(
      meta.movedAway === undefined
        ? `The folder ${folder} is in the database ${connection.db.databaseName} already. Start with STORE=mongodb.`
        : `The database ${connection.db.databaseName} was moved into a folder on ${meta.movedAway}, and ${folder} was its read model. Name that folder.`,
    );
}

async function proveChain(folder: string, anchorFile: string): Promise<readonly Finding[]> {
  const report = await verifyChain(folder, anchorFile);
  const findings = describeReport(report);
  if (report.faultCount === 0) return findings;
  throw new FolderRefused(
    `The store in ${folder} does not verify, so it is not moved: ${findings.find(({ ok }) => !ok)?.says}.`,
  );
}

interface Parts extends Pick<MoveIn, 'folder' | 'tell'> {
  readonly kept: KeptEntries;
  readonly anchors: readonly Anchor[];
}

async function move(
  { folder, kept, anchors, tell }: Parts,
  { connection, assertAlone }: Alone,
): Promise<readonly Finding[]> {
  const seq = kept.head?.seq ?? 0;
  const log = new CommitLog(connection);
  const { id } = await beginMove(connection, randomUUID());
  await connection.collection('due').deleteMany({}); // attempts to deliver are in the folder
  await writeMovedLog(log, kept, { assertAlone, tell });
  if ((await newestCheckpoint(connection))?.seq !== seq) {
    tell('the first checkpoint is written');
    await makeCheckpoint(connection, folder);
  }
  const moved = await copyFiles(
    filesNamedIn(folder),
    openFolderFiles(folder),
    openDatabaseFiles(connection, Date.now),
  );
  if (moved > 0) tell(`${moved} files of large Binaries are in the database`);
  tell('the log in the database is verified');
  const findings = await verifyLog(log, {
    through: seq,
    anchors,
    purged: Math.max(Date.now(), recordsPurgedIn(folder)),
  });
  const fault = findings.find(({ ok }) => !ok);
  if (fault !== undefined)
    throw new DatabaseRefused(`The move is not finished, because it does not verify: ${fault.says}.`);
  assertAlone();
  // The folder first: in between neither of them starts by itself, and the move can be called again.
  markFollowed(folder, id);
  await endMove(connection);
  return findings;
}

/** What the database holds already is the beginning of this folder: of a move that was cut off, or was made back. */
async function assertContinues(connection: Connection, { head, hashAt }: KeptEntries): Promise<void> {
  if (head === undefined)
    throw new FolderRefused(
      'Nothing was committed in the folder yet. Start with STORE=mongodb on an empty one.',
    );
  const name = connection.db.databaseName;
  const meta = await readStoreMeta(connection);
  if (meta !== undefined) assertTakesMove(meta, name);
  const newest = await new CommitLog(connection).newest();
  if (newest === undefined) return;
  if (meta === undefined)
    throw new DatabaseRefused(
      `The database ${name} has a log and does not say whose. Name another one, or drop it first.`,
    );
  if (hashAt(newest.last) !== newest.hash)
    throw new DatabaseRefused(
      `The database ${name} holds another store, or commits that the folder does not have. Name another one, or drop it first.`,
    );
}
