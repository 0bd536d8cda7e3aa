/**
 * The log as it stands, for whoever takes it elsewhere (rules 4.1): every row with the digests and the hash from which an
 * outsider computes the chain again. Reads beside a live server, within one read transaction, a slice at a time.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Ref } from '../../fhir/types.ts';
import type { AuditEntry, AuditRow } from '../../ports/store.ts';
import type { Anchor } from '../log/anchors.ts';
import { GENESIS } from '../log/chain.ts';
import { openDatabase, prepare, readMeta } from './folder/connection.ts';
import { needStore } from './folder/folder.ts';

/** One commit, or one block of audited reads. */
export interface LogRow {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** JSON of the compact audit rows, as digested. */
  readonly audit: string;
  /** JSON of the members' digests, as hashed. */
  readonly members: string;
  /** Hex. */
  readonly hash: string;
}

/** An open reading; of one moment, however long it lasts. */
export interface LogReading {
  /** The last row's place; undefined when nothing was ever committed. */
  readonly head: Anchor | undefined;
  /** Rows committed within these milliseconds since 1970, both inclusive, oldest first. */
  rows(from?: number, to?: number): Generator<LogRow>;
  /** The hash before a row: what its own hash continues. */
  hashBefore(seq: number): string;
  /** The text that a resource had at a commit; undefined where there was none. */
  textAt(ref: Ref, seq: number): string | undefined;
  /** Who keeps a resource; undefined for one that was never here. */
  keeperOf(ref: Ref): Ref | '' | undefined;
  close(): void;
}

type Row = [seq: number, at: number, audit: string, members: string, hash: Uint8Array];

const SLICE = 500;
const CACHE_KIB = 8 * 1024;

/** @throws FolderRefused when there is no store in the folder */
export function readLog(folder: string): LogReading {
  const db = openDatabase(needStore(folder).database, { readOnly: true, cacheKib: CACHE_KIB });
  db.exec('BEGIN');
  const hashOf = prepare<[Uint8Array]>(db, 'SELECT hash FROM log WHERE seq = ?');
  const textOf = prepare<[string | null]>(
    db,
    `SELECT v.text FROM resource r JOIN version v ON v.rid = r.rid WHERE r.ref = ? AND v.seq <= ?
      ORDER BY v.seq DESC LIMIT 1`,
  );
  const custodianOf = prepare<[Ref | null]>(
    db,
    'SELECT n.name FROM resource r LEFT JOIN name n ON n.nid = r.custodian WHERE r.ref = ?',
  );
  return {
    head: headOf(db),
    rows: (from = Number.MIN_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER) => rowsOf(db, from, to),
    hashBefore(seq) {
      const before = hashOf.get(seq - 1);
      return before === undefined ? GENESIS : toHex(before[0]);
    },
    textAt: (ref, seq) => textOf.get(ref, seq)?.[0] ?? undefined,
    keeperOf(ref) {
      const kept = custodianOf.get(ref);
      return kept && (kept[0] ?? '');
    },
    close: () => db.close(),
  };
}

/** The last row's place in the log of a folder; undefined when nothing was ever committed. */
export function headOfFolder(folder: string): Anchor | undefined {
  const db = openDatabase(needStore(folder).database, { readOnly: true, cacheKib: 1024 });
  try {
    return headOf(db);
  } finally {
    db.close();
  }
}

/** The same of a folder that may hold nothing, or a file that is damaged: undefined then. */
export function readableHead(folder: string): Anchor | undefined {
  try {
    return headOfFolder(folder);
  } catch {
    return undefined;
  }
}

/** Records that expired up to this instant, in milliseconds since 1970, may be gone from a folder. */
export function recordsPurgedIn(folder: string): number {
  const db = openDatabase(needStore(folder).database, { readOnly: true, cacheKib: 1024 });
  try {
    return readMeta(db, 'recordsPurged', 0);
  } finally {
    db.close();
  }
}

function* rowsOf(db: DatabaseSync, from: number, to: number): Generator<LogRow> {
  const slice = prepare<Row>(
    db,
    `SELECT seq, at, audit, members, hash FROM log WHERE seq > ? AND at >= ? AND at <= ? ORDER BY seq LIMIT ${SLICE}`,
  );
  let last = 0;
  for (;;) {
    const rows = slice.all(last, from, to);
    for (const [seq, at, audit, members, hash] of rows) yield { seq, at, audit, members, hash: toHex(hash) };
    if (rows.length < SLICE) return;
    last = rows.at(-1)![0];
  }
}

/** The audit rows of a log row, in the order of their commit. */
export function auditRowsOf({ seq, at, audit }: LogRow): readonly AuditRow[] {
  // The log's audit text was written from AuditEntry values.
  const entries = JSON.parse(audit) as readonly AuditEntry[];
  const instant = new Date(at).toISOString();
  return entries.map((entry, position) => ({ seq, position, at: instant, entry }));
}

/** The last row's place in a log; undefined when nothing was ever committed. */
export function headOf(db: DatabaseSync): Anchor | undefined {
  const last = prepare<[seq: number, at: number, hash: Uint8Array]>(
    db,
    'SELECT seq, at, hash FROM log ORDER BY seq DESC LIMIT 1',
  ).get();
  return last && { seq: last[0], at: last[1], hash: toHex(last[2]) };
}

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
