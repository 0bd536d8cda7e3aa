/** CareTeam: who cares for the patient; a party through the organization that manages it, and written by that one. */
import { localRef } from '../element.ts';
import type { ResourceType } from '../resource.ts';

export const careTeam: ResourceType = {
  type: 'CareTeam',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-careteam'],
  belongsTo: (team) =>
    localRef(Array.isArray(team['managingOrganization']) ? team['managingOrganization'][0] : undefined),
  carries: ['subject', 'participant.member', 'reasonReference'],
};
