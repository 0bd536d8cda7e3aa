/** Communication: questions and answers about a referral. */
import type { ResourceType } from '../resource.ts';

export const communication: ResourceType = {
  type: 'Communication',
  carries: [
    'subject',
    'sender',
    'recipient',
    'reasonReference',
    'payload.contentReference',
    'payload.contentAttachment.url',
  ],
  follows: ['basedOn', 'about'],
};
