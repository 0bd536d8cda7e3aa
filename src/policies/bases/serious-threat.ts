/** A serious and imminent threat: somebody is told who can prevent or lessen it. */
import { claimedOn } from './claimed.ts';
import { clinicianAsserts, justified } from './conditions.ts';

export const seriousThreat = claimedOn('serious-threat', '45 CFR 164.512(j)(1)(i)', [
  justified,
  clinicianAsserts,
]);
