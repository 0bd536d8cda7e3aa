/** Procedure: what was done for the patient. */
import type { ResourceType } from '../resource.ts';

export const procedure: ResourceType = {
  type: 'Procedure',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-procedure'],
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
