/** Media: a picture, a film or a recording made for a referral. */
import type { ResourceType } from '../resource.ts';

export const media: ResourceType = {
  type: 'Media',
  carries: ['subject', 'operator', 'device', 'content.url'],
  follows: ['basedOn'],
};
