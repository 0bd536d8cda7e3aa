/** MedicationAdministration: a drug given. */
import type { ResourceType } from '../resource.ts';

export const medicationAdministration: ResourceType = {
  type: 'MedicationAdministration',
  carries: [
    'medicationReference',
    'subject',
    'performer.actor',
    'reasonReference',
    'supportingInformation',
    'device',
  ],
};
