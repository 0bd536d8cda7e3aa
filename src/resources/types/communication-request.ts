/** CommunicationRequest: something to be told about a referral, such as a reminder. */
import type { ResourceType } from '../resource.ts';

export const communicationRequest: ResourceType = {
  type: 'CommunicationRequest',
  carries: [
    'subject',
    'requester',
    'sender',
    'recipient',
    'reasonReference',
    'payload.contentReference',
    'payload.contentAttachment.url',
  ],
  follows: ['basedOn', 'about'],
};
