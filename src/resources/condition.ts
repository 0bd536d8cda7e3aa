/** Condition: why the referral is made. */
import type { ResourceType } from './resource.ts';

export const condition: ResourceType = {
  type: 'Condition',
  carries: ['subject', 'recorder', 'asserter', 'stage.assessment', 'evidence.detail'],
};
