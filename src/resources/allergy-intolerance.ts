/** AllergyIntolerance: what the patient must not be given; supporting information of a referral. */
import type { ResourceType } from './resource.ts';

export const allergyIntolerance: ResourceType = {
  type: 'AllergyIntolerance',
  carries: ['patient', 'recorder', 'asserter'],
};
