/** Codes that rows of the payload table name (BSeR, pages on referral request resources). */
import type { CodeRange, PayloadType } from './row.ts';

const LOINC = 'http://loinc.org';
const SNOMED = 'http://snomed.info/sct';
const ICD10CM = 'http://hl7.org/fhir/sid/icd-10-cm';

const loinc = (...codes: readonly string[]): CodeRange => ({ system: LOINC, codes });
const snomed = (...codes: readonly string[]): CodeRange => ({ system: SNOMED, codes });

export const BLOOD_PRESSURE = loinc('85354-9');
export const BODY_HEIGHT = loinc('8302-2');
/** Of a baby, who lies. */
export const BODY_LENGTH = loinc('8306-3');
export const BODY_WEIGHT = loinc('29463-7');
export const BODY_MASS_INDEX = loinc('39156-5');
export const VITAL_SIGNS: readonly CodeRange[] = [BLOOD_PRESSURE, BODY_HEIGHT, BODY_WEIGHT, BODY_MASS_INDEX];

// prettier-ignore
export const HEMOGLOBIN_A1C = loinc('4548-4', '74246-0', '55454-3', '41995-2', '17855-8', '4549-2', '17856-6', '62388-4', '71875-9', '59261-8');
export const EMPLOYMENT_STATUS = loinc('74165-2');
export const EDUCATION_LEVEL = loinc('82589-3');
export const SMOKING_STATUS = loinc('72166-2');

/** Able to latch to the breast, maternal concern, nipple shield. */
export const BREAST_FEEDING = snomed('288988007', '270472006', '335389008');
export const NICOTINE_REPLACEMENT = snomed('151159008');

/** Persons with potential health hazards related to socioeconomic and psychosocial circumstances. */
export const SOCIAL_NEEDS: CodeRange = { system: ICD10CM, between: ['Z55', 'Z65'] };

const WHOLE: PayloadType = {};

/** What every request of BSeR has beside its supporting information: who, what for, on whose account, by whose leave. */
export const REFERRAL_TYPES: Readonly<Record<string, PayloadType>> = {
  Task: WHOLE,
  ServiceRequest: WHOLE,
  Patient: WHOLE,
  RelatedPerson: WHOLE,
  Coverage: WHOLE,
  Consent: WHOLE,
  // The request as a document; each resource in it is asked by itself.
  Bundle: WHOLE,
  Composition: WHOLE,
};
