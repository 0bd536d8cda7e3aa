/**
 * The audit index, and what organizations received, follow the log in batches. At its place in the index nearly every key has a page of its own to itself:
 * written and flushed with each block of reads, those pages would cost more than all else that a read does. So keys are
 * noted, and put in order when there are many; then a part of them is written with each batch, so that no batch takes
 * much longer than others. Until all of them are written, a commit is found by looking through the end of the log,
 * from `indexed` on, which is kept short. Receipts are asked for where something is denied alone: there they are written
 * with their block, and all that are noted with the commit that denies.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry } from '../../../ports/store.ts';
import { auditKeys } from '../../log/audit-rows.ts';
import { prepareReceived, receiptsIn, type ReceivedVersion } from './received.ts';
import { prepare, readMeta, writeMeta } from '../folder/connection.ts';

export interface AuditIndex {
  /** Notes the keys of the rows of one commit. */
  note(entries: readonly AuditEntry[], seq: number): void;
  /** Whether so much is noted that it should be written, or was begun to be. */
  isDue(): boolean;
  /** Writes the next part of what is noted, inside a transaction; `forget` it when that is on disk. */
  writePart(seq: number): void;
  /** Writes all that is noted, in the same way. */
  write(seq: number): void;
  /** What was written is on disk. */
  forget(): void;
  /** What was noted of later commits was undone. */
  undo(seq: number): void;
}

type Key = readonly [key: string, seq: number];
type Receipt = readonly [receipt: ReceivedVersion, at: number];

/** What is written in parts: in order, and nothing of it twice. */
interface Line {
  readonly keys: readonly Key[];
  readonly receipts: readonly ReceivedVersion[];
  /** The commit up to which it goes. */
  readonly seq: number;
}

/** Keys, and receipts, that a part has at least. It has as many as were noted meanwhile, so that a line comes to its end. */
const PART = 128;

const byKey = ([a, seqA]: Key, [b, seqB]: Key): number => (a < b ? -1 : a > b ? 1 : seqA - seqB);

/** Rows of one resource lie together. */
const byPlace = ([a, refA]: ReceivedVersion, [b, refB]: ReceivedVersion): number =>
  a === b ? (refA < refB ? -1 : 1) : a < b ? -1 : 1;

/** Receipts that are remembered at most. */
const RECEIPTS_KNOWN = 20_000;

/** Keys noted at most before they are written. */
const KEYS = 2000;
/** Commits noted at most: what an audit search may have to look through. */
const COMMITS = 500;

/** The commits up to this one are in the index. */
export const readIndexed = (db: DatabaseSync): number => readMeta(db, 'indexed', 0);

/** Continues the index: what the log holds beyond it is noted. */
export function prepareAuditIndex(db: DatabaseSync): AuditIndex {
  const received = prepareReceived(db);
  const lines = prepareLines(db, received);
  let noted: Key[] = [];
  const known = new Set<string>();
  let receipts: Receipt[] = [];
  let commits = 0;

  function note(entries: readonly AuditEntry[], seq: number): void {
    for (const key of auditKeys(entries)) noted.push([key, seq]);
    for (const receipt of receiptsIn(entries)) {
      if (!isNew(receipt)) continue;
      if (received.isAsked(receipt)) received.add([receipt]);
      else receipts.push([receipt, seq]);
    }
    commits += 1;
  }

  /** Whether a receipt was not noted lately: the same versions are read again and again. */
  function isNew(receipt: ReceivedVersion): boolean {
    const key = receipt.join(' ');
    if (known.has(key)) return false;
    if (known.size >= RECEIPTS_KNOWN) known.clear();
    known.add(key);
    return true;
  }

  const rest = prepare<[seq: number, audit: string]>(db, 'SELECT seq, audit FROM log WHERE seq > ?');
  // The log's audit text was written from AuditEntry values.
  for (const [seq, audit] of rest.all(readIndexed(db))) note(JSON.parse(audit) as AuditEntry[], seq);

  return {
    note,
    isDue: () => lines.isBegun() || noted.length >= KEYS || commits >= COMMITS,
    writePart(seq) {
      const meanwhile = lines.isBegun() ? Math.max(noted.length, receipts.length) : 0;
      lines.writePart(() => lineOf(noted, receipts, seq), Math.max(PART, meanwhile));
    },
    write: (seq) => lines.writeAll(lineOf(noted, receipts, seq)),
    forget() {
      if (!lines.keep()) return;
      noted = [];
      receipts = [];
      commits = 0;
    },
    undo(seq) {
      lines.undo();
      noted = noted.filter(([, at]) => at <= seq);
      receipts = receipts.filter(([, at]) => at <= seq);
      known.clear();
    },
  };
}

/** All that is noted, in the order of its places. */
const lineOf = (noted: readonly Key[], receipts: readonly Receipt[], seq: number): Line => ({
  keys: noted.toSorted(byKey),
  receipts: receipts.map(([receipt]) => receipt).toSorted(byPlace),
  seq,
});

interface Lines {
  readonly isBegun: () => boolean;
  /** Writes so many keys and receipts of the line that is begun, or else of what is noted. */
  readonly writePart: (noted: () => Line, size: number) => void;
  readonly writeAll: (noted: Line) => void;
  /** What was written is on disk; whether what was noted was taken into a line. */
  readonly keep: () => boolean;
  readonly undo: () => void;
}

function prepareLines(db: DatabaseSync, received: ReturnType<typeof prepareReceived>): Lines {
  const add = prepare(db, 'INSERT OR IGNORE INTO audit_index (key, seq) VALUES (?, ?)');
  let line: Line | undefined;
  /** What is left when the transaction is on disk. */
  let next: { readonly line: Line | undefined; readonly takes: boolean } | undefined;

  function write({ keys, receipts }: Line): void {
    for (const [key, at] of keys) add.run(key, at);
    received.add(receipts);
  }

  return {
    isBegun: () => line !== undefined,
    writePart(noted, size) {
      const { keys, receipts, seq } = line ?? noted();
      write({ keys: keys.slice(0, size), receipts: receipts.slice(0, size), seq });
      const left = { keys: keys.slice(size), receipts: receipts.slice(size), seq };
      const isOver = left.keys.length + left.receipts.length === 0;
      if (isOver) writeMeta(db, 'indexed', seq);
      next = { line: isOver ? undefined : left, takes: line === undefined };
    },
    writeAll(noted) {
      if (line !== undefined) write(line);
      write(noted);
      writeMeta(db, 'indexed', noted.seq);
      next = { line: undefined, takes: true };
    },
    keep() {
      const kept = next;
      next = undefined;
      if (kept !== undefined) line = kept.line;
      return kept?.takes ?? false;
    },
    undo: () => void (next = undefined),
  };
}
