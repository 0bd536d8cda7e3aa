/** RiskAssessment: what may befall the patient, and on which grounds. */
import type { ResourceType } from '../resource.ts';

export const riskAssessment: ResourceType = {
  type: 'RiskAssessment',
  carries: ['subject', 'condition', 'performer', 'reasonReference', 'basis'],
  follows: ['basedOn'],
};
