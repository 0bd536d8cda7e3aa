/** Who is told of a commit: Subscriptions by their criteria, the other party of a move by its Endpoints. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type SelectRecipients,
  type RecipientParts,
  type ChangedResource,
  createRecipientSelection,
} from '../../../src/delivery/recipients.ts';
import { createSubscriptionCache, type SubscriptionCache } from '../../../src/delivery/subscriptions.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { Move } from '../../../src/resources/rules.ts';
import { openWorld, SUBSCRIBER, type Stored, type World } from '../../contract/delivery-world.ts';

const AT = Date.parse('2026-03-01T12:00:00Z');
const BASE = 'https://closeloop.example/fhir';

let world: World;
let cache: SubscriptionCache;
let unreadable: Ref[];
let reads: number;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

beforeEach(async () => {
  const all = await world.store.snapshot().search({
    type: 'Subscription',
    where: { kind: 'all', of: [] },
    sort: [],
    sight: { everything: true },
    count: 100,
    offset: 0,
    total: false,
  });
  for (const { ref } of all.matches) await world.remove(ref);
  cache = createCache(world.store);
});

function createCache(store: Pick<Store, 'snapshot'>): SubscriptionCache {
  unreadable = [];
  reads = 0;
  const counted: Pick<Store, 'snapshot'> = {
    snapshot: (seq) => {
      reads += 1;
      return store.snapshot(seq);
    },
  };
  return createSubscriptionCache({
    store: counted,
    criteria: () => ({ base: BASE, now: AT }),
    unreadable: (ref) => unreadable.push(ref),
  });
}

const buildSubscription = (id: string, criteria: string, change: object = {}): Stored => ({
  resourceType: 'Subscription',
  id,
  status: 'active',
  criteria,
  channel: { type: 'rest-hook', endpoint: 'https://hooks.example.org/' },
  ...change,
});

async function subscribe(id: string, criteria: string, change: object = {}): Promise<void> {
  await world.put(buildSubscription(id, criteria, change));
  cache.touched([`Subscription/${id}`]);
}

const createTestSelection = (change: Partial<RecipientParts> = {}): SelectRecipients =>
  createRecipientSelection({
    subscriptions: cache,
    endpointsOf: async () => [],
    direct: { cameBy: async () => undefined, isMember: async () => false, isVerified: async () => false },
    rails: new Set(['rest-hook', 'capture']),
    activePerOrganizationMax: 2,
    activeMax: 5,
    ...change,
  });

function change(
  resource: Resource,
  method: ChangedResource['method'] = 'PUT',
  custodian: Ref = SUBSCRIBER,
): ChangedResource {
  const ref: Ref = `${resource.resourceType}/${resource.id ?? ''}`;
  const after = method === 'DELETE' ? undefined : { plain: resource, storing: resource };
  return { ref, method, before: undefined, after, custodian };
}

const TASK: Resource = {
  resourceType: 'Task',
  id: 't',
  status: 'accepted',
  intent: 'order',
  owner: { reference: 'Organization/x' },
};

const receivers = async (...changes: readonly ChangedResource[]): Promise<readonly Ref[]> =>
  (await createTestSelection()(changes, [], AT)).map(({ receiver }) => receiver);

describe('Subscriptions', () => {
  test('an entry is a pointer for the subscriber, in its sight, in the order of its subject', async () => {
    await subscribe('s', 'Task?status=accepted&owner=Organization/x');
    expect(await createTestSelection()([change(TASK, 'PATCH')], [], AT)).toEqual([
      {
        rail: 'rest-hook',
        receiver: 'Subscription/s',
        orderingKey: 'Task/t',
        subject: 'Task/t',
        event: 'patch',
        sight: { everything: false, organization: SUBSCRIBER },
      },
    ]);
  });

  test.each([
    ['Task', true],
    ['Task?', true],
    ['Task?status=accepted', true],
    ['Task?status=accepted,completed', true],
    ['Task?status:not=accepted', false],
    ['Task?status=received', false],
    ['Task?owner=Organization/x', true],
    [`Task?owner=${BASE}/Organization/x`, true],
    ['Task?owner=Organization/y', false],
    ['Task?_id=t', true],
    ['Task?_id=u', false],
    ['Task?_lastUpdated=ge2026-03-01', true],
    ['ServiceRequest?status=active', false],
  ])('%s: %s', async (criteria, isTold) => {
    await subscribe('s', criteria);
    expect(await receivers(change(TASK))).toEqual(isTold ? ['Subscription/s'] : []);
  });

  test('are told of a move by its trigger event, of anything else by its interaction', async () => {
    await subscribe('s', 'Task');
    const entries = await createTestSelection()(
      [change(TASK), change({ ...TASK, id: 'u' }, 'POST')],
      [buildMove({})],
      AT,
    );
    expect(entries.map(({ subject, event }) => [subject, event])).toEqual([
      ['Task/t', 'send-acceptance'],
      ['Task/u', 'create'],
    ]);
  });

  test('are told nothing of a deletion', async () => {
    await subscribe('s', 'Task');
    expect(await receivers(change(TASK, 'DELETE'))).toEqual([]);
  });

  test.each([
    ['is off', { status: 'off' }],
    ['is in error', { status: 'error' }],
    ['has ended', { end: '2026-03-01T12:00:00Z' }],
  ])('one that %s is told nothing', async (_what, changed) => {
    await subscribe('s', 'Task', changed);
    expect(await receivers(change(TASK))).toEqual([]);
  });
});

describe('the cache', () => {
  test('finds what was there before the start, and asks the store nothing while nothing changes', async () => {
    await world.put(buildSubscription('old', 'Task'));
    cache = createCache(world.store);
    expect(await receivers(change(TASK))).toEqual(['Subscription/old']);
    const before = reads;
    for (let i = 0; i < 10; i += 1) await receivers(change(TASK));
    expect(reads).toBe(before);
  });

  test('follows a Subscription through its life', async () => {
    await subscribe('s', 'Task?status=received');
    expect(await receivers(change(TASK))).toEqual([]);
    await subscribe('s', 'Task?status=accepted');
    expect(await receivers(change(TASK))).toEqual(['Subscription/s']);
    await subscribe('s', 'Task?status=accepted', { status: 'off' });
    expect(await receivers(change(TASK))).toEqual([]);
    await subscribe('s', 'Task?status=accepted');
    await world.remove('Subscription/s');
    cache.touched(['Subscription/s', 'Task/t']);
    expect(await receivers(change(TASK))).toEqual([]);
  });

  test('names a stored Subscription whose criteria it cannot read', async () => {
    await subscribe('s', 'Task?colour=red');
    expect(await receivers(change(TASK))).toEqual([]);
    expect(unreadable).toEqual(['Subscription/s']);
  });

  test('a store that cannot be read refuses the commit instead of telling nobody, and is asked again', async () => {
    await world.put(buildSubscription('s', 'Task'));
    let isDown = true;
    cache = createCache({
      snapshot: (seq) => {
        if (isDown) throw new Error('down');
        return world.store.snapshot(seq);
      },
    });
    await expect(receivers(change(TASK))).rejects.toThrow('down');
    isDown = false;
    expect(await receivers(change(TASK))).toEqual(['Subscription/s']);
  });

  test('commits that ask at the same time wait for the same reading', async () => {
    await subscribe('s', 'Task');
    const [one, two] = await Promise.all([receivers(change(TASK)), receivers(change(TASK))]);
    expect([one, two]).toEqual([['Subscription/s'], ['Subscription/s']]);
  });
});

describe('the bounds of fan-out', () => {
  const activate = (id: string, custodian: Ref = SUBSCRIBER): ChangedResource =>
    change(buildSubscription(id, 'Task'), 'POST', custodian);
  const select = (...changes: readonly ChangedResource[]) => createTestSelection()(changes, [], AT);

  test('an organization has so many active Subscriptions and no more', async () => {
    await subscribe('a', 'Task');
    await expect(select(activate('b'))).resolves.toBeDefined();
    await expect(select(activate('b'), activate('c'))).rejects.toMatchObject({
      code: 'subscription-refused',
    });
    await subscribe('b', 'Task');
    await expect(select(activate('c'))).rejects.toMatchObject({ code: 'subscription-refused' });
    await expect(select(activate('c', 'Organization/other'))).resolves.toBeDefined();
  });

  test('changing one that is active, or writing one that is off, adds none', async () => {
    await subscribe('a', 'Task');
    await subscribe('b', 'Task');
    await expect(select(activate('a'))).resolves.toBeDefined();
    const off = change(buildSubscription('c', 'Task', { status: 'off' }), 'POST');
    await expect(select(off)).resolves.toBeDefined();
  });

  test('the server has so many and no more', async () => {
    const many = [1, 2, 3, 4, 5, 6].map((i) => activate(`s${i}`, `Organization/o${i}`));
    await expect(select(...many.slice(1))).resolves.toBeDefined();
    await expect(select(...many)).rejects.toMatchObject({ code: 'subscription-refused' });
  });

  test('criteria on a type that is not served are refused', async () => {
    await expect(select(change(buildSubscription('s', 'OperationOutcome?_id=x')))).rejects.toMatchObject({
      code: 'subscription-refused',
      issues: [expect.objectContaining({ expression: ['Subscription.criteria'] })],
    });
  });
});

function buildMove(changed: Partial<Move>): Move {
  return {
    task: 'Task/t',
    tid: '02',
    event: 'send-acceptance',
    from: 'received',
    to: 'accepted',
    initiator: 'Organization/initiator',
    recipient: 'Organization/recipient',
    by: 'referralRecipient',
    ...changed,
  };
}

describe('moves', () => {
  const endpoint = (id: string, code: string, status = 'active'): Resource => ({
    resourceType: 'Endpoint',
    id,
    status,
    connectionType: { code },
  });
  const told = async (move: Partial<Move>, ...endpoints: readonly Resource[]) => {
    const asked: Ref[] = [];
    const endpointsOf = async (organization: Ref) => {
      asked.push(organization);
      return endpoints.map((resource) => ({ resource, custodian: organization }));
    };
    const entries = await createTestSelection({ endpointsOf })([], [buildMove(move)], AT);
    return { asked, entries };
  };

  test.each<[Move['by'], Ref]>([
    ['referralRecipient', 'Organization/initiator'],
    ['referralInitiator', 'Organization/recipient'],
  ])('a move of the %s is told to %s', async (by, other) => {
    const { asked, entries } = await told({ by }, endpoint('e', 'capture'));
    expect(asked).toEqual([other]);
    expect(entries).toEqual([
      {
        rail: 'capture',
        receiver: 'Endpoint/e',
        orderingKey: 'Task/t',
        subject: 'Task/t',
        event: 'send-acceptance',
        sight: { everything: false, organization: other },
      },
    ]);
  });

  test('by every active Endpoint whose connection type is a rail of this server', async () => {
    const { entries } = await told(
      {},
      endpoint('e', 'capture'),
      endpoint('off', 'capture', 'off'),
      endpoint('elsewhere', 'direct-project'),
      endpoint('f', 'capture'),
    );
    expect(entries.map(({ receiver }) => receiver)).toEqual(['Endpoint/e', 'Endpoint/f']);
  });

  test('an organization that is both parties, or none, is told nothing', async () => {
    expect((await told({ initiator: 'Organization/recipient' }, endpoint('e', 'capture'))).entries).toEqual(
      [],
    );
    expect((await told({ initiator: undefined }, endpoint('e', 'capture'))).entries).toEqual([]);
  });
});
