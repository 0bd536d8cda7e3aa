/** Consent: what the patient permits and denies (SD/BSeR-PatientConsent). */
import type { ResourceType } from './resource.ts';

export const consent: ResourceType = {
  type: 'Consent',
  carries: ['patient', 'performer', 'sourceReference'],
};
