/** Contract: an agreement between organizations (a BAA); written by the organization whose authority it is under. */
import { localRef } from '../element.ts';
import type { ResourceType } from '../resource.ts';

export const contract: ResourceType = {
  type: 'Contract',
  belongsTo: (agreement) => {
    const [authority] = Array.isArray(agreement['authority']) ? agreement['authority'] : [];
    return localRef(authority);
  },
};
