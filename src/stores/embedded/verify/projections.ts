/**
 * Proves that the tables beside the log agree with the members of its commits: versions, audit index, outbox, keys,
 * records.
 */
import type { DatabaseSync } from 'node:sqlite';
import { digestKey, type Members } from '../../log/chain.ts';
import { prepare } from '../folder/connection.ts';
import { prepareAuditIndexProof } from './audit-index-proof.ts';
import { prepareOutboxProof } from './outbox-proof.ts';
import type { NoteDifference } from './proof-rows.ts';
import { prepareRecordProof } from './record-proof.ts';
import { prepareVersionProof } from './version-proof.ts';

/** A difference from what was written. */
export interface ProjectionFault {
  /** The seq of the commit. */
  readonly seq: number;
  /** The fault, in one line. */
  readonly says: string;
}

interface LogEntry {
  readonly seq: number;
  readonly at: number;
  readonly audit: string;
  readonly members: Members;
}

interface Projections {
  /** Takes one commit after the other, in order. */
  examine(entry: LogEntry): void;
  /** Ends after the last commit: reports what no commit wrote, and what vanished without permission. */
  conclude(seq: number): void;
}

type KeyRow = [scope: string, id: string, fingerprint: string, seq: number, reply: string];

export function prepareProjections(db: DatabaseSync, note: NoteDifference): Projections {
  const versions = prepareVersionProof(db, note);
  const outbox = prepareOutboxProof(db, note);
  const auditIndex = prepareAuditIndexProof(db, note, versions.expunge);
  const records = prepareRecordProof(db, note);

  return {
    examine({ seq, at, audit, members }) {
      for (const version of members.versions ?? []) versions.examine(version, seq, at);
      for (const entry of members.outbox ?? []) outbox.examineEntry(entry, seq);
      for (const outcome of members.settles ?? []) outbox.examineOutcome(outcome, seq);
      for (const record of members.c ?? []) records.examine(record);
      auditIndex.examine(audit, seq);
    },
    conclude(seq) {
      versions.reportVanished();
      outbox.reportVanished();
      examineKeys(db, note);
      records.conclude(seq);
      versions.reportUnwritten(seq);
      outbox.reportUnwritten(seq);
      auditIndex.reportUnwritten(seq);
    },
  };
}

function examineKeys(db: DatabaseSync, note: NoteDifference): void {
  const keys = prepare<KeyRow>(db, 'SELECT scope, id, fingerprint, seq, reply FROM commit_key').all();
  for (const key of keys) examineKey(db, note, key);
}

function examineKey(
  db: DatabaseSync,
  note: NoteDifference,
  [scope, id, fingerprint, seq, reply]: KeyRow,
): void {
  const row = prepare<[string]>(db, 'SELECT members FROM log WHERE seq = ?').get(seq);
  if (row?.[0].includes(JSON.stringify(digestKey(scope, id, fingerprint, reply))) !== true) {
    note(seq, `the key ${scope} ${id} was changed`);
  }
}
