/** ImagingStudy: pictures taken for a referral; where they are stood. */
import type { ResourceType } from '../resource.ts';

export const imagingStudy: ResourceType = {
  type: 'ImagingStudy',
  carries: ['subject', 'reasonReference', 'procedureReference', 'series.specimen', 'series.performer.actor'],
  follows: ['basedOn'],
};
