/**
 * Goal: what the referral is meant to achieve (resource-pertainsToGoal of BSeR's ServiceRequest). What it `addresses`
 * may be the order of another referral, and is not carried.
 */
import type { ResourceType } from '../resource.ts';

export const goal: ResourceType = {
  type: 'Goal',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-goal'],
  carries: ['subject', 'expressedBy', 'outcomeReference'],
};
