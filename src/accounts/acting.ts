/** Who administers accounts, with what rights, and the parts that every change of an account works with. */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import { separates, type SeparatedDecision } from '../identity/separation.ts';
import type { RandomBytes } from '../identity/seal.ts';
import type { OperationContext } from '../operations/context.ts';
import type { Acting } from '../ports/accounts.ts';
import type { UserMembership } from '../identity/membership.ts';
import { membershipsOf, type AccountSource, type KnownAccount } from './accounts.ts';

/** What every change of an account works with. */
export interface AccountParts extends Pick<
  OperationContext,
  'store' | 'clock' | 'newId' | 'selectRecipients' | 'committed'
> {
  readonly random: RandomBytes;
  /** The setting `soleAdministrator`: the installation has one administrator, who decides alone. */
  readonly soleAdministrator: boolean;
}

const forbidden = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('account-not-yours', { diagnostics });

/** Whether an account belongs to an organization: by a membership, whatever its state, or by a link. */
export async function belongsTo(
  source: AccountSource,
  { id, links }: KnownAccount,
  organization: Ref,
): Promise<boolean> {
  if (links.some(({ custodian }) => custodian === organization)) return true;
  const memberships = await membershipsOf(source, id);
  return memberships.some((membership) => membership.organization === organization);
}

/**
 * Whoever changes an account as a whole administers all organizations it works in. Otherwise an organization could reset the
 * factors of somebody who works elsewhere as well, and log in as that person there.
 *
 * @throws OperationOutcomeError `account-not-yours`
 */
export async function checkWhole(
  source: AccountSource,
  { over }: Acting,
  account: KnownAccount,
  now: number,
): Promise<void> {
  if (over === 'installation') return;
  if (account.administrator)
    throw forbidden('An administrator of the installation is changed by another one alone.');
  const memberships = await membershipsOf(source, account.id);
  const others = [
    ...memberships.filter((one) => isToCome(one, now)).map(({ organization }) => organization),
    ...account.links.map(({ custodian }) => custodian),
  ].filter((organization) => organization !== over && organization !== '');
  if (others.length > 0)
    throw forbidden(
      'The account works for another organization as well: end its membership in yours instead.',
    );
}

/** Whether a membership grants something now, or will. */
const isToCome = ({ status, until = Infinity }: UserMembership, now: number): boolean =>
  status === 'active' && now < until;

/** @throws OperationOutcomeError `self-approval` (identity ID-6) */
export function checkSeparated(
  decision: SeparatedDecision,
  { account }: Acting,
  subject: string,
  { soleAdministrator }: Pick<AccountParts, 'soleAdministrator'>,
): void {
  const why = separates(decision, { actor: account, subject }, soleAdministrator);
  if (why !== undefined) throw new OperationOutcomeError('self-approval', { diagnostics: why });
}
