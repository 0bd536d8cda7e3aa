/** MedicationStatement: what the patient is said to take. */
import type { ResourceType } from '../resource.ts';

export const medicationStatement: ResourceType = {
  type: 'MedicationStatement',
  carries: ['medicationReference', 'subject', 'informationSource', 'derivedFrom', 'reasonReference'],
  follows: ['basedOn'],
};
