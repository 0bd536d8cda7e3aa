/** A commit by its audit rows and whatever else it holds. */
import type { AuditEntry } from './audit.ts';
import type { Commit } from './store.ts';

export const auditedCommit = (
  audit: readonly AuditEntry[],
  rest: Partial<Omit<Commit, 'audit'>> = {},
): Commit => ({
  writes: [],
  preconditions: [],
  expects: [],
  outbox: [],
  deliveryOutcomes: [],
  ...rest,
  audit,
});
