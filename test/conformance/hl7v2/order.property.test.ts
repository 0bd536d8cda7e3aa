/**
 * Whatever order a legal history arrives in, and however often: "permuting and repeating a legal history ends in the same
 * state per sender with distinct times" (rules 7.5).
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { proofOf } from '../../proof.ts';
import { openExchange, stateOf, type Exchange } from './exchange.ts';
import { arrivalOf, histories, walk } from './histories.ts';

let exchange: Exchange;
let made = 0;
beforeAll(async () => {
  exchange = await openExchange();
});
afterAll(() => exchange.close());

const { runs: RUNS, seed, within } = proofOf('order');

test(
  'permuted and repeated histories end as the history ends',
  async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ choices, arrival, twice }) => {
        const referral = `P-${(made += 1)}`;
        const { messages, ends } = walk(choices, referral);
        const ranks = arrival.take(messages.length + twice.length);
        for (const message of arrivalOf(messages, twice, ranks)) {
          const { fate } = await exchange.say(message);
          expect(fate).not.toBe('quarantine');
        }
        const task = await exchange.referral(referral);
        expect(stateOf(task).split(' ')[1]).toBe(ends);
        expect(exchange.logged).toEqual([]);
      }),
      { numRuns: RUNS, seed, endOnFailure: true },
    );
  },
  within(1000),
);
