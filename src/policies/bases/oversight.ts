/** Oversight of the health system: audits, inspections, licensure. */
import { claimedOn } from './claimed.ts';
import { authorityIs } from './conditions.ts';

export const oversight = claimedOn('oversight', '45 CFR 164.512(d)', [authorityIs('oversight-agency')]);
