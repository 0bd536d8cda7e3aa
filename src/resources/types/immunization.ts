/** Immunization: a vaccination given. */
import type { ResourceType } from '../resource.ts';

export const immunization: ResourceType = {
  type: 'Immunization',
  carries: ['patient', 'reasonReference', 'reaction.detail'],
};
