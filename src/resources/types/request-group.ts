/** RequestGroup: orders that belong together. Each reaches its own recipient by its own Task, so none is carried. */
import type { ResourceType } from '../resource.ts';

export const requestGroup: ResourceType = {
  type: 'RequestGroup',
  carries: ['subject', 'author', 'action*.participant', 'reasonReference'],
  follows: ['basedOn'],
};
