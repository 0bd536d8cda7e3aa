/** Bundle: a document or message kept whole; its entries travel inside it. */
import { findBundleFaults } from '../bundle-links.ts';
import type { ResourceType } from '../resource.ts';

export const bundle: ResourceType = {
  type: 'Bundle',
  faultsOf: findBundleFaults,
  profiles: [
    'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralFeedbackDocumentBundle',
    'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralMessageBundle',
    'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralRequestDocumentBundle',
    'http://hl7.org/fhir/us/bser/StructureDefinition/bser-bundle-batch-query-referral-supporting-info',
  ],
};
