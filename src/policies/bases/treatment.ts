/** A referral is treatment: a health care provider may be told what another one keeps for it, without an authorization. */
import { isWithin, type Purpose } from '../purpose.ts';
import { claimedOn } from './claimed.ts';

// (c)(2): a covered entity may disclose protected health information for treatment activities of a health care provider.
export const treatment = claimedOn('treatment', '45 CFR 164.506(c)', [
  ({ purpose }) =>
    isWithin(purpose, 'TREAT') ? undefined : { part: 'code', says: 'the purpose of treatment' },
]);

/**
 * The purpose of telling what a referral reaches. A referral is treatment: "the referral of a patient for health care from
 * one health care provider to another" (45 CFR 164.501).
 */
export const REFERRAL_PURPOSE: Purpose = 'TREAT';
