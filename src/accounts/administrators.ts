/** Who keeps the installation: made and unmade by another administrator of it (identity ID-6). */
import { OperationOutcomeError } from '../fhir/issue.ts';
import { commitPlanned } from '../operations/write/commit.ts';
import type { Acting } from '../ports/accounts.ts';
import { auditedCommit } from '../ports/commit.ts';
import { accountWrite } from './accounts.ts';
import { checkSeparated, type AccountParts } from './acting.ts';
import { identityEntry } from './audit.ts';
import { endingsOf } from './endings.ts';
import { readAdministered } from './life.ts';

/**
 * Lets an account keep the installation, or no more; with the right its sittings end, which were begun under it.
 *
 * @throws OperationOutcomeError `account-not-yours`, `not-found`, `self-approval`, `account-state`
 */
export async function setAdministrator(
  parts: AccountParts,
  acting: Acting,
  { account: id, administrator }: { readonly account: string; readonly administrator: boolean },
): Promise<void> {
  if (acting.over !== 'installation')
    throw new OperationOutcomeError('account-not-yours', {
      diagnostics: 'Administrators of the installation are made by one of them.',
    });
  await commitPlanned(parts, async (snapshot) => {
    const account = await readAdministered(snapshot, acting, id);
    checkSeparated('own-roles', acting, id, parts);
    if (account.state === 'deactivated')
      throw new OperationOutcomeError('account-state', { diagnostics: 'The account is deactivated.' });
    const records = [
      accountWrite(id, { ...account, administrator }, account.version),
      ...(administrator ? [] : await endingsOf(snapshot, id, 'suspend')),
    ];
    const entry = identityEntry('permission-changed', {
      actor: acting.agent,
      requestId: acting.requestId,
      account: id,
      detail: { administrator: administrator ? 'sys-admin' : '' },
    });
    return { commit: auditedCommit([entry], { records }), templates: new Map() };
  });
}
