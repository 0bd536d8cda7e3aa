/** Legal holds, as records (kind `hold`; harmony Z5): what is held is kept (audit-compliance AU50). */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref, Resource } from '../fhir/types.ts';
import { threadOf } from '../messaging/shape.ts';
import type { Snapshot } from '../ports/store.ts';
import { typeOf } from '../resources/element.ts';
import { patientsOfCompartments } from './values.ts';
import { placesIn, type Draft } from './write/draft.ts';

export const HOLD_KIND = 'hold';

/** The body of the record. */
export interface Hold {
  /** The resource; of a Patient with everything in the compartment, of a thread with its messages, of its keeper with all. */
  readonly what: Ref;
  readonly organization: Ref;
  readonly matter: string;
  readonly by: string;
  /** Instant. */
  readonly at: string;
}

/**
 * Refuses to delete what is held. It does not say so: only the compliance officer of its keeper knows of a hold.
 *
 * @throws OperationOutcomeError `deletion-refused`
 */
export async function checkHolds(draft: Draft): Promise<void> {
  for (const planned of draft.planned.values()) {
    const { ref, before, after } = planned;
    if (after !== undefined || before === undefined) continue;
    if (!(await isHeld(draft.snapshot, ref, before, planned.custodian))) continue;
    throw new OperationOutcomeError('deletion-refused', {
      diagnostics: `${ref} must be kept; ask the compliance officer of its keeper`,
      expression: placesIn(planned, [typeOf(ref)]),
    });
  }
}

/** Whether a resource is held: by itself, as a part of its thread, by its patient, or with everything its keeper keeps. */
export async function isHeld(
  snapshot: Snapshot,
  ref: Ref,
  resource: Resource,
  custodian: Ref | '',
): Promise<boolean> {
  const thread = typeOf(ref) === 'Communication' ? threadOf(resource) : undefined;
  const holding = new Set([
    ref,
    ...patientsOfCompartments({ ...resource, id: ref.slice(typeOf(ref).length + 1) }),
    ...(custodian === '' ? [] : [custodian]),
    ...(thread === undefined ? [] : [thread]),
  ]);
  for (const what of holding) if ((await snapshot.records(HOLD_KIND, 'what', what)).length > 0) return true;
  return false;
}
