/** The audit of a read is on disk before the answer leaves (D14): no audit, no answer. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import { CommitRefused, type AuditEntry, type Store } from '../../ports/store.ts';
import { refusalOfCommit } from '../write/commit.ts';
import type { OperationContext } from '../context.ts';

export function recordRead(
  { store, settings }: OperationContext,
  entry: AuditEntry,
): Promise<void> | undefined {
  return settings.auditReads ? recordAlways({ store }, entry) : undefined;
}

/** The server audits refusals whatever the setting says. */
export async function recordAlways(
  { store }: { readonly store: Pick<Store, 'record'> },
  entry: AuditEntry,
): Promise<void> {
  try {
    await store.record(entry);
  } catch (error) {
    // Nobody was told anything: asking again is all there is to do, whether the row is there or not.
    if (error instanceof CommitRefused && error.reason === 'unsure')
      throw new OperationOutcomeError('busy', { retryAfter: 1 });
    throw refusalOfCommit(error);
  }
}
