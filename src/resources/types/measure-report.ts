/** MeasureReport: how a measure turned out. It carries whom it is about, never the population it was computed from. */
import type { ResourceType } from '../resource.ts';

export const measureReport: ResourceType = {
  type: 'MeasureReport',
  carries: ['subject'],
};
