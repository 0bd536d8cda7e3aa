/**
 * Abuse, neglect or domestic violence of an adult: the law requires it, or authorizes it where it is necessary to prevent
 * serious harm, or the patient agrees; and the patient is told of it, or one of two reasons why not stands.
 */
import { claimedOn } from './claimed.ts';
import { either, lawCited, onFile, patientInformed } from './conditions.ts';

export const abuseNeglect = claimedOn('abuse-neglect', '45 CFR 164.512(c)', [
  either(
    lawCited,
    onFile('patient-agreement', ''),
    'the law that requires or authorizes it, or the agreement of the patient',
  ),
  patientInformed,
]);
