/** Who provides care, where and how to reach them is about no patient, and every organization may be told. */
import type { Policy } from './policy.ts';

const DIRECTORY: ReadonlySet<string> = new Set([
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Location',
  'HealthcareService',
  'Endpoint',
]);

export const directory: Policy = {
  name: 'directory',
  law: '45 CFR 160.103: no individually identifiable health information',
  vote: ({ what, patient }) => (DIRECTORY.has(what.type) && patient === undefined ? 'permit' : 'abstain'),
};
