/**
 * What the right of access does not reach (45 CFR 164.524(a)(1); compliance R6), and what a minor's parents do not read of
 * the care that the minor consented to alone (45 CFR 164.502(g)(3); compliance R8). By the mark of the content.
 */

/** Whether a denial of access can be reviewed (45 CFR 164.524(a)(2), (3)). */
export const ACCESS_DENIAL_SYSTEM = 'https://closeloop.dev/fhir/CodeSystem/access-denial';

export const ACCESS_DENIALS = {
  unreviewable: 'Denied without a right to a review (45 CFR 164.524(a)(2))',
  reviewable: 'Denied by a licensed professional; the patient may have it reviewed (45 CFR 164.524(a)(3))',
} as const;

/** Psychotherapy notes, those of counseling under 42 CFR Part 2 among them (45 CFR 164.524(a)(1)(i)). */
const NOTES = 'PSYTHPN';
const MINOR_ALONE = 'ADOL';

const IN_PERSON = /(?:^|\/)(Patient|RelatedPerson)\/[A-Za-z0-9.-]{1,64}$/;

/** The marks of what is withheld from the person whom a token names; none from who works for an organization. */
export function hiddenFrom(user: string | undefined): readonly string[] {
  const type = IN_PERSON.exec(user ?? '')?.[1];
  if (type === undefined) return [];
  return type === 'Patient' ? [NOTES] : [NOTES, MINOR_ALONE];
}

/** Whether somebody is told that access is denied; of a minor's own care, parents learn nothing. */
export const isToldOfNotes = (marks: readonly string[]): boolean => marks.includes(NOTES);

/** What is still hidden from one who is told that notes are. */
export const besidesNotes = (marks: readonly string[]): readonly string[] =>
  marks.filter((mark) => mark !== NOTES);
