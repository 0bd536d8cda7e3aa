/** A referral is treatment: each party may be told what the other keeps for it, without an authorization. */
import type { Policy, Purpose } from './policy.ts';

export const treatment: Policy = {
  name: 'treatment',
  // (c)(2): a covered entity may disclose protected health information for treatment activities of a health care provider.
  basis: '45 CFR 164.506(c)',
  vote: ({ parties, purpose }) => (parties && purpose === 'treatment' ? 'permit' : 'abstain'),
};

/**
 * The purpose of telling what a referral reaches. A referral is treatment: "the referral of a patient for health care from
 * one health care provider to another" (45 CFR 164.501). No claim of another purpose is read.
 */
export const REFERRAL_PURPOSE: Purpose = 'treatment';
