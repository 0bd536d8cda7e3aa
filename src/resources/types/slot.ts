/** Slot: a time that can be booked, reached by the Appointment that did. */
import type { ResourceType } from '../resource.ts';

export const slot: ResourceType = {
  type: 'Slot',
  carries: ['schedule'],
};
