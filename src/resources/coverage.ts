/** Coverage: who pays (SD/BSeR-Coverage). */
import type { ResourceType } from './resource.ts';

export const coverage: ResourceType = {
  type: 'Coverage',
  carries: ['beneficiary', 'subscriber', 'policyHolder', 'payor', 'contract'],
};
