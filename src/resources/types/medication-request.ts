/** MedicationRequest: a prescription, given as information or made within a referral. */
import type { ResourceType } from '../resource.ts';

export const medicationRequest: ResourceType = {
  type: 'MedicationRequest',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-medicationrequest'],
  carries: [
    'medicationReference',
    'subject',
    'reportedReference',
    'requester',
    'performer',
    'reasonReference',
    'supportingInformation',
    'insurance',
  ],
  follows: ['basedOn'],
};
