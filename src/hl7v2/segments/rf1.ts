/**
 * RF1, referral information (HL7 v2.5.1, 11.6.1):
 *
 *     1 referral status CE 0283 · 2 referral priority CE 0280 · 3 referral type CE 0281 · 4 referral disposition CE* 0282 ·
 *     5 referral category CE 0284 · 6 originating referral identifier EI · 7 effective date TS · 8 expiration date TS ·
 *     9 process date TS · 10 referral reason CE* 0336 · 11 external referral identifier EI*
 */
import { segment } from '../layout.ts';
import { CWE, DTM, EI } from '../datatypes.ts';

const LAYOUT = {
  referralStatus: [1, CWE],
  referralPriority: [2, CWE],
  referralType: [3, CWE],
  referralDisposition: [4, CWE, '*'],
  referralCategory: [5, CWE],
  originatingReferralIdentifier: [6, EI],
  effectiveDate: [7, DTM],
  expirationDate: [8, DTM],
  processDate: [9, DTM],
  referralReason: [10, CWE, '*'],
  externalReferralIdentifier: [11, EI, '*'],
} as const;

export const { read: readRf1, build: buildRf1 } = segment('RF1', LAYOUT);
