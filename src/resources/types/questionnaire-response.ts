/** QuestionnaireResponse: answers to a Questionnaire, asked for by a referral or sent with it. */
import type { ResourceType } from '../resource.ts';

export const questionnaireResponse: ResourceType = {
  type: 'QuestionnaireResponse',
  carries: [
    'subject',
    'author',
    'source',
    'item*.answer.valueReference',
    'item*.answer.valueAttachment.url',
    'item*.answer.item*.answer.valueReference',
    'item*.answer.item*.answer.valueAttachment.url',
  ],
  follows: ['basedOn'],
};
