/**
 * The audit index, and what organizations received, follow the log in batches. At its place in the index nearly every key has a page of its own to itself:
 * written and flushed with each block of reads, those pages would cost more than all else that a read does. So keys are
 * noted, and written in order when there are many. Until then a commit is found by looking through the end of the log,
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
  /** Whether so much is noted that it should be written. */
  isDue(): boolean;
  /** Writes what is noted, inside a transaction; `forget` it when that is on disk. */
  write(seq: number): void;
  forget(): void;
  /** What was noted of later commits was undone. */
  undo(seq: number): void;
}

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
  const add = prepare(db, 'INSERT OR IGNORE INTO audit_index (key, seq) VALUES (?, ?)');
  const received = prepareReceived(db);
  let noted: (readonly [key: string, seq: number])[] = [];
  const known = new Set<string>();
  let receipts: (readonly [receipt: ReceivedVersion, at: number])[] = [];
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
    isDue: () => noted.length >= KEYS || commits >= COMMITS,
    write(seq) {
      noted.sort(([a, seqA], [b, seqB]) => (a < b ? -1 : a > b ? 1 : seqA - seqB));
      for (const [key, at] of noted) add.run(key, at);
      received.add(receipts.map(([receipt]) => receipt).toSorted(byPlace));
      writeMeta(db, 'indexed', seq);
    },
    forget() {
      noted = [];
      receipts = [];
      commits = 0;
    },
    undo(seq) {
      noted = noted.filter(([, at]) => at <= seq);
      receipts = receipts.filter(([, at]) => at <= seq);
      known.clear();
    },
  };
}
