/** Every write of every referral Task by everyone: Tasks written in a transaction. */
import { proofOf } from '../../proof.ts';
import { describeWrites } from './every-move.ts';
import { PATHS } from './referrals.ts';

describeWrites(PATHS['in a transaction'], proofOf('transaction-moves'));
