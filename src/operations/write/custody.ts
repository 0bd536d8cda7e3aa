/** Who may write what (rules 2.1, 2.4): a resource is changed by its custodian, or by the organization it belongs to. */
import { isDeepStrictEqual } from 'node:util';
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Ref, Resource } from '../../fhir/types.ts';
import { EVERYTHING, type Sight } from '../../ports/query.ts';
import { localRef, typeOf } from '../../resources/element.ts';
import { isOwnOnly, PARTY_TYPES, standingOf } from '../../resources/parties/standing.ts';
import { declarationOf, placesIn, type Draft, type Planned } from './draft.ts';
import { sightForType } from '../scope.ts';
import { patientsOfCompartments } from '../values.ts';

export function checkCustody(draft: Draft): void {
  for (const planned of draft.planned.values()) {
    if (planned.origin === 'server') continue;
    const custodian = custodianOf(draft, planned);
    if (!mayWrite(draft, planned, custodian)) throw refuse(planned);
    checkDisclosedType(draft, planned);
    if (custodian !== planned.custodian) draft.planned.set(planned.ref, { ...planned, custodian });
  }
}

/**
 * Whether a stored version may be changed at all. Asked before a patch is tried on it: what a patch tests or copies would
 * tell what its reader is not shown.
 */
export function checkMayChange(draft: Draft, unchanged: Planned): void {
  if (!mayWrite(draft, unchanged, unchanged.custodian)) throw refuse(unchanged);
}

/** Names what the caller sent, never an id that was made for it. */
function refuse(planned: Planned): OperationOutcomeError {
  const { ref, before, after, method } = planned;
  const owner = before === undefined ? belongsTo(ref, after?.plain) : undefined;
  const what =
    owner === undefined || method !== 'POST'
      ? `${ref} is kept by another organization.`
      : `A new ${typeOf(ref)} of ${owner} is written by that organization.`;
  return new OperationOutcomeError('not-custodian', { diagnostics: what, expression: placesIn(planned) });
}

/** A Subscription tells its writer of a type: without the scope to search that type, it would be a way around it. */
function checkDisclosedType({ caller }: Draft, planned: Planned): void {
  const { ref, after } = planned;
  const type = after === undefined ? undefined : declarationOf(ref).discloses?.(after.plain);
  const sight = type === undefined ? EVERYTHING : sightForType(caller, type);
  // It is told as its organization, so scopes for one patient are too narrow for it.
  if (sight !== undefined && (sight.everything || sight.patient === undefined)) return;
  throw new OperationOutcomeError('scope-insufficient', {
    diagnostics: `needed: system/${type}.s`,
    expression: placesIn(planned),
  });
}

/** A new resource is kept by its creator; an administrator's by the organization it belongs to. */
function custodianOf({ caller }: Draft, { ref, before, after, custodian, returns }: Planned): Ref | '' {
  if (before !== undefined || returns === true) return custodian;
  const named = custodian === '' ? undefined : custodian; // by an import
  return caller.organization ?? named ?? belongsTo(ref, after?.plain) ?? '';
}

function mayWrite({ caller }: Draft, planned: Planned, custodian: Ref | ''): boolean {
  if (caller.administrator) return true;
  const { ref, before, after, returns } = planned;
  if (returns === true && custodian !== caller.organization) return false;
  const declared = declarationOf(ref);
  const ruled = before ?? after?.plain;
  if (PARTY_TYPES.has(typeOf(ref)) && ruled !== undefined && isPrivate(ruled)) {
    const versions = [before, after?.plain].filter((version) => version !== undefined);
    if (after !== undefined && !isPrivate(after.plain) && !isOfCaller(ref, after.plain, caller.organization))
      return false;
    return custodian === caller.organization && !versions.some(isOwnOnly);
  }
  if (typeOf(ref) === 'OrganizationAffiliation' && endsItsPart(planned, caller.organization)) return true;
  // Who owns it decides who creates it; from then on the rules of the type may decide more finely (an agreement).
  if (before !== undefined && declared.writtenByParties?.(before) === true) return true;
  if (declared.belongsTo !== undefined) {
    return [before, after?.plain]
      .filter((version) => version !== undefined)
      .every((version) => (belongsTo(ref, version) ?? custodian) === caller.organization);
  }
  return (ruled !== undefined && declared.writtenByParties?.(ruled)) || custodian === caller.organization;
}

/** Who takes part in a network may end that, and change nothing else of it (directory DR20). */
function endsItsPart({ before, after }: Planned, caller: Ref | undefined): boolean {
  if (caller === undefined || before === undefined || after === undefined) return false;
  if (localRef(before['participatingOrganization']) !== caller) return false;
  const rest = ({ active: _active, meta, ...others }: Resource): unknown => [
    others,
    meta?.tag,
    meta?.security,
    meta?.profile,
  ];
  const ends = after.plain['active'] === before['active'] || after.plain['active'] === false;
  return ends && isDeepStrictEqual(rest(before), rest(after.plain));
}

/** What an organization keeps about another becomes nobody's own but its keeper's: a member says itself how it is reached. */
const isOfCaller = (ref: Ref, version: Resource, caller: Ref | undefined): boolean => {
  const owner = belongsTo(ref, version);
  return owner === undefined || owner === caller;
};

const isPrivate = (version: Resource): boolean => standingOf(version) === 'private';

const belongsTo = (ref: Ref, version: Resource | undefined): Ref | undefined =>
  version === undefined ? undefined : declarationOf(ref).belongsTo?.(version, ref);

/**
 * A write allowed by patient scopes alone stays within that patient's compartment, before and after (SMART App Launch
 * 2.2, patient-specific scopes).
 */
export function checkCompartment(sight: Sight, planned: Planned | undefined): void {
  if (planned === undefined || sight.everything || sight.patient === undefined) return;
  const { patient } = sight;
  const versions = [planned.before, planned.after?.plain].filter((version) => version !== undefined);
  if (versions.every((version) => patientsOfCompartments(version).includes(patient))) return;
  throw new OperationOutcomeError('scope-insufficient', {
    diagnostics: `the token's scopes are for ${patient} alone`,
  });
}
