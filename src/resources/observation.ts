/** Observation: supporting information and feedback. */
import type { ResourceType } from './resource.ts';

export const observation: ResourceType = {
  type: 'Observation',
  carries: ['subject', 'focus', 'performer', 'specimen', 'device', 'hasMember', 'derivedFrom'],
  follows: ['basedOn'],
};
