/** Composition: the table of contents of a referral request or feedback document. */
import type { ResourceType } from '../resource.ts';

export const composition: ResourceType = {
  type: 'Composition',
  profiles: [
    'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralFeedbackComposition',
    'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralRequestComposition',
  ],
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
