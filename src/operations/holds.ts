/** Legal holds, as records (kind `hold`; harmony Z5): what is held is kept (audit-compliance AU50). */
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { Ref } from '../fhir/types.ts';
import { typeOf } from '../resources/element.ts';
import { patientsOfCompartments } from './values.ts';
import { placesIn, type Draft } from './write/draft.ts';

export const HOLD_KIND = 'hold';

/** The body of the record. */
export interface Hold {
  /** The resource; of a Patient, with everything in the compartment. */
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
    for (const what of new Set([
      ref,
      ...patientsOfCompartments({ ...before, id: ref.slice(typeOf(ref).length + 1) }),
    ])) {
      const found = await draft.snapshot.records(HOLD_KIND, 'what', what);
      if (found.length === 0) continue;
      throw new OperationOutcomeError('deletion-refused', {
        diagnostics: `${ref} must be kept; ask the compliance officer of its keeper`,
        expression: placesIn(planned, [typeOf(ref)]),
      });
    }
  }
}
