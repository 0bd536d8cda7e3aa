/**
 * Backup and restore of a data folder (rules 3.7). A backup runs beside a live server: it copies the database in one
 * read transaction, and the anchors. A restore goes into an empty folder, and the audit verifier proves it.
 */
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { backup as copyDatabase } from 'node:sqlite';
import { describeReport, verifyFile } from '../verify/audit-chain.ts';
import type { ChainReport } from '../verify/audit-chain.ts';
import { readAnchors } from '../../log/anchors.ts';
import { FileLost, type Files } from '../../../ports/files.ts';
import { copyFiles } from '../../log/files.ts';
import { openDatabase } from './connection.ts';
import { filesNamedIn, openFolderFiles } from './files.ts';
import { flushFolder, FolderRefused, makeFolder } from '../../log/durable-folder.ts';
import {
  dropDatabase,
  markFollowed,
  needStore,
  pathsOf,
  prepareDatabase,
  readFollowed,
  UNFINISHED_COPY,
} from './folder.ts';
import { createPrivately, FILE_MODE, tightenFolder } from './private-files.ts';

/** All pages in one step: a copy in smaller steps begins again whenever the server writes in between. */
const ALL_PAGES = 2 ** 31 - 1;

interface BackupOptions {
  /** The files of the store when they are not in the data folder. */
  readonly files?: Files;
  /** The file of anchors when it is not in the data folder. */
  readonly anchorFile?: string;
}

/** Copies the store of `folder` into `target`, an empty or new folder, and verifies the copy. */
export async function backup(
  folder: string,
  target: string,
  options: BackupOptions = {},
): Promise<ChainReport> {
  needStore(folder);
  takeEmpty(target);
  return copyInto(folder, target, options);
}

/**
 * The same into a folder that no server starts on until the copy is proven. What an earlier call left unfinished is thrown
 * away before.
 */
export const copyWhole = (
  folder: string,
  target: string,
  options: BackupOptions = {},
): Promise<ChainReport> => intoEmpty(target, () => copyInto(folder, target, options));

/** Fills a folder. Until it is whole it bears a mark: no store opens it, and the next copy into it begins again. */
async function intoEmpty(target: string, fill: () => Promise<ChainReport>): Promise<ChainReport> {
  if (isUnfinished(target)) {
    const { anchors, files, lock, owner, follows } = pathsOf(target);
    dropDatabase(target);
    for (const file of [anchors, lock, owner, follows]) rmSync(file, { force: true });
    rmSync(files, { recursive: true, force: true });
  }
  takeEmpty(target);
  markFollowed(target, UNFINISHED_COPY);
  const report = await fill();
  markFollowed(target, undefined);
  return report;
}

/** Whether a copy into this folder was cut off. */
export const isUnfinished = (folder: string): boolean => readFollowed(folder) === UNFINISHED_COPY;

async function copyInto(folder: string, target: string, options: BackupOptions): Promise<ChainReport> {
  const from = needStore(folder);
  const to = pathsOf(target);
  // Anchors first: the copy of the database is then never older than its anchors.
  const anchors = options.anchorFile ?? from.anchors;
  if (existsSync(anchors)) copyDurably(anchors, to.anchors);
  await copyStore(from.database, to.database);
  // After the database: what it names was there before.
  await copyNamedFiles(options.files ?? openFolderFiles(folder), target);
  flushFolder(target);
  return prove(target);
}

/** Copies a database as of this moment, beside a live server; the copy can be read from a read-only medium. */
export async function copyStore(from: string, to: string): Promise<void> {
  const db = openDatabase(from, { readOnly: true, cacheKib: 1024 });
  try {
    createPrivately(to);
    await copyDatabase(db, to, { rate: ALL_PAGES });
  } finally {
    db.close();
  }
  makeSelfContained(to);
}

/** Puts a backup into `folder`, which must be empty or new; throws when the copy does not verify. */
export async function restore(source: string, folder: string): Promise<ChainReport> {
  const from = pathsOf(source);
  if (!existsSync(from.database)) throw new FolderRefused(`There is no backup in ${source}.`);
  return intoEmpty(folder, async () => {
    const to = pathsOf(folder);
    const db = openDatabase(from.database, { readOnly: true, cacheKib: 1024 });
    try {
      createPrivately(to.database);
      await copyDatabase(db, to.database, { rate: ALL_PAGES });
    } finally {
      db.close();
    }
    if (existsSync(from.anchors)) copyDurably(from.anchors, to.anchors);
    await copyNamedFiles(openFolderFiles(source), folder);
    flushFolder(folder);
    prepareDatabase(folder);
    return prove(folder);
  });
}

/**
 * Copies the files that the database of a folder names, each compared with its name.
 *
 * @throws FolderRefused where one is missing or altered
 */
async function copyNamedFiles(from: Files, target: string): Promise<void> {
  try {
    await copyFiles(filesNamedIn(target), from, openFolderFiles(target));
  } catch (error) {
    if (!(error instanceof FileLost)) throw error;
    throw new FolderRefused(
      `Of the store that is copied, ${error.message}: put it back from an earlier backup.`,
      error,
    );
  }
}

function copyDurably(from: string, to: string): void {
  copyFileSync(from, to);
  chmodSync(to, FILE_MODE);
  const descriptor = openSync(to, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Switches the WAL off. */
function makeSelfContained(file: string): void {
  openDatabase(file, { readOnly: false, cacheKib: 1024, pragmas: ['journal_mode = DELETE'] }).close();
}

async function prove(folder: string): Promise<ChainReport> {
  const { database, anchors } = pathsOf(folder);
  const report = await verifyFile(database, anchors);
  if (report.faultCount === 0) return report;
  const says = describeReport(report).find(({ ok }) => !ok)?.says ?? '';
  throw new FolderRefused(
    `The copy in ${folder} does not verify (${readAnchors(anchors).anchors.length} anchors): ${says}.`,
  );
}

/** Makes the folder, closed to others. @throws FolderRefused when something is in it */
export function takeEmpty(folder: string): void {
  makeFolder(folder);
  tightenFolder(folder);
  const [some] = readdirSync(folder);
  if (some !== undefined)
    throw new FolderRefused(`The folder ${folder} is not empty (${join(folder, some)}). Use a new one.`);
}
