/** DiagnosticReport: results that answer a referral, with the values and pictures they are made of. */
import type { ResourceType } from '../resource.ts';

export const diagnosticReport: ResourceType = {
  type: 'DiagnosticReport',
  carries: [
    'subject',
    'performer',
    'resultsInterpreter',
    'specimen',
    'result',
    'imagingStudy',
    'media.link',
    'presentedForm.url',
  ],
  follows: ['basedOn'],
};
