/**
 * Consent: what the patient permits and denies (SD/BSeR-PatientConsent). What its provisions name may be what is denied,
 * so neither their data nor their actors are carried.
 */
import type { ResourceType } from '../resource.ts';

export const consent: ResourceType = {
  type: 'Consent',
  profiles: [
    'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-PatientConsent',
    'https://closeloop.dev/fhir/StructureDefinition/consent',
  ],
  carries: ['patient', 'performer', 'sourceReference', 'sourceAttachment.url', 'verification.verifiedWith'],
};
