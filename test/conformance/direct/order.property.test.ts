/**
 * Whatever order the mails of a referral arrive in, and however often: they end in the state in which their history ends, by
 * the times at which their senders wrote them (direct-xdm 6, 8; 360x 8; rules 7.5).
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { proofOf } from '../../proof.ts';
import { stateOf } from '../hl7v2/exchange.ts';
import { arrivalOf, histories, walk } from '../hl7v2/histories.ts';
import { mailOf, openMailed, TO_LARKSPUR, TO_TIDEWATER, type Mailed } from './mailed.ts';

let mailed: Mailed;
let made = 0;
beforeAll(async () => {
  mailed = await openMailed();
});
afterAll(() => mailed.close());

const { runs, seed, within } = proofOf('direct-order');

test(
  'permuted and repeated mails end as their history ends',
  async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ choices, arrival, twice }) => {
        const referral = `P-${(made += 1)}`;
        const { messages, ends } = walk(choices, referral);
        const ranks = arrival.take(messages.length + twice.length);
        const told = new Set<string>();
        for (const message of arrivalOf(messages, twice, ranks)) {
          const isInitiators = message.includes('^2.999.10.1^ISO||^2.999.20.1');
          const mail = await mailOf(message, isInitiators ? TO_TIDEWATER : TO_LARKSPUR);
          const { fate, owed } = await mailed.post(mail);
          expect(fate === 'repeated').toBe(told.has(message));
          expect(fate).not.toBe('quarantine');
          expect(owed).toEqual(['processed', 'dispatched']);
          told.add(message);
        }
        expect(stateOf(await mailed.referral(referral)).split(' ')[1]).toBe(ends);
        expect(mailed.logged).toEqual([]);
      }),
      { numRuns: runs, seed, endOnFailure: true },
    );
  },
  within(1000),
);
