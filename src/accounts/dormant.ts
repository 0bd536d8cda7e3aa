/** Accounts that nobody used for 90 days are suspended (identity ID-18; 45 CFR 164.308(a)(4)(ii)(C)). */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Acting } from '../ports/accounts.ts';
import { SERVER_AGENT } from '../ports/audit.ts';
import { accountsIn, lastUse } from './accounts.ts';
import type { AccountParts } from './acting.ts';
import { moveAccount } from './life.ts';
import { emergencyAccounts } from './own-logins.ts';

/** How long an account may rest. */
export const DORMANT_MS = 90 * 86_400_000;

const SERVER: Acting = {
  agent: SERVER_AGENT,
  requestId: 'job-dormant',
  account: undefined,
  over: 'installation',
};

/** Suspends what has rested for too long, once. An account counts from its enrolment until somebody logs in. */
export async function suspendDormant(parts: AccountParts, signal: AbortSignal): Promise<void> {
  const snapshot = parts.store.snapshot();
  const now = parts.clock.now();
  const kept = await emergencyAccounts(snapshot);
  for (const { id, since } of await accountsIn(snapshot, 'active')) {
    if (signal.aborted) return;
    const usedAt = Math.max(since, (await lastUse(snapshot, id)) ?? 0);
    if (now - usedAt < DORMANT_MS || kept.has(id)) continue;
    try {
      await moveAccount(parts, SERVER, { account: id, move: 'suspend', why: 'dormant' });
    } catch (error) {
      // Somebody else moved it meanwhile.
      if (!(error instanceof OperationOutcomeError && error.code === 'account-state')) throw error;
    }
  }
}
