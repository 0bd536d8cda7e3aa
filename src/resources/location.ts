/** Location: directory. */
import type { ResourceType } from './resource.ts';

export const location: ResourceType = {
  type: 'Location',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-location'],
  directory: true,
};
