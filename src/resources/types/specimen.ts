/** Specimen: a sample taken for a referral. */
import type { ResourceType } from '../resource.ts';

export const specimen: ResourceType = {
  type: 'Specimen',
  carries: ['subject', 'parent'],
  follows: ['request'],
};
