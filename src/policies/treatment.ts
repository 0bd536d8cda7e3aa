/** A referral is treatment: each party may be told what the other keeps for it, without an authorization. */
import type { Policy } from './policy.ts';
import { isWithin, type Purpose } from './purpose.ts';

export const treatment: Policy = {
  name: 'treatment',
  // (c)(2): a covered entity may disclose protected health information for treatment activities of a health care provider.
  basis: '45 CFR 164.506(c)',
  ground: 'treatment',
  vote: ({ parties, purpose, claimed = 'treatment' }) =>
    parties && claimed === 'treatment' && isWithin(purpose, 'TREAT') ? 'permit' : 'abstain',
};

/**
 * The purpose of telling what a referral reaches. A referral is treatment: "the referral of a patient for health care from
 * one health care provider to another" (45 CFR 164.501).
 */
export const REFERRAL_PURPOSE: Purpose = 'TREAT';
