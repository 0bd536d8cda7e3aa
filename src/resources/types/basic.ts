/** Basic: what has no type of its own. */
import type { ResourceType } from '../resource.ts';

export const basic: ResourceType = {
  type: 'Basic',
  carries: ['subject', 'author'],
};
