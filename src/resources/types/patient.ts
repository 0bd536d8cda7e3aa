/** Patient: the person the referral is for. Reached by the referral, reaches nothing: never the rest of its compartment. */
import type { ResourceType } from '../resource.ts';

export const patient: ResourceType = {
  type: 'Patient',
  profiles: [
    'http://hl7.org/fhir/us/bser/StructureDefinition/bser-patient',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient',
  ],
};
