/** The audit of a read is on disk before the answer leaves (D14): no audit, no answer. */
import type { AuditEntry, Store } from '../../ports/store.ts';
import { refusalOfCommit } from '../write/commit.ts';
import type { OperationContext } from '../context.ts';

export async function recordRead({ store, settings }: OperationContext, entry: AuditEntry): Promise<void> {
  if (!settings.auditReads) return;
  await recordAlways({ store }, entry);
}

/** The server audits refusals whatever the setting says. */
export async function recordAlways(
  { store }: { readonly store: Pick<Store, 'record'> },
  entry: AuditEntry,
): Promise<void> {
  try {
    await store.record(entry);
  } catch (error) {
    throw refusalOfCommit(error);
  }
}
