/**
 * PlanDefinition: a protocol as guidelines describe it. Published: about no patient, read by every organization (ADR
 * 0014).
 */
import type { ResourceType } from '../resource.ts';

export const planDefinition: ResourceType = {
  type: 'PlanDefinition',
  directory: true,
};
