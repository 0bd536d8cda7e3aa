/** CoverageEligibilityRequest: the question whether a service is covered. */
import type { ResourceType } from '../resource.ts';

export const coverageEligibilityRequest: ResourceType = {
  type: 'CoverageEligibilityRequest',
  carries: [
    'patient',
    'insurance.coverage',
    'supportingInfo.information',
    'item.diagnosis.diagnosisReference',
  ],
};
