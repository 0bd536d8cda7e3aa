/** Payment: the discloser's own, and that of the plan or the provider that is told. */
import { claimedOn } from './claimed.ts';

export const payment = claimedOn('payment', '45 CFR 164.506(c)(1), (c)(3)');
