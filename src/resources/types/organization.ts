/** Organization: directory; the one unit that is a party, holds a token and keeps resources. */
import { withoutSecretNumbers } from '../parties/secret.ts';
import { standingOf } from '../parties/standing.ts';
import type { ResourceType } from '../resource.ts';

export const organization: ResourceType = {
  type: 'Organization',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization'],
  directory: true,
  belongsTo: (_resource, self) => self,
  // What somebody else keeps about it is its keeper's own content.
  show: (resource, own) =>
    own || standingOf(resource) === 'private' ? resource : withoutSecretNumbers(resource),
};
