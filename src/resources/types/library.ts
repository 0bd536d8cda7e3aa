/**
 * Library: logic and knowledge shared by measures and plans. Published: about no patient, read by every organization
 * (ADR 0014).
 */
import type { ResourceType } from '../resource.ts';

export const library: ResourceType = {
  type: 'Library',
  directory: true,
};
