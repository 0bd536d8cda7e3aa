/**
 * Guards the labels of a resource against being lowered (compliance S4). A caller of the organization that keeps the
 * resource may lower them with the scope for it, and with a reason in a Provenance of the same commit. Nobody lowers a label
 * that came with a record.
 */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { CodeableConcept, Coding, Ref, Resource } from '../../fhir/types.ts';
import { METADATA_MANAGEMENT } from '../../policies/labels/label.ts';
import { areFixed } from '../../policies/labels/lowered.ts';
import { localRef, typeOf, valuesAt } from '../../resources/element.ts';
import { hasServerScope } from '../scope.ts';
import { placesIn, type Draft, type Planned } from './draft.ts';

/**
 * Whether a write may lower these labels; otherwise they are kept. A patch says what it takes out, and a Provenance says
 * that it is meant: where it may not, these are refused.
 *
 * @throws OperationOutcomeError `label-protected`
 */
export function mayLower(draft: Draft, planned: Planned, lowered: readonly Coding[]): boolean {
  if (planned.origin === 'server' || draft.byMessage) return false;
  const isMeant = hasReason(draft, planned.ref);
  const stood = planned.before?.meta?.security ?? [];
  if (isMeant && isPrivacyOfficer(draft, planned) && !areFixed(lowered, stood)) return true;
  if (!isMeant && planned.method !== 'PATCH') return false;
  throw new OperationOutcomeError('label-protected', {
    diagnostics: says(planned, areFixed(lowered, stood)),
    expression: placesIn(planned, [`${typeOf(planned.ref)}.meta.security`]),
  });
}

const says = ({ custodian }: Planned, isFixed: boolean): string =>
  isFixed
    ? 'These labels came with the record; who received it does not lower them.'
    : `Labels may be raised by anyone and lowered by the privacy officer of ${custodian || 'the directory'}, with a reason: a Provenance of the same transaction (reason METAMGT, with a text).`;

/** What nobody keeps is the administrator's. */
const isPrivacyOfficer = ({ caller }: Draft, { custodian }: Planned): boolean =>
  hasServerScope(caller, 'closeloop/label-downgrade') &&
  (custodian === '' ? caller.administrator : custodian === caller.organization);

/** A Provenance of the draft that says, about this resource, why its labels change. */
function hasReason({ planned }: Draft, ref: Ref): boolean {
  for (const { ref: own, before, after } of planned.values())
    if (
      typeOf(own) === 'Provenance' &&
      before === undefined &&
      after !== undefined &&
      explains(after.plain, ref)
    )
      return true;
  return false;
}

const explains = (provenance: Resource, ref: Ref): boolean =>
  valuesAt(provenance, 'target').some((target) => localRef(target) === ref) &&
  (valuesAt(provenance, 'reason') as readonly CodeableConcept[]) // validated by then
    .some(({ coding = [], text = '' }) => text.trim() !== '' && coding.some(isManagement));

const isManagement = ({ system, code }: Coding): boolean =>
  system === METADATA_MANAGEMENT.system && code === METADATA_MANAGEMENT.code;
