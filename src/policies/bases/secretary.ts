/** The Secretary of Health and Human Services asks whether this law is kept; an administrator answers. */
import { claimedOn } from './claimed.ts';
import { byTheAdministrator } from './conditions.ts';

export const secretary = claimedOn('secretary', '45 CFR 164.502(a)(2)(ii)', [byTheAdministrator]);
