/** A disclosure of a referral between two providers, for the tests of policies: what differs is given. */
import type { Disclosure } from '../../../src/policies/index.ts';

export const DISCLOSURE: Disclosure = {
  what: { type: 'ServiceRequest', ref: 'ServiceRequest/1' },
  from: 'Organization/a',
  to: 'Organization/b',
  discloserKinds: new Set(['provider']),
  recipientKinds: new Set(['provider']),
  sameEntity: false,
  claimed: undefined,
  patient: 'Patient/1',
  consents: [],
  agreements: [],
  parties: true,
  purpose: 'TREAT',
  now: 0,
};
