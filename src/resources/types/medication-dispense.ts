/** MedicationDispense: a drug handed out. */
import type { ResourceType } from '../resource.ts';

export const medicationDispense: ResourceType = {
  type: 'MedicationDispense',
  carries: ['medicationReference', 'subject', 'performer.actor', 'receiver', 'supportingInformation'],
};
