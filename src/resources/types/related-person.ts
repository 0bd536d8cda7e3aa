/** RelatedPerson: subscriber of a coverage, performer of a consent. */
import type { ResourceType } from '../resource.ts';

export const relatedPerson: ResourceType = {
  type: 'RelatedPerson',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-relatedperson'],
};
