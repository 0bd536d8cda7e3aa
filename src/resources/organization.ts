/** Organization: directory; the one unit that is a party, holds a token and keeps resources. */
import type { ResourceType } from './resource.ts';

export const organization: ResourceType = {
  type: 'Organization',
  directory: true,
  belongsTo: (_resource, self) => self,
};
