/** Emergency treatment, for which somebody broke the glass. */
import { claimedOn } from './claimed.ts';
import { glassBroken } from './conditions.ts';

export const emergency = claimedOn('emergency', '45 CFR 164.506(c), 164.522(a)(1)(iii), 164.312(a)(2)(ii)', [
  glassBroken,
]);
