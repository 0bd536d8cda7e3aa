/** Every write of every referral Task by everyone: Tasks written selected by a condition. */
import { proofOf } from '../../proof.ts';
import { describeWrites } from './every-move.ts';
import { PATHS } from './referrals.ts';

describeWrites(PATHS['selected by a condition'], proofOf('conditional-moves'));
