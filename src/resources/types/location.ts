/** Location: directory. */
import { localRef } from '../element.ts';
import type { ResourceType } from '../resource.ts';

export const location: ResourceType = {
  type: 'Location',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-location'],
  directory: true,
  belongsTo: (place) => localRef(place['managingOrganization']),
};
