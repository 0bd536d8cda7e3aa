/** Observation: supporting information and feedback. */
import type { ResourceType } from '../resource.ts';

export const observation: ResourceType = {
  type: 'Observation',
  profiles: [
    'http://hl7.org/fhir/us/bser/StructureDefinition/bser-referral-observation',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-blood-pressure',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-bmi',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-body-height',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-body-weight',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-social-history',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-smokingstatus',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-vital-signs',
    'http://hl7.org/fhir/us/odh/StructureDefinition/odh-EmploymentStatus',
  ],
  carries: ['subject', 'focus', 'performer', 'specimen', 'device', 'hasMember', 'derivedFrom'],
  follows: ['basedOn'],
};
