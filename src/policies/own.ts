/** Within one legal entity nothing is disclosed: it uses what is its own for treatment, payment and operations. */
import type { Policy } from './policy.ts';
import { isWithin, type Purpose } from './purpose.ts';

export const own: Policy = {
  name: 'own',
  // (c)(1): a covered entity may use protected health information for its own treatment, payment, or operations.
  basis: '45 CFR 164.502(a)(1)(ii), 164.506(c)(1)',
  ground: 'own',
  vote: ({ sameEntity, purpose }) =>
    sameEntity && USES.some((use) => isWithin(purpose, use)) ? 'permit' : 'abstain',
};

const USES: readonly Purpose[] = ['TREAT', 'HPAYMT', 'HOPERAT'];
