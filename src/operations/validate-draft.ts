/** Structure and profiles of everything a draft writes (http://hl7.org/fhir/R4/validation.html). */
import { OperationOutcomeError } from '../fhir/issue.ts';
import { validateResource } from '../resources/validate.ts';
import { placesIn, type Draft } from './draft.ts';

export function validateDraft(draft: Draft): void {
  for (const planned of draft.planned.values()) {
    const { after, byRule } = planned;
    if (after === undefined || byRule) continue;
    const details = validateResource(after.plain, { profiles: 'claimed' }).map((detail) => ({
      ...detail,
      expression: placesIn(planned, detail.expression),
    }));
    const [first, ...rest] = details.filter(
      ({ severity = 'error' }) => severity === 'error' || severity === 'fatal',
    );
    if (first !== undefined) throw OperationOutcomeError.of([first, ...rest]);
    draft.notes.push(...details);
  }
}
