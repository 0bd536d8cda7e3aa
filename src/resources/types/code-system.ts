/** CodeSystem: codes and what they mean. Published: about no patient, read by every organization (ADR 0014). */
import type { ResourceType } from '../resource.ts';

export const codeSystem: ResourceType = {
  type: 'CodeSystem',
  directory: true,
};
