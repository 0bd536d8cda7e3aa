/** A message that is known to hold no protected health information discloses none (baa-messaging BA10, MS20, MS22). */
import type { Policy } from './policy.ts';

export const noHealthInformation: Policy = {
  name: 'no-health-information',
  law: '45 CFR 160.103: no individually identifiable health information',
  vote: ({ what, patient, phi }) =>
    what.type === 'Communication' && patient === undefined && !phi ? 'permit' : 'abstain',
};
