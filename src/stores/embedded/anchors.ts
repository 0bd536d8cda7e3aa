/**
 * Anchors of the audit chain (rules 4.1): now and then the chain's last hash is written where the database is not, so that
 * somebody who can change the database cannot also change what was said about it. One JSON object per line.
 */
import { fsyncSync, openSync, writeSync, closeSync, existsSync, readFileSync } from 'node:fs';
import type { Head } from './groups.ts';

export interface Anchor {
  readonly seq: number;
  /** Milliseconds since 1970, the commit's. */
  readonly at: number;
  /** Hex of the chain's hash at `seq`. */
  readonly hash: string;
}

export interface Anchors {
  /** Writes the head unless it was the last one written. Returns when it is on disk. */
  drop(head: Head): Anchor | undefined;
}

/** Continues the file. */
export function openAnchors(file: string): Anchors {
  let last = readAnchors(file).at(-1)?.seq ?? 0;
  return {
    drop({ seq, at, hash }) {
      if (seq <= last) return undefined;
      const anchor = { seq, at, hash };
      appendDurably(file, `${JSON.stringify(anchor)}\n`);
      last = seq;
      return anchor;
    },
  };
}

/** The anchors of a file, oldest first; none when there is no file. A last line that was cut off is left out. */
export function readAnchors(file: string): Anchor[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  // Each whole line was written by `drop`.
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Anchor);
}

function appendDurably(file: string, line: string): void {
  const descriptor = openSync(file, 'a', 0o600);
  try {
    writeSync(descriptor, line);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
