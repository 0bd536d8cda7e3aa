/** Every write of every referral Task by everyone: Tasks written selected by a condition. */
import { describeWrites } from './every-move.ts';
import { PATHS } from './referrals.ts';

describeWrites(PATHS['selected by a condition']);
