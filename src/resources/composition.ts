/** Composition: the table of contents of a referral request or feedback document. */
import type { ResourceType } from './resource.ts';

export const composition: ResourceType = {
  type: 'Composition',
  carries: ['subject', 'section.entry', 'section.focus', 'section.section.entry', 'section.section.focus'],
};
