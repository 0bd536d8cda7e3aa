/**
 * A party that acts for the discloser is told under an agreement that is in force. This server does not know the state of
 * agreements yet, so that none is in force.
 */
import type { Basis } from '../basis.ts';
import { missingNeed } from '../need.ts';
import type { Disclosure, Policy } from '../policy.ts';

// (e)(1): satisfactory assurance, documented through a written contract.
const LAW = '45 CFR 164.502(e)(1), 164.504(e)';

/** Asked before any basis: a business associate that is told as such needs the agreement whatever is claimed. */
export const businessAssociate: Policy = {
  name: 'business-associate',
  law: LAW,
  stops: 'who acts for the discloser, as long as no agreement is in force',
  basis: 'business-associate',
  vote: (disclosure) => (needsAgreement(disclosure) ? 'deny' : 'abstain'),
  refuses: ({ from, to, patient, purpose }) => ({
    code: 'consent-needed',
    by: 'agreement',
    needs: [missingNeed('agreement', { from, to, patient, purposes: [purpose] })],
  }),
};

/** A business associate that is nothing else is told as one; one that is more, where the referral says so. */
const needsAgreement = ({ recipientKinds, patient, claimed }: Disclosure): boolean =>
  patient !== undefined &&
  (claimed === 'business-associate' ||
    (recipientKinds.has('business-associate') &&
      recipientKinds.size === 1 &&
      (claimed === undefined || FOR_THE_DISCLOSER.has(claimed))));

const FOR_THE_DISCLOSER: ReadonlySet<Basis> = new Set([
  'treatment',
  'treatment-own',
  'payment',
  'operations',
]);
