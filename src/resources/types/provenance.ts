/** Provenance: which message became which resources. */
import type { ResourceType } from '../resource.ts';

export const provenance: ResourceType = {
  type: 'Provenance',
  carries: ['agent.who', 'agent.onBehalfOf', 'entity.what'],
  follows: ['target'],
};
