/** Practitioner: directory. */
import type { ResourceType } from './resource.ts';

export const practitioner: ResourceType = {
  type: 'Practitioner',
  directory: true,
};
