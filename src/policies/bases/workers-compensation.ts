/** Workers' compensation, as far as its law asks for it. */
import { claimedOn } from './claimed.ts';
import { lawCited } from './conditions.ts';

export const workersCompensation = claimedOn('workers-compensation', '45 CFR 164.512(l)', [lawCited]);
