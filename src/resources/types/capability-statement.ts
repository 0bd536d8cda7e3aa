/**
 * CapabilityStatement: what some system offers, or shall. This server's own is at /metadata. Published: about no
 * patient, read by every organization (ADR 0014).
 */
import type { ResourceType } from '../resource.ts';

export const capabilityStatement: ResourceType = {
  type: 'CapabilityStatement',
  directory: true,
};
