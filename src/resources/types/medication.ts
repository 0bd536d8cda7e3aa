/** Medication: a drug and what is in it. */
import type { ResourceType } from '../resource.ts';

export const medication: ResourceType = {
  type: 'Medication',
  profiles: [
    'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-TobaccoUseCessationFeedbackMedication',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-medication',
  ],
  carries: ['ingredient.itemReference'],
};
