/** A gate that cannot be asked tells nothing (compliance L8): at a write, and at a delivery. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { deliverEntry, type DeliveryParts } from '../../../src/delivery/deliver-entry.ts';
import { createGates } from '../../../src/delivery/gates.ts';
import { createHostPlaces } from '../../../src/delivery/host-places.ts';
import { createPolicyGate } from '../../../src/delivery/policy-gate.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import type { PartyKindDefault } from '../../../src/policies/party-kind.ts';
import { jobEntry } from '../../../src/ports/audit.ts';
import { auditedCommit } from '../../../src/ports/commit.ts';
import type { Rail } from '../../../src/ports/rail.ts';
import { SearchRefused, type OutboxRow, type Snapshot, type Store } from '../../../src/ports/store.ts';
import { buildEntry } from '../../contract/delivery-world.ts';
import { handClock } from '../../contract/store-world.ts';
import { fakeTime } from '../../fake-time.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  initiator,
  openWorld,
  recipient,
  refOf,
  type Stored,
  type World,
} from '../../world.ts';

const clock = handClock(Date.UTC(2026, 5, 1));

/** What of the store fails, and how; undefined: nothing does. */
let broken: { readonly reads: 'consents' | 'kinds'; readonly fault: Error } | undefined;
afterEach(() => {
  broken = undefined;
});

const TOO_BUSY = new SearchRefused('too-busy');
const DISK = Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR' });
const FAULTS = [
  ['Consents', 'consents', TOO_BUSY],
  ['Consents, of a disk that fails', 'consents', DISK],
  ['the kinds of the recipient', 'kinds', DISK],
] as const;

const faultyReads = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  search: (query, signal) =>
    broken?.reads === 'consents' && query.type === 'Consent'
      ? Promise.reject(broken.fault)
      : snapshot.search(query, signal),
  record: (kind, key) =>
    broken?.reads === 'kinds' && kind === 'register'
      ? Promise.reject(broken.fault)
      : snapshot.record(kind, key),
});

/** The store, whose reads fail as `broken` says. */
const faulty = (store: Store): Store => ({
  ...store,
  snapshot: (seq) => faultyReads(store.snapshot(seq)),
  commitExclusively: (plan) => store.commitExclusively((latest) => plan(faultyReads(latest))),
});

let kept: World;
/** Its FHIR engine asks the store of the other one, as far as that can be read. */
let world: World;
beforeAll(async () => {
  kept = await openWorld({ store: { clock }, engine: { clock } });
  await kept.seedDirectory('initiator', 'recipient');
  world = await openWorld({ engine: { store: faulty(kept.store), clock, newId: () => crypto.randomUUID() } });
});
afterAll(() => Promise.all([world.close(), kept.close()]));

const order = (patient: Stored) =>
  make.serviceRequest({
    subject: refOf(patient),
    requester: 'Organization/initiator',
    performer: 'Organization/recipient',
  });

async function refer(): Promise<Ref> {
  const patient = await world.create(initiator, make.patient());
  const sent = await world.create(initiator, order(patient));
  const { entry = [] } = await world.bundle(initiator, `Task?focus=${refOf(sent)}`);
  return `Task/${entry[0]?.resource?.id ?? ''}`;
}

describe('(compliance L8) at a write', () => {
  test.each(FAULTS)('%s cannot be read: 503, and nothing is stored', async (_what, reads, fault) => {
    const patient = await world.create(initiator, make.patient());
    broken = { reads, fault };
    const refused = await world.ask(initiator, 'POST', 'ServiceRequest', order(patient));
    broken = undefined;
    expect([refused.status, refused.code]).toEqual([503, 'busy']);
    for (const who of [administrator, initiator, recipient])
      for (const url of [`ServiceRequest?subject=${refOf(patient)}`, `Task?patient=${refOf(patient)}`])
        expect((await world.bundle(who, url)).entry ?? []).toEqual([]);
    expect((await world.ask(initiator, 'POST', 'ServiceRequest', order(patient))).status).toBe(201);
  });
});

/** One attempt of what is due, by the gates of a server; what was sent, and what the outbox says afterwards. */
async function attempt(
  partyKindDefault: PartyKindDefault = 'provider',
): Promise<{ readonly sent: number; readonly row: OutboxRow | undefined }> {
  const store = faulty(kept.store);
  let sent = 0;
  const rail: Rail = {
    name: 'capture',
    carriesNotice: false,
    deliver: async () => {
      sent += 1;
      return { outcome: 'accepted' };
    },
    verify: async () => [],
    close: async () => undefined,
  };
  const parts: DeliveryParts = {
    store,
    rails: new Map([[rail.name, rail]]),
    gates: createGates({
      criteria: () => ({ base: '', now: clock.now() }),
      policies: createPolicyGate({ clock, partyKindDefault, communityNeedsAuthorization: false }),
      clock,
    }),
    workItem: () => Promise.reject(new Error('nothing was refused')),
    noticeItem: async () => undefined,
    withheldItem: async () => undefined,
    noticeOf: async () => undefined,
    clock,
    timers: fakeTime(),
    random: () => 0.5,
    settings: { attemptTimeoutMs: 1000, attemptsMax: 5, backoffMinMs: 10, backoffMaxMs: 40 },
    log: () => undefined,
    onMetric: () => undefined,
  };
  const [entry] = await kept.store.claim(1, 5000);
  if (entry === undefined) throw new Error('something is due');
  const lent = { hosts: createHostPlaces(1), stopped: new AbortController().signal };
  await deliverEntry(parts, { entry, until: clock.now() + 5000 }, lent);
  const rows = await kept.store.outbox({ subject: entry.subject, count: 10 });
  return { sent, row: rows.find(({ id }) => id === entry.id) };
}

/** Has the recipient told of a Task. */
async function tell(task: Ref): Promise<void> {
  const sight = { everything: false, organization: 'Organization/recipient' } as const;
  const told = { ...buildEntry('capture', 'Endpoint/recipient', task), sight };
  await kept.store.commit(auditedCommit([jobEntry('tell')], { outbox: [told] }));
}

describe('(compliance L8) at a delivery', () => {
  test.each(FAULTS)(
    '%s cannot be read: it waits, is neither sent nor withheld, and is sent afterwards',
    async (_what, reads, fault) => {
      await tell(await refer());
      broken = { reads, fault };
      const put = await attempt();
      expect([put.sent, put.row?.state]).toEqual([0, 'waiting']);
      expect(put.row?.why).toMatch(/^gates: /);
      broken = undefined;
      clock.at += 1000;
      const told = await attempt();
      expect([told.sent, told.row?.state]).toEqual([1, 'accepted']);
    },
  );

  test('an organization whose kind nobody knows, under partyKindDefault none, is not told', async () => {
    const task = await refer();
    const { identifier: _npi, ...unknown } = make.organization('recipient');
    expect((await kept.ask(administrator, 'PUT', 'Organization/recipient', unknown)).status).toBe(200);
    await tell(task);
    const { sent, row } = await attempt('none');
    expect([sent, row?.state, row?.why]).toEqual([0, 'withheld', '45 CFR 164.506(c)']);
  });
});
