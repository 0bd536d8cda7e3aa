/**
 * What the right of access does not reach (45 CFR 164.524(a)(1); compliance R6), and what a minor's parents do not read of
 * the care that the minor consented to alone (45 CFR 164.502(g)(3); compliance R8). By the mark of the content.
 */
import type { CodeableConcept, Resource } from '../fhir/types.ts';
import { SUSPENSION_SYSTEM } from './accounting.ts';

/** Whether a denial of access can be reviewed (45 CFR 164.524(a)(2), (3)). */
export const ACCESS_DENIAL_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/access-denial';

export const ACCESS_DENIALS = {
  unreviewable: 'Denied without a right to a review (45 CFR 164.524(a)(2))',
  reviewable: 'Denied by a licensed professional; the patient may have it reviewed (45 CFR 164.524(a)(3))',
} as const;

/** Psychotherapy notes, those of counseling under 42 CFR Part 2 among them (45 CFR 164.524(a)(1)(i)). */
const NOTES = 'PSYTHPN';
const MINOR_ALONE = 'ADOL';
/** An agency's statement that its disclosures are not told for a time: who read it would be told (45 CFR 164.528(a)(2)). */
const OF_SUSPENSION = 'statement of a suspension';

const IN_PERSON = /(?:^|\/)(Patient|RelatedPerson)\/[A-Za-z0-9.-]{1,64}$/;

/**
 * The marks of what is withheld in a patient's launch from the person whom its token names; none from who works for an
 * organization. A launch that names nobody may be the patient's own.
 */
export function hiddenFrom(user: string | undefined): readonly string[] {
  if (user === undefined) return [OF_SUSPENSION];
  const type = IN_PERSON.exec(user)?.[1];
  if (type === undefined) return [];
  return type === 'Patient' ? [NOTES, OF_SUSPENSION] : [NOTES, OF_SUSPENSION, MINOR_ALONE];
}

/** Whether what an agency has suspended is withheld as well. */
export const hidesSuspended = (marks: readonly string[] = []): boolean => marks.includes(OF_SUSPENSION);

/** What the store keeps of such a statement; no label of a resource is named so. */
export function suspensionMarksOf({ type }: Resource): readonly string[] {
  const { coding = [] } = (type ?? {}) as CodeableConcept; // validated structure
  return coding.some(({ system }) => system === SUSPENSION_SYSTEM) ? [OF_SUSPENSION] : [];
}

/** Whether somebody is told that access is denied; of a minor's own care, parents learn nothing. */
export const isToldOfNotes = (marks: readonly string[]): boolean => marks.includes(NOTES);

/** What is still hidden from one who is told that notes are. */
export const besidesNotes = (marks: readonly string[]): readonly string[] =>
  marks.filter((mark) => mark !== NOTES);
