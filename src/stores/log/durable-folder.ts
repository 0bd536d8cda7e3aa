/** Folders of a store: made and flushed so that a power cut takes none of them away, or refused with what to do. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The store cannot be used; the message says why and what to do. */
export class StoreRefused extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = new.target.name;
  }
}

/** The folder cannot be used. */
export class FolderRefused extends StoreRefused {}

/**
 * Makes the folder and what is missing above it, readable by us alone, so that a power cut takes none of them away. One by
 * one: where a file system refuses new folders (`/proc`), a recursive mkdir of Node never comes back.
 */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const above = dirname(resolve(folder));
  makeFolder(above);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  flushFolder(above);
}

/** Flushes the folder itself, so that a file made in it stays after a power cut. */
export function flushFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function messageOf(error: unknown): string {
  // Errors of node:sqlite may come from another realm, so that `instanceof Error` says nothing.
  return (error as { message?: string } | null)?.message ?? String(error);
}
