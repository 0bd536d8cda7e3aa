/** Procedure: what was done for the patient. */
import type { ResourceType } from './resource.ts';

export const procedure: ResourceType = {
  type: 'Procedure',
  carries: [
    'subject',
    'recorder',
    'asserter',
    'performer.actor',
    'reasonReference',
    'report',
    'complicationDetail',
    'focalDevice.manipulated',
    'usedReference',
  ],
  follows: ['basedOn'],
};
