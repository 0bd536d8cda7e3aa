/**
 * ActivityDefinition: an action as guidelines describe it. Published: about no patient, read by every organization
 * (ADR 0014).
 */
import type { ResourceType } from '../resource.ts';

export const activityDefinition: ResourceType = {
  type: 'ActivityDefinition',
  directory: true,
};
