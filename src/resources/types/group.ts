/**
 * Group: people or things taken together. It may name patients, so it is no directory and carries no member: whoever
 * is referred is named by a Task.
 */
import type { ResourceType } from '../resource.ts';

export const group: ResourceType = {
  type: 'Group',
  carries: ['managingEntity'],
};
