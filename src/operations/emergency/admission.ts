/** Who may have emergency access, and to whose record (compliance E2, E3). */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref } from '../../fhir/types.ts';
import { refusalOfPerson } from '../../policies/emergency.ts';
import { withDenied } from '../../ports/query.ts';
import type { Snapshot, Version } from '../../ports/store.ts';
import type { Invocation } from '../extended/operation.ts';
import { hasServerScope } from '../scope.ts';
import { readPresent } from '../read-present.ts';

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

/** A patient whose record may be opened, and all who may keep something of it that is withheld from the caller. */
interface ReachedPatient {
  readonly patient: Version;
  /** Never empty. Who keeps the patient is the first, unless that is the caller. */
  readonly disclosers: readonly [Ref, ...Ref[]];
}

/**
 * The patient, whom a referral of the caller reaches or shows to somebody else. It is admitted whether something of it is
 * withheld or not: otherwise the answer would tell (compliance E3, L6).
 */
export async function readReachedPatient(
  { request, sight }: Invocation,
  snapshot: Snapshot,
): Promise<ReachedPatient> {
  const ref: Ref = `Patient/${request.id ?? ''}`;
  const version = await readPresent(snapshot, ref, withDenied(sight));
  const { organization } = request.caller;
  const parties = await otherParties(snapshot, ref, organization);
  const [first, ...others] = new Set([version.custodian, ...parties].filter(isOther));
  if (first === undefined)
    throw refusedEmergency('Your organization keeps this patient, and no referral of it shows the patient.');
  return { patient: version, disclosers: [first, ...others] };

  function isOther(party: Ref | ''): party is Ref {
    return party !== '' && party !== organization;
  }
}

/** Who else is a party of the caller's referrals that show this patient. What each of them keeps may be reached, too. */
async function otherParties(
  snapshot: Snapshot,
  patient: Ref,
  organization: Ref | undefined,
): Promise<readonly Ref[]> {
  const others: Ref[] = [];
  for (const root of await snapshot.roots(patient)) {
    const parties = await snapshot.parties(root);
    if (organization !== undefined && parties.includes(organization)) others.push(...parties);
  }
  return others;
}

/** The kind of record by which a second person confirms (compliance E8). */
export const CONFIRMATION_KIND = 'grant-confirmation';

export const confirmationKey = (person: string, patient: Ref): string => `${person} ${patient}`;
