/** ServiceRequest: the order of a referral (SD/BSeR-ReferralServiceRequest). */
import { serviceRequestRules } from '../referral-rules/service-request.ts';
import type { ResourceType } from '../resource.ts';

export const serviceRequest: ResourceType = {
  type: 'ServiceRequest',
  profiles: [
    'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralServiceRequest',
    'http://hl7.org/fhir/us/bser/StructureDefinition/referral-servicerequest',
    'http://hl7.org/fhir/us/core/StructureDefinition/us-core-servicerequest',
  ],
  carries: [
    'subject',
    'requester',
    'performer',
    'encounter',
    'reasonReference',
    'insurance',
    'supportingInfo',
    'specimen',
    'relevantHistory',
    // resource-pertainsToGoal, and whatever else the order names by an extension
    'extension.valueReference',
  ],
  rules: serviceRequestRules,
};
