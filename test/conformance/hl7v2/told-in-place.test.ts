/** Whether a party has heard of a referral is asked for each move that it is told: the store looks it up, no thread searches. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Query } from '../../../src/ports/query.ts';
import type { EmbeddedStore } from '../../../src/stores/embedded/open.ts';
import { openWorld, type World } from '../../world.ts';
import { tidewater } from './exchange.ts';
import { openPair, type Pair } from './pair.ts';
import { contactsOf, OKAFOR, placeOrder } from './withheld.ts';

let pair: Pair;
/** A world whose store has no thread that searches. */
let threadless: World;
beforeAll(async () => {
  pair = await openPair();
  threadless = await openWorld({ store: { searchWorkers: 0, searchesQueuedMax: 0 } });
});
afterAll(async () => {
  await pair.close();
  await threadless.close();
});

/** The searches for withheld messages that a store is asked for while something is done. */
async function withheldSearches(
  store: EmbeddedStore,
  act: () => Promise<unknown>,
): Promise<readonly Query[]> {
  const asked: Query[] = [];
  const snapshot = store.snapshot.bind(store);
  store.snapshot = (...given) => {
    const found = snapshot(...given);
    const search: typeof found.search = (query) => {
      if (JSON.stringify(query.where).includes('message-incomplete')) asked.push(query);
      return found.search(query);
    };
    return { ...found, search };
  };
  await act();
  store.snapshot = snapshot;
  return asked;
}

test('(rules 1.15) a told move waits for no search', async () => {
  await contactsOf(pair, OKAFOR);
  await placeOrder(pair);
  await pair.settle();
  const [task] = await pair.tidewater.all('Task', 'code=fulfill');
  const accepts = [{ op: 'replace', path: '/status', value: 'accepted' }];
  const asked = await withheldSearches(pair.tidewater.store, async () => {
    const { status } = await pair.tidewater.ask(tidewater, 'PATCH', `Task/${task?.id}`, accepts);
    expect(status).toBe(200);
  });
  expect(asked).not.toEqual([]);
  for (const query of asked) {
    // A search that needs a thread is refused here.
    expect((await threadless.store.snapshot().search(query)).matches).toEqual([]);
  }
});
