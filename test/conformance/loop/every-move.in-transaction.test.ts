/** Every write of every referral Task by everyone: Tasks written in a transaction. */
import { describeWrites } from './every-move.ts';
import { PATHS } from './referrals.ts';

describeWrites(PATHS['in a transaction']);
