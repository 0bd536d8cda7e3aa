/**
 * ConceptMap: which code of one system is which of another. Published: about no patient, read by every organization
 * (ADR 0014).
 */
import type { ResourceType } from '../resource.ts';

export const conceptMap: ResourceType = {
  type: 'ConceptMap',
  directory: true,
};
