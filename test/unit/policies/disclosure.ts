/** A disclosure of a referral between two providers, for the tests of policies: what differs is given. */
import { NO_EVIDENCE } from '../../../src/policies/claim.ts';
import type { Disclosure } from '../../../src/policies/index.ts';

export const DISCLOSURE: Disclosure = {
  what: { type: 'ServiceRequest', ref: 'ServiceRequest/1' },
  from: 'Organization/a',
  to: 'Organization/b',
  discloserKinds: new Set(['provider']),
  recipientKinds: new Set(['provider']),
  sameEntity: false,
  facts: { labels: new Set(), part2: false, psychotherapy: false, counseling: false, selfPay: false },
  sources: new Set(),
  permits: [],
  claimed: undefined,
  evidence: NO_EVIDENCE,
  healthRelated: false,
  communityNeedsAuthorization: false,
  patient: 'Patient/1',
  consents: [],
  phi: true,
  agreement: undefined,
  sameArrangement: false,
  parties: true,
  shared: true,
  purpose: 'TREAT',
  now: 0,
};
