/** CoverageEligibilityResponse: what a payer covers. */
import type { ResourceType } from '../resource.ts';

export const coverageEligibilityResponse: ResourceType = {
  type: 'CoverageEligibilityResponse',
  carries: ['patient', 'request', 'insurance.coverage'],
};
