/**
 * Within one legal entity nothing is disclosed: it uses what is its own for treatment, payment and operations. What the law
 * guards even there, and what the patient restricted for uses as well, is asked further.
 */
import { patientConsent } from '../patient-consent.ts';
import type { Disclosure, Policy } from '../policy.ts';
import { isWithin, type Purpose } from '../purpose.ts';
import { claimedOn } from './claimed.ts';

// (c)(1): a covered entity may use protected health information for its own treatment, payment, or operations.
const LAW = '45 CFR 164.502(a)(1)(ii), 164.506(c)(1)';

/** A claim that two organizations are one; where they are, it stands for what is guarded and permitted all the same. */
export const claimedAsOwn = claimedOn('own', LAW);

export const own: Policy = {
  name: 'own',
  law: LAW,
  basis: 'own',
  vote: (disclosure) =>
    disclosure.sameEntity &&
    USES.some((use) => isWithin(disclosure.purpose, use)) &&
    !isGuarded(disclosure) &&
    patientConsent.vote(disclosure) !== 'deny'
      ? 'permit'
      : 'abstain',
};

const USES: readonly Purpose[] = ['TREAT', 'HPAYMT', 'HOPERAT'];

/** 45 CFR 164.508(a)(2) speaks of uses, too; so does 42 CFR 2.12(c)(3), of those who have a need to know. */
const isGuarded = ({ facts }: Disclosure): boolean => facts.part2 || facts.psychotherapy || facts.counseling;
