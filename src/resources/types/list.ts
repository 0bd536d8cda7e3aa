/**
 * List: things as they were kept (problems, medication). It may name many patients: no directory, and it never follows a
 * referral that stands on it. What was left out of a package is its keeper's alone: it carries nothing.
 */
import { isPackageRecord } from '../package-record.ts';
import type { ResourceType } from '../resource.ts';

export const listType: ResourceType = {
  type: 'List',
  carries: ['subject', 'source', 'entry.item'],
  keptApart: ({ code }) => isPackageRecord(code, 'left-out'),
};
