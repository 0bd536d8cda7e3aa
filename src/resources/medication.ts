/** Medication: a drug and what is in it. */
import type { ResourceType } from './resource.ts';

export const medication: ResourceType = {
  type: 'Medication',
  carries: ['ingredient.itemReference'],
};
