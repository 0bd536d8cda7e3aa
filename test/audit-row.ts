/** A row of the audit for commits that a test writes into a store by itself. */
import type { AuditEntry } from '../src/ports/audit.ts';

export const AUDIT_ROW: AuditEntry = {
  event: 'update',
  action: 'U',
  outcome: '0',
  agent: { organization: '', client: 'test', subject: '' },
  requestId: 'test',
  entities: [],
  patients: [],
  viewers: [],
};
