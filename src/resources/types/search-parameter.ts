/**
 * SearchParameter: a parameter as some system searches by it. Storing one adds none here. Published: about no patient,
 * read by every organization (ADR 0014).
 */
import type { ResourceType } from '../resource.ts';

export const searchParameter: ResourceType = {
  type: 'SearchParameter',
  directory: true,
};
