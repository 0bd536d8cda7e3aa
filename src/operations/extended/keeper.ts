/**
 * Who may ask for an operation: the organization that keeps the patient, who has a scope of this server, an administrator,
 * the patient.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import type { Sight } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { ServerScope } from '../../smart/server-scopes.ts';
import { ownRefOf } from '../../resources/element.ts';
import type { OperationContext } from '../context.ts';
import type { Caller, Request } from '../request.ts';
import { hasServerScope } from '../scope.ts';
import { readPresent, type UndeletedVersion } from '../read-present.ts';

/** @throws OperationOutcomeError `not-found`, or `not-custodian` where another organization keeps the patient */
export async function readKeptPatient(
  snapshot: Snapshot,
  { id = '', caller }: Request,
  sight: Sight,
): Promise<UndeletedVersion> {
  const ref: Ref = `Patient/${id}`;
  const version = await readPresent(snapshot, ref, sight);
  if (caller.administrator && caller.organization === undefined)
    throw new OperationOutcomeError('organization-unknown', {
      diagnostics: 'an administrator acts for a named organization here (X-On-Behalf-Of)',
    });
  if (version.custodian !== caller.organization)
    throw new OperationOutcomeError('not-custodian', {
      diagnostics: `${ref} is kept by another organization.`,
    });
  return version;
}

/** @throws OperationOutcomeError `scope-insufficient` where the token lacks the scope */
export function checkServerScope({ caller }: Request, scope: ServerScope): void {
  if (hasServerScope(caller, scope)) return;
  throw new OperationOutcomeError('scope-insufficient', { diagnostics: `needed: ${scope}` });
}

/** @throws OperationOutcomeError `scope-insufficient` for anybody else. `does`: what only an administrator does */
export function checkAdministrator({ caller }: Request, does: string): void {
  if (caller.administrator) return;
  throw new OperationOutcomeError('scope-insufficient', { diagnostics: `only an administrator ${does}` });
}

/**
 * What somebody administers: the installation, or the own organization. An app in the hands of an administrator administers
 * only where its token says so as well.
 *
 * @throws OperationOutcomeError `scope-insufficient` for anybody else
 */
export function administeredBy({ caller }: Request, isAlso = false): Ref | 'installation' {
  if (caller.administrator) return 'installation';
  const { organization, roles, serverScopes } = caller;
  const isAdministrator =
    roles?.includes('org-admin') === true && serverScopes?.includes('closeloop/org-admin') === true;
  if (organization !== undefined && (isAdministrator || isAlso)) return organization;
  throw new OperationOutcomeError('scope-insufficient', {
    diagnostics: 'needed: closeloop/org-admin, of an administrator of the organization',
  });
}

/** Whether the token's fhirUser is the patient. */
export function asksInPerson(
  { settings }: Pick<OperationContext, 'settings'>,
  { user }: Caller,
  patient: Ref,
): boolean {
  return user !== undefined && ownRefOf(settings.publicBase, user) === patient;
}
