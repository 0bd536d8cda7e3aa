/** Task: a referral's state as both parties see it (SD/BSeR-ReferralTask), or an organization's own work item. */
import { partiesFromOrder } from '../referral-rules/from-order.ts';
import { taskRules, taskParties } from '../referral-rules/task.ts';
import { isReferralTask } from '../../referral/state.ts';
import type { ResourceType } from '../resource.ts';

export const task: ResourceType = {
  type: 'Task',
  profiles: [
    'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralTask',
    'http://hl7.org/fhir/us/bser/StructureDefinition/referral-task',
  ],
  patientCompartment: ['patient'],
  carries: [
    'focus',
    'for',
    'requester',
    'owner',
    'encounter',
    'reasonReference',
    'insurance',
    'relevantHistory',
    'restriction.recipient',
    'input.valueReference',
    'input.valueAttachment.url',
    'output.valueReference',
    'output.valueAttachment.url',
  ],
  writtenByParties: isReferralTask,
  partiesOf: taskParties,
  completed: { elements: ['requester', 'owner'], from: partiesFromOrder },
  rules: taskRules,
};
