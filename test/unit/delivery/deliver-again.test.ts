/** An entry that has ended is delivered once more when nothing was heard of it, and only as of what may be told now (direct-xdm 6). */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createDeliverAgain } from '../../../src/delivery/deliver-again.ts';
import type { GateDecision } from '../../../src/delivery/gates.ts';
import { createPayloads } from '../../../src/delivery/payloads.ts';
import type { Rail } from '../../../src/ports/rail.ts';
import type { ClaimedEntry } from '../../../src/ports/store.ts';
import { buildEntry, openWorld, type World } from '../../contract/delivery-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const PERMITTED: GateDecision = { permitted: true, policy: 'treatment' };

async function again(decision: GateDecision, named = 'direct-project') {
  const { store } = world;
  const delivered: ClaimedEntry[] = [];
  const rail: Rail = {
    name: named,
    carriesNotice: false,
    deliver: async (entry) => {
      delivered.push(entry);
      return { outcome: 'accepted' };
    },
    verify: async () => [],
    close: async () => undefined,
  };
  await world.put({ resourceType: 'Task', id: 'referral' }, [
    buildEntry('direct-project', 'Endpoint/peer', 'Task/referral'),
  ]);
  const [row] = await store.outbox({ count: 1 });
  const deliverAgain = createDeliverAgain({
    store,
    rails: new Map([[rail.name, rail]]),
    gates: async () => decision,
    payloads: createPayloads(store, { now: () => 0 }),
    noticeOf: async () => 'none',
  });
  const receipt = await deliverAgain(row?.id ?? '', 7, AbortSignal.timeout(1000));
  const unknown = await deliverAgain('999-0', 1, AbortSignal.timeout(1000));
  return { receipt, unknown, delivered };
}

test('(direct-xdm 6) under the number of the attempt, as of its commit', async () => {
  const { receipt, unknown, delivered } = await again(PERMITTED);
  expect(receipt).toEqual({ outcome: 'accepted' });
  expect(unknown).toBeUndefined();
  expect(delivered).toEqual([expect.objectContaining({ subject: 'Task/referral', attempt: 7 })]);
});

test('(rules 6.1) not when a policy says no by now, nor without its rail', async () => {
  const denied = await again({ permitted: false, policy: 'consent' });
  expect([denied.receipt, denied.delivered]).toEqual([undefined, []]);
  const other = await again(PERMITTED, 'rest-hook');
  expect([other.receipt, other.delivered]).toEqual([undefined, []]);
});
