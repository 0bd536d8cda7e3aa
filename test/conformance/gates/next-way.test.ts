/** A way whose carrier has no agreement any more when it is to leave: the next one is taken (baa-messaging BA18; harmony Z44). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readCarriers, readWay } from '../../../src/delivery/carriers.ts';
import { deliverEntry, type DeliveryParts } from '../../../src/delivery/deliver-entry.ts';
import { createGates } from '../../../src/delivery/gates.ts';
import { createHostPlaces } from '../../../src/delivery/host-places.ts';
import { createPolicyGate } from '../../../src/delivery/policy-gate.ts';
import { createOtherWays } from '../../../src/delivery/ways.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { openWithheld } from '../../../src/operations/withheld-delivery.ts';
import type { Rail } from '../../../src/ports/rail.ts';
import { buildEntry } from '../../contract/delivery-world.ts';
import { handClock } from '../../contract/store-world.ts';
import { fakeTime } from '../../fake-time.ts';
import * as make from '../../resources.ts';
import { administrator, callerOf, openWorld, refOf, type Stored, type World } from '../../world.ts';
import { putContract } from './put-contract.ts';

const A: Ref = 'Organization/clinic';
const TO: Ref = 'Organization/specialist';
const RELAY: Ref = 'Organization/relay';
const clinic = callerOf('clinic');
const clock = handClock(Date.parse('2026-06-01T08:00:00Z'));

const sight = { everything: false, organization: TO } as const;
const OWN = ['hl7v2-mllp', 'Endpoint/link'] as const;
const SECOND = ['capture', 'Endpoint/second'] as const;
/** By which ways the commit tells the specialist. */
let chosen: readonly (readonly [string, Ref])[] = [];

let world: World;
beforeAll(async () => {
  world = await openWorld({
    store: { clock },
    engine: {
      clock,
      selectRecipients: async (_changes, moves) =>
        moves.flatMap(({ task, event }) =>
          chosen.map(([rail, to]) => ({ ...buildEntry(rail, to, task), event, sight })),
        ),
    },
  });
  await world.seedDirectory('clinic', 'specialist', 'relay');
  for (const [id, rail] of [
    ['link', 'hl7v2-mllp'],
    ['second', 'capture'],
  ]) {
    const endpoint = (await world.ask(administrator, 'GET', 'Endpoint/specialist')).json;
    const put = { ...endpoint, id, connectionType: { code: rail } };
    const { status } = await world.ask(administrator, 'PUT', `Endpoint/${id}`, put);
    if (status >= 300) throw new Error(`Endpoint/${id}: ${status}`);
  }
});
afterAll(() => world.close());

/** How the agreement with whoever runs the link stands when it is to leave. */
const relay = (status: string) =>
  putContract(world.store, 'relay', { principal: A, associate: RELAY, services: ['it-hosting'], status });

interface Scene {
  /** Rails of the ways that the specialist has. */
  readonly has: readonly string[];
  readonly isMember?: boolean;
  readonly denies?: boolean;
  /** Another entry of the same event goes by the second way. */
  readonly isTold?: boolean;
}

