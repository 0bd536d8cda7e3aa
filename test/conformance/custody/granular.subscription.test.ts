/** A Subscription goes on with what the scopes of its writer's token left of its type (smart SM-38). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createRecipientSelection, type SelectRecipients } from '../../../src/delivery/recipients.ts';
import { createSubscriptionCache, type SubscriptionCache } from '../../../src/delivery/subscriptions.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { createGates } from '../../../src/delivery/gates.ts';
import { accountWrite, membershipWrite } from '../../../src/accounts/accounts.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import * as make from '../../resources.ts';
import { putClient, TEST_ROW } from '../../smart.ts';
import { BASE, callerOf, initiator, openWorld, refOf, type Stored, type World } from '../../world.ts';

const SYSTEM = 'http://terminology.hl7.org/CodeSystem/observation-category';
const LABORATORY = `user/Observation.rs?category=${SYSTEM}|laboratory user/Subscription.cruds user/Patient.rs`;

let world: World;
let patient: Stored;
let cache: SubscriptionCache;
let select: SelectRecipients;

beforeAll(async () => {
  world = await openWorld({
    ownLog: true,
    engine: {
      selectRecipients: (...asked) => select(...asked),
      committed: (refs) => cache.touched(refs),
    },
  });
  cache = createSubscriptionCache({
    store: world.store,
    criteria: () => ({ base: BASE, now: Date.now() }),
    unreadable: () => undefined,
  });
  select = createRecipientSelection({
    subscriptions: cache,
    endpointsOf: async () => [],
    direct: { cameBy: async () => undefined, isMember: async () => false, isVerified: async () => false },
    rails: new Set(['rest-hook']),
    activePerOrganizationMax: 10,
    activeMax: 10,
  });
  await world.seedDirectory('initiator');
  patient = await world.create(initiator, make.patient());
});
afterAll(() => world.close());

const subscription = {
  resourceType: 'Subscription',
  status: 'requested',
  reason: 'test',
  criteria: 'Observation?',
  channel: { type: 'rest-hook', endpoint: 'https://hooks.example.org/' },
};

const observe = (code: string): Promise<Stored> =>
  world.create(
    initiator,
    make.observation(refOf(patient), { category: [{ coding: [{ system: SYSTEM, code }] }] }),
  );

/** Who is told of a resource. */
const told = async (subject: Stored): Promise<readonly Ref[]> =>
  (await world.store.outbox({ subject: refOf(subject), count: 100 })).map(({ receiver }) => receiver);

test('(smart SM-38) tells what matches, as of each event and again at dispatch', async () => {
  const app = callerOf('initiator', { scope: LABORATORY, client: 'app' });
  const made = await world.create(app, { ...subscription, criteria: 'Observation?status=final' });
  const [laboratory, vital] = [await observe('laboratory'), await observe('vital-signs')];
  expect([await told(laboratory), await told(vital)]).toEqual([[refOf(made)], []]);

  // Changed since: the entry's own sight no longer reaches it.
  const [entry] = await world.store.outbox({ subject: refOf(laboratory), count: 1 });
  const asNow = () => world.store.snapshot().read(refOf(laboratory), entry!.sight);
  expect(await asNow()).toBeDefined();
  const moved = { ...laboratory, category: [{ coding: [{ system: SYSTEM, code: 'vital-signs' }] }] };
  expect((await world.ask(initiator, 'PUT', refOf(laboratory), moved)).status).toBe(200);
  expect(await asNow()).toBeUndefined();
  expect(await told(laboratory)).toEqual([refOf(made)]);
});

test('(smart SM-38) the last who writes it decides, and a deletion takes the record along', async () => {
  const kept = (one: Stored) => world.store.snapshot().record('subscription-scopes', refOf(one));
  const app = callerOf('initiator', { scope: LABORATORY, client: 'app' });
  const made = await world.create(app, { ...subscription, criteria: 'Observation?status=final,amended' });
  expect((await kept(made))?.body).toMatchObject({ type: 'Observation', client: 'app' });
  const { json } = await world.ask(initiator, 'PUT', refOf(made), { ...made, reason: 'all of them' });
  expect(await kept(made)).toBeUndefined();
  expect(await told(await observe('vital-signs'))).toEqual([refOf(made)]);
  expect((await world.ask(app, 'PUT', refOf(made), { ...json, reason: 'some of them' })).status).toBe(200);
  expect(await told(await observe('vital-signs'))).toEqual([]);
  expect((await world.ask(app, 'DELETE', refOf(made))).status).toBe(204);
  expect(await kept(made)).toBeUndefined();
});

test('(smart SM-38, SM-68) tells nothing while its client is suspended, or who wrote it has left', async () => {
  const { store } = world;
  const putAccount = (state: 'active' | 'deactivated') => {
    const now = Date.now();
    const account = { login: 'ada@example.org', name: 'Ada', state, since: now, createdAt: now };
    const whole = { ...account, administrator: false, links: [] };
    return store.commit(auditedCommit([TEST_ROW], { records: [accountWrite('ada', whole, 'any')] }));
  };
  await putClient(store, 'feed', {});
  await putAccount('active');
  const feed = { ...callerOf('initiator', { scope: 'user/*.cruds', client: 'feed' }), account: 'ada' };
  const made = await world.create(feed, {
    ...subscription,
    criteria: 'Observation?status=final,preliminary',
  });
  const isTold = async () => (await told(await observe('survey'))).includes(refOf(made));
  expect(await isTold()).toBe(true);
  await putClient(store, 'feed', { status: 'suspended' });
  expect(await isTold()).toBe(false);
  await putClient(store, 'feed', {});
  expect(await isTold()).toBe(true);
  const work = (status: 'active' | 'ended') => {
    const organization = 'Organization/initiator' as const;
    const membership = {
      account: 'ada',
      organization,
      roles: ['clinician'],
      rolesSince: {},
      status,
    } as const;
    return store.commit(auditedCommit([TEST_ROW], { records: [membershipWrite(membership, 'any')] }));
  };
  await work('active');
  const survey = await observe('survey');
  const entry = (await store.outbox({ subject: refOf(survey), count: 10 })).find(
    ({ receiver }) => receiver === refOf(made),
  )!;
  const gates = createGates({
    criteria: () => ({ base: BASE, now: Date.now() }),
    policies: async () => ({ permitted: true, policy: 'test' }),
    clock: { now: () => Date.now() },
  });
  const isSent = async () => (await gates(entry, store.snapshot(), store.snapshot(entry.seq))).permitted;
  expect(await isSent()).toBe(true);
  await work('ended');
  expect([await isSent(), await isTold()]).toEqual([false, false]);
  await work('active');
  expect(await isSent()).toBe(true);
  await putAccount('deactivated');
  expect([await isSent(), await isTold()]).toEqual([false, false]);
  // Who writes it next answers for it.
  const again = { ...made, reason: 'ours now' };
  expect((await world.ask(initiator, 'PUT', refOf(made), again)).status).toBe(200);
  expect(await isTold()).toBe(true);
  expect((await world.ask(initiator, 'DELETE', refOf(made))).status).toBe(204);
  expect(await store.snapshot().record('subscription-writer', refOf(made))).toBeUndefined();
});
