/** PractitionerRole: directory; a party through its organization. */
import { localRef } from '../element.ts';
import type { ResourceType } from '../resource.ts';

export const practitionerRole: ResourceType = {
  type: 'PractitionerRole',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-practitionerrole'],
  directory: true,
  belongsTo: (role) => localRef(role['organization']),
};
