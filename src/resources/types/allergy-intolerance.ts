/** AllergyIntolerance: what the patient must not be given; supporting information of a referral. */
import type { ResourceType } from '../resource.ts';

export const allergyIntolerance: ResourceType = {
  type: 'AllergyIntolerance',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-allergyintolerance'],
  carries: ['patient', 'recorder', 'asserter'],
};
