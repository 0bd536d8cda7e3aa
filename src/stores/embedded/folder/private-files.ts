/**
 * Only the server's user may read the store's files: 0600, in a folder of 0700. SQLite gives the files that it makes
 * beside a database (its log, its index) the mode of the database, so it is enough to create each database file before
 * SQLite does.
 */
import { chmodSync, closeSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const FILE_MODE = 0o600;
/** The rights of the group and of others. */
const OTHERS = 0o077;
/** Set on folders that all users share, such as /tmp. */
const STICKY = 0o1000;

/** Makes the file, empty and private, unless it exists. */
export function createPrivately(file: string): void {
  closeSync(openSync(file, 'a', FILE_MODE));
}

/** The mode of a folder or file cannot be made private; the message names it, and the way out. */
export class NotPrivate extends Error {
  constructor(place: string, why: string) {
    super(`${place} can be read by other users, and ${why}`);
    this.name = 'NotPrivate';
  }
}

/** Takes every right from the group and from others: of the folder, and of each file in it. @throws NotPrivate */
export function tightenFolder(folder: string): void {
  // Windows has no such modes: its folders have access lists, which the operator manages.
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

/** Only takes rights away: a write-protected file stays so. */
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
