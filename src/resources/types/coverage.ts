/** Coverage: who pays (SD/BSeR-Coverage). */
import type { ResourceType } from '../resource.ts';

export const coverage: ResourceType = {
  type: 'Coverage',
  profiles: ['http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-Coverage'],
  carries: ['beneficiary', 'subscriber', 'policyHolder', 'payor', 'contract'],
};
