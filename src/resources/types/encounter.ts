/**
 * Encounter: a visit, in which the order was made or that took place for it. Its diagnoses are all that were made there,
 * and not carried; those that matter are named by the order or the feedback.
 */
import type { ResourceType } from '../resource.ts';

export const encounter: ResourceType = {
  type: 'Encounter',
  carries: ['subject', 'participant.individual', 'reasonReference'],
  follows: ['basedOn', 'appointment'],
};
