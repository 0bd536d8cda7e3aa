/**
 * CarePlan: what is planned for the patient. Orders among its activities are each a referral of its own, and not
 * carried.
 */
import type { ResourceType } from '../resource.ts';

export const carePlan: ResourceType = {
  type: 'CarePlan',
  carries: [
    'subject',
    'author',
    'contributor',
    'careTeam',
    'addresses',
    'supportingInfo',
    'goal',
    'activity.outcomeReference',
    'activity.detail.reasonReference',
    'activity.detail.goal',
    'activity.detail.performer',
    'activity.detail.productReference',
  ],
};
