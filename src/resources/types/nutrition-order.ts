/** NutritionOrder: a diet ordered. */
import type { ResourceType } from '../resource.ts';

export const nutritionOrder: ResourceType = {
  type: 'NutritionOrder',
  carries: ['patient', 'allergyIntolerance'],
};
