/**
 * Questionnaire: a form to be filled; the answers are a QuestionnaireResponse. Published: about no patient, read by
 * every organization (ADR 0014).
 */
import type { ResourceType } from '../resource.ts';

export const questionnaire: ResourceType = {
  type: 'Questionnaire',
  directory: true,
};
