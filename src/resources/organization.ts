/** Organization: directory; the one unit that is a party, holds a token and keeps resources. */
import type { ResourceType } from './resource.ts';

export const organization: ResourceType = {
  type: 'Organization',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization'],
  directory: true,
  belongsTo: (_resource, self) => self,
};
