/** Proves that the index of audit rows agrees with the audit rows of the log. */
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry } from '../../../ports/store.ts';
import { auditKeys } from '../../log/audit-rows.ts';
import { prepare } from '../folder/connection.ts';
import { readIndexed } from '../write/audit-index.ts';
import { count, type NoteDifference } from './proof-rows.ts';

interface AuditIndexProof {
  /** Takes the audit text of one commit. */
  examine(audit: string, seq: number): void;
  /** Reports what no commit wrote. */
  reportUnwritten(seq: number): void;
}

/** @param expunge called with each version that an audited expunge names */
export function prepareAuditIndexProof(
  db: DatabaseSync,
  note: NoteDifference,
  expunge: (version: string) => void,
): AuditIndexProof {
  const indexed = readIndexed(db);
  const isIndexed = prepare<[number]>(db, 'SELECT 1 FROM audit_index WHERE key = ? AND seq = ?');
  let keys = 0;

  return {
    examine,
    reportUnwritten(seq) {
      if (count(db, 'SELECT count(*) FROM audit_index') > keys)
        note(seq, 'the audit index holds keys that no audit row gives');
    },
  };

  function examine(audit: string, seq: number): void {
    let entries: AuditEntry[];
    try {
      // Written by this engine, or else tampered with, which its digest has told already.
      entries = JSON.parse(audit) as AuditEntry[];
      for (const key of auditKeys(entries)) {
        if (isIndexed.get(key, seq) !== undefined) keys += 1;
        else if (seq <= indexed) note(seq, `its audit rows are not found by ${key}`);
      }
    } catch {
      return note(seq, 'its audit rows cannot be read');
    }
    for (const { event, entities } of entries) {
      if (event === 'expunge') for (const entity of entities) expunge(entity);
    }
  }
}
