/** What every change of identity needs: who asks for it, hashes of what gives rights, and commits that others may overtake. */
import { createHash } from 'node:crypto';
import type { AuditEntry } from '../ports/audit.ts';
import { CommitRefused, type Commit, type Store } from '../ports/store.ts';

/** Who asks for a change, for its audit row. */
export interface By {
  readonly agent: AuditEntry['agent'];
  readonly requestId: string;
}

/** The hash by which a value that gives rights is found: the value itself is kept nowhere. */
export const bearerHash = (value: string): string => createHash('sha256').update(value).digest('base64url');

/** @returns false, and nothing is written, when a record that the commit relies on was changed by somebody else */
export async function commitUnlessChanged(store: Pick<Store, 'commit'>, commit: Commit): Promise<boolean> {
  try {
    await store.commit(commit);
    return true;
  } catch (error) {
    if (error instanceof CommitRefused && ['unexpected', 'stale'].includes(error.reason)) return false;
    throw error;
  }
}
