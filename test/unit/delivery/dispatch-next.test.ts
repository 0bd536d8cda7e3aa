/** The next entry of a receiver: claimed with the receipt of the one before, and never before that was offered. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { createDispatcher, type Dispatcher } from '../../../src/delivery/dispatch.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { NOTICE_PLACES } from '../../../src/policies/part2/places.ts';
import type { Rail } from '../../../src/ports/rail.ts';
import type { ClaimedEntry, Store } from '../../../src/ports/store.ts';
import { buildEntry, buildWrite, openWorld, type World } from '../../contract/delivery-world.ts';
import { fakeTime, type FakeTime } from '../../fake-time.ts';

const A: Ref = 'Endpoint/a';

const open: { readonly world: World; readonly dispatcher: Dispatcher }[] = [];
afterEach(async () => {
  for (const { world, dispatcher } of open.splice(0)) {
    await dispatcher.stop();
    await world.close();
  }
});

interface Given {
  readonly around: (store: Store) => Store;
  readonly send?: (entry: ClaimedEntry, time: FakeTime) => void;
  readonly leaseMs?: number;
  readonly inFlightMax?: number;
  /** Entries of one lane each, to these; all of them to one where nobody is named. */
  readonly receivers?: readonly Ref[];
}

/** Nudged by nobody: it goes on by itself. */
async function deliverAll(
  tasks: readonly string[],
  { around, send, leaseMs = 60_000, inFlightMax = 4, receivers = [A] }: Given,
) {
  const time = fakeTime();
  const world = await openWorld({ clock: time });
  const rail: Rail = {
    name: 'test',
    carriesNotice: NOTICE_PLACES.capture,
    deliver: async (entry) => {
      send?.(entry, time);
      return { outcome: 'accepted' };
    },
    verify: async () => [],
    close: async () => undefined,
  };
  for (const task of tasks)
    await world.put(
      { resourceType: 'Task', id: task },
      receivers.map((receiver) => buildEntry('test', receiver, `Task/${task}`)),
    );
  const dispatcher = createDispatcher({
    store: around(world.store),
    rails: new Map([[rail.name, rail]]),
    gates: async () => ({ permitted: true, policy: 'treatment' }),
    withheldItem: async () => undefined,
    workItem: async (entry) => buildWrite(`Task/work-${entry.id}`, 0, '{"resourceType":"Task"}'),
    noticeOf: async () => undefined,
    noticeItem: async () => undefined,
    clock: time,
    timers: time,
    random: () => 0.5,
    settings: {
      leaseMs,
      attemptTimeoutMs: 3000,
      attemptsMax: 3,
      backoffMinMs: 10,
      backoffMaxMs: 40,
      inFlightMax,
      deliveriesPerOrganizationMax: 4,
      deliveriesPerHostMax: 4,
      drainMs: 1000,
    },
    log: () => undefined,
    onMetric: () => undefined,
  });
  open.push({ world, dispatcher });
  dispatcher.nudge();
  const isOpen = async () => (await world.store.outbox({ open: true, count: 100 })).length > 0;
  for (let turn = 0; turn < 5000 && (await isOpen()); turn += 1) await new Promise(setImmediate);
  return world.store.outbox({ open: false, count: 100 });
}

/** What the store was asked, in order. */
function recorded(said: string[]): (store: Store) => Store {
  return (store) => ({
    ...store,
    claim: async (...asked) => {
      const claimed = await store.claim(...asked);
      said.push(...claimed.map(({ subject }) => `claimed ${subject}`));
      return claimed;
    },
    commit: async (commit) => {
      said.push('offered');
      const done = await store.commit(commit);
      said.push('recorded');
      return done;
    },
  });
}

describe('the next entry of a receiver', () => {
  test('is claimed while the receipt of the one before is on its way to the disk', async () => {
    const said: string[] = [];
    const rows = await deliverAll(['t', 'u', 'v'], {
      around: recorded(said),
      send: ({ subject }) => void said.push(`sent ${subject}`),
    });
    expect(rows.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'accepted']);
    const order = (...names: readonly string[]) => said.filter((one) => names.includes(one));
    expect(order('sent Task/t', 'claimed Task/u', 'sent Task/u', 'claimed Task/v', 'sent Task/v')).toEqual([
      'sent Task/t',
      'claimed Task/u',
      'sent Task/u',
      'claimed Task/v',
      'sent Task/v',
    ]);
    expect(said.indexOf('offered')).toBeLessThan(said.indexOf('claimed Task/u'));
    expect(said.indexOf('sent Task/t')).toBeLessThan(said.indexOf('offered'));
  });

  test('of the same lane comes out when the one before is settled, without anybody’s nudge', async () => {
    const said: string[] = [];
    const rows = await deliverAll(['t', 't', 't'], {
      around: recorded(said),
      send: ({ seq }) => void said.push(`sent ${seq}`),
    });
    expect(rows.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'accepted']);
    const seqs = rows.map(({ seq }) => seq).toSorted((a, b) => a - b);
    expect(said.filter((one) => one.startsWith('sent'))).toEqual(seqs.map((seq) => `sent ${seq}`));
    expect(said.slice(0, 5)).toEqual([
      'claimed Task/t',
      `sent ${seqs[0]}`,
      'offered',
      'recorded',
      'claimed Task/t',
    ]);
  });

  test('waits for the receipt where the lease is about to end, so that nothing is claimed again', async () => {
    const said: string[] = [];
    const rows = await deliverAll(['t', 'u'], {
      around: recorded(said),
      leaseMs: 5000,
      send: (_entry, time) => time.pass(2600),
    });
    expect(rows.map(({ state, attempt }) => [state, attempt])).toEqual([
      ['accepted', 1],
      ['accepted', 1],
    ]);
    expect(said.slice(0, 4)).toEqual(['claimed Task/t', 'offered', 'recorded', 'claimed Task/u']);
  });

  test('is claimed although many receipts were written at once, and held it up', async () => {
    const held: (() => void)[] = [];
    const rows = await deliverAll(['t', 'u', 'v'], {
      inFlightMax: 1,
      around: (store) => ({
        ...store,
        commit: async (commit) => {
          if (commit.deliveryOutcomes.length === 0 || held.length >= 2) return store.commit(commit);
          const both = new Promise<void>((resolve) => held.push(resolve));
          if (held.length === 2) setImmediate(() => held.forEach((go) => go()));
          await both;
          return store.commit(commit);
        },
      }),
    });
    expect(rows.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'accepted']);
  });

  test('is not the one whose receipt is on its way when the clock has passed its lease', async () => {
    const sent: string[] = [];
    let claims = 0;
    const time: { pass?: (ms: number) => void } = {};
    await deliverAll(['t'], {
      around: (store) => ({
        ...store,
        claim: async (...asked) => {
          claims += 1;
          if (claims === 2) time.pass?.(3_600_000); // the machine was suspended
          return store.claim(...asked);
        },
      }),
      send: ({ subject }, clock) => {
        time.pass = (ms) => clock.pass(ms);
        sent.push(subject);
      },
    });
    expect(sent).toEqual(['Task/t']);
  });
});
