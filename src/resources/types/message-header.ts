/**
 * MessageHeader: the head of a message (BSeR: referral request and feedback messages); what it is about is its focus.
 */
import type { ResourceType } from '../resource.ts';

export const messageHeader: ResourceType = {
  type: 'MessageHeader',
  profiles: ['http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralMessageHeader'],
  carries: ['focus'],
};
