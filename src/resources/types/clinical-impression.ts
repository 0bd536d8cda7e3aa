/** ClinicalImpression: an assessment, with what was found and on which grounds. */
import type { ResourceType } from '../resource.ts';

export const clinicalImpression: ResourceType = {
  type: 'ClinicalImpression',
  carries: [
    'subject',
    'problem',
    'investigation.item',
    'finding.itemReference',
    'prognosisReference',
    'supportingInfo',
  ],
};
