/** The patient, or who acts for the patient, is told in person: not by a referral. */
import { claimedOn } from './claimed.ts';

export const individual = claimedOn('individual', '45 CFR 164.502(a)(1)(i), 164.524');
