/** A commit by its audit rows and whatever else it holds. */
import type { AuditEntry } from './audit.ts';
import { CommitRefused, type Commit } from './store.ts';

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

/** Whether a commit was refused because somebody else wrote first: what it was planned on is not there any more. */
export const wasForestalled = (error: unknown): boolean =>
  error instanceof CommitRefused && (error.reason === 'stale' || error.reason === 'unexpected');
