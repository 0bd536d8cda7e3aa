/** Location: directory. */
import type { ResourceType } from './resource.ts';

export const location: ResourceType = {
  type: 'Location',
  directory: true,
};
