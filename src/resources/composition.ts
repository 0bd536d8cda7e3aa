/** Composition: the table of contents of a referral request or feedback document. */
import type { ResourceType } from './resource.ts';

export const composition: ResourceType = {
  type: 'Composition',
  carries: [
    'subject',
    'author',
    'attester.party',
    'event.detail',
    'section*.author',
    'section*.focus',
    'section*.entry',
  ],
};
