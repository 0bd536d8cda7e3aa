/** Every write of every referral Task by everyone: Tasks written by id. */
import { describeWrites } from './every-move.ts';
import { PATHS } from './referrals.ts';

describeWrites(PATHS['by id']);
