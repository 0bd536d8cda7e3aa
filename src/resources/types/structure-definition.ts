/**
 * StructureDefinition: a profile or an extension. Published: about no patient, read by every organization (ADR 0014).
 */
import type { ResourceType } from '../resource.ts';

export const structureDefinition: ResourceType = {
  type: 'StructureDefinition',
  directory: true,
};
