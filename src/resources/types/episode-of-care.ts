/**
 * EpisodeOfCare: the time in which an organization cares for the patient, begun by a referral. Its diagnoses are not
 * carried, as an Encounter's are not.
 */
import type { ResourceType } from '../resource.ts';

export const episodeOfCare: ResourceType = {
  type: 'EpisodeOfCare',
  carries: ['patient', 'team'],
  follows: ['referralRequest'],
};
