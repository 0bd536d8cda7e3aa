/** DeviceRequest: a device ordered within a referral. */
import type { ResourceType } from '../resource.ts';

export const deviceRequest: ResourceType = {
  type: 'DeviceRequest',
  carries: [
    'codeReference',
    'subject',
    'requester',
    'performer',
    'reasonReference',
    'insurance',
    'supportingInfo',
    'relevantHistory',
  ],
  follows: ['basedOn'],
};
