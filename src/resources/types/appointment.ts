/** Appointment: a visit booked for a referral; the recipient's change of it moves the Task (rules 1.3). */
import { appointmentRules } from '../referral-rules/appointment.ts';
import type { ResourceType } from '../resource.ts';

export const appointment: ResourceType = {
  type: 'Appointment',
  carries: ['participant.actor', 'slot', 'supportingInformation', 'reasonReference'],
  follows: ['basedOn'],
  rules: appointmentRules,
};
