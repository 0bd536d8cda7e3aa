/** A correctional institution that has custody of the patient, for care and safety. */
import { claimedOn } from './claimed.ts';
import { onFile } from './conditions.ts';

export const correctional = claimedOn('correctional', '45 CFR 164.512(k)(5)', [
  onFile('representation', 'what the institution represents'),
]);
