/** ValueSet: a set of codes for a purpose. Published: about no patient, read by every organization (ADR 0014). */
import type { ResourceType } from '../resource.ts';

export const valueSet: ResourceType = {
  type: 'ValueSet',
  directory: true,
};
