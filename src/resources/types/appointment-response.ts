/** AppointmentResponse: whether a participant comes. It moves no referral: the Appointment does (rules 1.3). */
import type { ResourceType } from '../resource.ts';

export const appointmentResponse: ResourceType = {
  type: 'AppointmentResponse',
  carries: ['actor'],
  follows: ['appointment'],
};
