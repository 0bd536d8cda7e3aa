/** Measure: how quality is measured. Published: about no patient, read by every organization (ADR 0014). */
import type { ResourceType } from '../resource.ts';

export const measure: ResourceType = {
  type: 'Measure',
  directory: true,
};