/** Sends a referral by the link, and says by which rails it left and what stands of it. */
async function deliver({ has, isMember = false, denies = false, isTold = false }: Scene) {
  chosen = isTold ? [OWN, SECOND] : [OWN];
  const subject = refOf(await world.create(clinic, make.patient()));
  const order = await world.create(clinic, make.serviceRequest({ subject, requester: A, performer: TO }));
  const { entry: found = [] } = await world.bundle(clinic, `Task?focus=${refOf(order)}`);
  const task = refOf(found[0]?.resource as unknown as Stored);
  if (denies) await world.create(clinic, make.consent(subject, { provision: { type: 'deny' } }));
  const sent: string[] = [];
  const railOf = (name: string): [string, Rail] => [
    name,
    {
      name,
      carriesNotice: false,
      deliver: async (entry) => {
        sent.push(`${name} ${entry.receiver}`);
        return { outcome: 'accepted' };
      },
      verify: async () => [],
      close: async () => undefined,
    },
  ];
  const carriers = readCarriers([`hl7v2-mllp=${RELAY}`]);
  const policies = createPolicyGate({
    clock,
    partyKindDefault: 'provider',
    communityNeedsAuthorization: false,
    carriers,
  });
  const endpoints: readonly (readonly [string, string])[] = [
    ['link', 'hl7v2-mllp'],
    ['second', 'capture'],
  ];
  const parts: DeliveryParts = {
    store: world.store,
    rails: new Map(['hl7v2-mllp', 'capture'].map(railOf)),
    gates: createGates({ criteria: () => ({ base: '', now: clock.now() }), policies, clock }),
    otherWays: createOtherWays(
      {
        rails: new Set(['hl7v2-mllp', 'capture']),
        endpointsOf: async () =>
          endpoints
            .filter(([, code]) => has.includes(code))
            .map(([id, code]) => ({
              custodian: '',
              resource: { resourceType: 'Endpoint', id, status: 'active', connectionType: { code } },
            })),
        direct: {
          isMember: async () => isMember,
          isVerified: async () => false,
          cameBy: async () => undefined,
        },
        wayTo: (teller, rail, endpoint) =>
          readWay(world.store.snapshot(), { rail, endpoint }, carriers, teller, clock.now()),
      },
      clock,
    ),
    workItem: () => Promise.reject(new Error('nothing was refused')),
    noticeItem: async () => undefined,
    withheldItem: (ended) =>
      openWithheld({ store: world.store, clock, newId: () => crypto.randomUUID() }, ended),
    noticeOf: async () => undefined,
    clock,
    timers: fakeTime(),
    random: () => 0.5,
    settings: { attemptTimeoutMs: 1000, attemptsMax: 5, backoffMinMs: 10, backoffMaxMs: 40 },
    log: () => undefined,
    onMetric: () => undefined,
  };
  const lent = { hosts: createHostPlaces(1), stopped: new AbortController().signal };
  for (const entry of await world.store.claim(10, 5000))
    if (entry.rail === 'hl7v2-mllp') await deliverEntry(parts, { entry, until: clock.now() + 5000 }, lent);
  const rows = await world.store.outbox({ subject: task, count: 10 });
  const { entry: items = [] } = await world.bundle(clinic, `Task?code=carrier-agreement&focus=${task}`);
  const told = await world.ask(clinic, 'GET', `${refOf(order)}/$deliveries`);
  return {
    sent,
    state: rows.find(({ rail }) => rail === 'hl7v2-mllp')?.state,
    why: rows.find(({ rail }) => rail === 'hl7v2-mllp')?.why ?? '',
    items: items.length,
    told: JSON.stringify(told.json),
  };
}

const CLOSED = 'hl7v2-mllp is run by relay, with whom there is no agreement in force.';
const BOTH = ['hl7v2-mllp', 'capture'];

describe('(baa-messaging BA18) at dispatch', () => {
  test('an agreement in force: the way that was chosen', async () => {
    await relay('executed');
    const { sent, state, told } = await deliver({ has: BOTH });
    expect([sent, state]).toEqual([['hl7v2-mllp Endpoint/link'], 'accepted']);
    expect(told).not.toContain('notTaken');
  });

  test('revoked since: the next way, with the reason in the record of the delivery', async () => {
    await relay('revoked');
    const { sent, state, items, told } = await deliver({ has: BOTH });
    expect([sent, state, items]).toEqual([['capture Endpoint/second'], 'accepted', 0]);
    expect(told).toContain('"notTaken"');
    expect(told).toContain(CLOSED);
    expect(told).toContain('{"name":"rail","valueCode":"capture"}');
  });

  test('no way is left: it is withheld, and a person is asked', async () => {
    await relay('revoked');
    const { sent, state, why, items, told } = await deliver({ has: ['hl7v2-mllp'] });
    expect([sent, state, items]).toEqual([[], 'withheld', 1]);
    expect(why).toContain(CLOSED);
    expect(told).toContain(CLOSED);
  });

  test('whoever has an account reads it here: nobody is asked', async () => {
    await relay('revoked');
    const { sent, state, items } = await deliver({ has: ['hl7v2-mllp'], isMember: true });
    expect([sent, state, items]).toEqual([[], 'withheld', 0]);
  });

  test('another entry goes by the next way: it is not told twice', async () => {
    await relay('revoked');
    const { sent, state, items } = await deliver({ has: BOTH, isTold: true });
    expect([sent, state, items]).toEqual([[], 'withheld', 0]);
  });

  test('any other no ends the delivery, whatever ways there are', async () => {
    await relay('revoked');
    const { sent, state, why } = await deliver({ has: BOTH, denies: true });
    expect([sent, state]).toEqual([[], 'withheld']);
    expect(why).not.toContain(CLOSED);
  });
});
