/**
 * List: a list as it was kept (problems, medication). It may name many patients: no directory, and it never follows a
 * referral that stands on it.
 */
import type { ResourceType } from '../resource.ts';

export const list: ResourceType = {
  type: 'List',
  carries: ['subject', 'source', 'entry.item'],
};
