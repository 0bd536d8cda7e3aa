/**
 * Fills the audit index of a folder of an earlier format: until then a delivery was found by who may see it, and not by who
 * was told (baa-messaging MS51).
 */
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEntry } from '../../../ports/store.ts';
import { agentsNamed } from '../../log/audit-rows.ts';
import { readIndexed } from '../write/audit-index.ts';
import { prepare } from './connection.ts';

export function fillAuditParties(db: DatabaseSync): void {
  const add = prepare(db, 'INSERT OR IGNORE INTO audit_index (key, seq) VALUES (?, ?)');
  const rows = prepare<[seq: number, audit: string]>(
    db,
    `SELECT seq, audit FROM log WHERE seq <= ? AND (audit LIKE '%"delivery":%' OR audit LIKE '%"onBehalfOf":%')`,
  );
  // What comes after the index is looked through, and noted again when the folder opens.
  for (const [seq, audit] of rows.each(readIndexed(db)))
    // The log's audit text was written from AuditEntry values.
    for (const party of (JSON.parse(audit) as AuditEntry[]).flatMap(agentsNamed)) add.run(`a:${party}`, seq);
}
