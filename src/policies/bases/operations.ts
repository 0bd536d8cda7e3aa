/** Operations of the recipient: quality, case management, compliance, about a patient whom both serve or served. */
import { claimedOn } from './claimed.ts';
import { bothRelated } from './conditions.ts';

export const operations = claimedOn('operations', '45 CFR 164.506(c)(4)', [bothRelated]);
