/** MedicationRequest: a prescription, given as information or made within a referral. */
import type { ResourceType } from './resource.ts';

export const medicationRequest: ResourceType = {
  type: 'MedicationRequest',
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
