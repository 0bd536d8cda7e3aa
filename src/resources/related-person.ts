/** RelatedPerson: subscriber of a coverage, performer of a consent. */
import type { ResourceType } from './resource.ts';

export const relatedPerson: ResourceType = {
  type: 'RelatedPerson',
};
