/**
 * Provenance: which message became which resources, and of what a package was made. The latter names what was left out of
 * the package, and is its keeper's alone.
 */
import { isPackageRecord } from '../package-record.ts';
import type { ResourceType } from '../resource.ts';

export const provenance: ResourceType = {
  type: 'Provenance',
  carries: ['agent.who', 'agent.onBehalfOf', 'entity.what'],
  follows: ['target'],
  keptApart: ({ activity }) => isPackageRecord(activity, 'package'),
};
