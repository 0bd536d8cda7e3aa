/** Who may have emergency access, and to whose record (compliance E2, E3). */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { refusalOfPerson } from '../../policies/emergency.ts';
import { withDenied } from '../../ports/query.ts';
import type { Snapshot, Version } from '../../ports/store.ts';
import type { Invocation } from '../extended/operation.ts';
import { hasServerScope } from '../scope.ts';

export const refusedEmergency = (diagnostics: string): OperationOutcomeError =>
  new OperationOutcomeError('break-glass-refused', { diagnostics });

/** @throws OperationOutcomeError `break-glass-refused` (E2) */
export function checkEmergencyPerson({ context, request: { caller } }: Invocation): string {
  if (caller.administrator) throw refusedEmergency('An administrator treats nobody.');
  if (!hasServerScope(caller, 'closeloop/break-glass'))
    throw refusedEmergency('needed: closeloop/break-glass');
  const refusal = refusalOfPerson(caller, context.clock.now());
  if (refusal !== undefined) throw refusedEmergency(refusal);
  return caller.user ?? ''; // refusalOfPerson
}

/** The patient, whom a referral of the caller reaches and somebody else keeps. */
export async function readReachedPatient(
  { request, sight }: Invocation,
  snapshot: Snapshot,
): Promise<Version> {
  const ref: Ref = `Patient/${request.id ?? ''}`;
  const version = await snapshot.read(ref, withDenied(sight));
  if (version?.text === undefined)
    throw new OperationOutcomeError('not-found', { diagnostics: `${ref} is not here` });
  if (version.custodian === '' || version.custodian === request.caller.organization)
    throw refusedEmergency('Nothing is withheld: your organization keeps this patient.');
  return version;
}

/** The kind of record by which a second person confirms (compliance E8). */
export const CONFIRMATION_KIND = 'grant-confirmation';

export const confirmationKey = (person: string, patient: Ref): string => `${person} ${patient}`;
