/** Practitioner: directory. */
import type { ResourceType } from '../resource.ts';

export const practitioner: ResourceType = {
  type: 'Practitioner',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-practitioner'],
  directory: true,
};
