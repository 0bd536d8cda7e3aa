/** OrganizationAffiliation: directory; who works with whom. Written by the organization whose network it describes. */
import { localRef } from '../element.ts';
import type { ResourceType } from '../resource.ts';

export const organizationAffiliation: ResourceType = {
  type: 'OrganizationAffiliation',
  directory: true,
  belongsTo: (affiliation) =>
    localRef(affiliation['organization']) ?? localRef(affiliation['participatingOrganization']),
};
