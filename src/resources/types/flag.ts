/** Flag: a warning about the patient. */
import type { ResourceType } from '../resource.ts';

export const flag: ResourceType = {
  type: 'Flag',
  carries: ['subject', 'author'],
};
