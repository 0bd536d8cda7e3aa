/**
 * Anchors of the audit chain (rules 4.1): now and then the chain's last hash is written where the database is not, so that
 * somebody who can change the database cannot also change what was said about it. One JSON object per line.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { FolderRefused, flushFolder, messageOf } from './durable-folder.ts';

export interface Anchor {
  readonly seq: number;
  /** Milliseconds since 1970, the commit's. */
  readonly at: number;
  /** Hex of the chain's hash at `seq`. */
  readonly hash: string;
}

interface Anchors {
  /** Writes the head of the chain unless it was the last one written. Returns when it is on disk. */
  drop(head: Anchor): Anchor | undefined;
}

/** Continues the file, or begins it; a last line that a crash cut off is taken away. */
export function openAnchors(file: string): Anchors {
  try {
    closeSync(openSync(file, 'a', 0o600));
    endAfterWholeLine(file);
    flushFolder(dirname(file));
  } catch (error) {
    throw new FolderRefused(`The file of anchors ${file} cannot be written: ${messageOf(error)}.`, error);
  }
  let last = readAnchors(file).anchors.at(-1)?.seq ?? 0;
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

/** What a file of anchors holds: none when there is no file. */
export interface AnchorLines {
  /** Oldest first. */
  readonly anchors: readonly Anchor[];
  /** Whole lines that are no anchor. */
  readonly unreadable: number;
}

export function readAnchors(file: string): AnchorLines {
  if (!existsSync(file)) return { anchors: [], unreadable: 0 };
  const bytes = readFileSync(file);
  const lines = bytes.subarray(0, wholeBytes(bytes)).toString().split('\n').slice(0, -1);
  const anchors = lines.map(parseAnchor).filter((anchor) => anchor !== undefined);
  return { anchors, unreadable: lines.length - anchors.length };
}

function parseAnchor(line: string): Anchor | undefined {
  try {
    // Looked at field by field below: anybody may have written here.
    const { seq, at, hash } = JSON.parse(line) as Partial<Anchor>;
    return typeof seq === 'number' && typeof at === 'number' && typeof hash === 'string'
      ? { seq, at, hash }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Touches nothing when the last line is whole: another process may be adding one. */
function endAfterWholeLine(file: string): void {
  const bytes = readFileSync(file);
  const whole = wholeBytes(bytes);
  if (whole < bytes.length) truncateSync(file, whole);
}

/** The bytes up to the end of the last whole line. */
function wholeBytes(bytes: Buffer): number {
  return bytes.lastIndexOf('\n') + 1;
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
