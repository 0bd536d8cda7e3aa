/** Communication: questions and answers about a referral. */
import type { ResourceType } from './resource.ts';

export const communication: ResourceType = {
  type: 'Communication',
  carries: ['subject', 'payload.contentReference'],
  follows: ['basedOn', 'about'],
};
