/** Schedule: whose time is given out in Slots. It may be a patient's, so it is no directory. */
import type { ResourceType } from '../resource.ts';

export const schedule: ResourceType = {
  type: 'Schedule',
  carries: ['actor'],
};
