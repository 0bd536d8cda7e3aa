/** A law demands it: it is told to whom the law names, and no more than it demands. */
import { claimedOn } from './claimed.ts';
import { lawCited } from './conditions.ts';

export const requiredByLaw = claimedOn('required-by-law', '45 CFR 164.512(a)', [lawCited]);
