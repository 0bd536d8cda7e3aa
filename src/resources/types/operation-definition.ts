/**
 * OperationDefinition: an operation as some system offers it. Storing one adds none here. Published: about no patient,
 * read by every organization (ADR 0014).
 */
import type { ResourceType } from '../resource.ts';

export const operationDefinition: ResourceType = {
  type: 'OperationDefinition',
  directory: true,
};
