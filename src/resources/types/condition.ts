/** Condition: why the referral is made. */
import type { ResourceType } from '../resource.ts';

export const condition: ResourceType = {
  type: 'Condition',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition-problems-health-concerns'],
  carries: ['subject', 'recorder', 'asserter', 'stage.assessment', 'evidence.detail'],
};
