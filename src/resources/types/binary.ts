/** Binary: content as it was received; reached through its DocumentReference. */
import type { ResourceType } from '../resource.ts';

export const binary: ResourceType = {
  type: 'Binary',
};
