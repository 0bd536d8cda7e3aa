/** Provenance: which message became which resources. */
import type { ResourceType } from './resource.ts';

export const provenance: ResourceType = {
  type: 'Provenance',
  carries: ['entity.what'],
  follows: ['target'],
};
