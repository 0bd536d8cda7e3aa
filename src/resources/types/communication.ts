/** Communication: threads and their messages, and questions and answers about a referral; and what is to be told later. */
import { messageShape } from '../../messaging/shape.ts';
import { isMessageApart, messageParties, messagePaths } from '../messages/reach.ts';
import type { ResourceType } from '../resource.ts';

export const communication: ResourceType = {
  type: 'Communication',
  carries: [
    'subject',
    'sender',
    'reasonReference',
    'payload.contentReference',
    'payload.contentAttachment.url',
  ],
  follows: ['basedOn', 'about'],
  ownPaths: messagePaths,
  keptApart: isMessageApart,
  partiesOf: messageParties,
  writtenByParties: (resource) => messageShape(resource) !== 'plain',
};

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
  ownPaths: messagePaths,
  keptApart: isMessageApart,
};
