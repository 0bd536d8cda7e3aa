/**
 * The store's files are read by the user of the server alone: 0600, in a folder of 0700. SQLite gives what it makes beside a
 * database (its log, its index) the mode of the database, so that it is enough to make each file before SQLite does.
 */
import { chmodSync, closeSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const FILE_MODE = 0o600;
/** Rights of the group and of others. */
const OTHERS = 0o077;
/** Set on folders that everybody shares, as /tmp. */
const STICKY = 0o1000;

/** Makes the file, empty and private, unless it is there. */
export function createPrivately(file: string): void {
  closeSync(openSync(file, 'a', FILE_MODE));
}

/** A folder or file whose mode cannot be made private; the message says which, and the way out. */
export class NotPrivate extends Error {
  constructor(place: string, why: string) {
    super(`${place} can be read by other users, and ${why}`);
    this.name = 'NotPrivate';
  }
}

/** Takes every right from the group and from others: of the folder, and of each file in it. @throws NotPrivate */
export function tightenFolder(folder: string): void {
  // Windows has no such modes: its folders have lists of users, which are the operator's.
  if (process.platform === 'win32') return;
  const { mode } = lstatSync(join(folder, '.'));
  if ((mode & STICKY) !== 0)
    throw new NotPrivate(folder, 'it is shared by design: name a folder of its own below it');
  tighten(folder, mode);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = join(folder, entry.name);
    if (entry.isFile()) tighten(file, lstatSync(file).mode);
  }
}

/** Adds nothing: what is write-protected stays so. */
function tighten(place: string, mode: number): void {
  if ((mode & OTHERS) === 0) return;
  const own = mode & 0o700;
  try {
    chmodSync(place, own);
  } catch {
    const octal = own.toString(8).padStart(4, '0');
    throw new NotPrivate(
      place,
      `this process may not change that: chmod ${octal}, or name a folder of its own`,
    );
  }
}
