/**
 * The clock at the question (baa-messaging BA5): what an associate reads ends with the millisecond in which its agreement ends,
 * with nothing written and nothing due; and no emergency lifts that (BA11).
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { standingOfAgreement } from '../../../src/agreements/state.ts';
import { asTold, createPayloads } from '../../../src/delivery/payloads.ts';
import { shownSnapshot } from '../../../src/delivery/shown-view.ts';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { EVERYTHING } from '../../../src/ports/query.ts';
import { agreement } from '../../agreements.ts';
import { handClock } from '../../contract/store-world.ts';
import * as make from '../../resources.ts';
import { keep } from '../../stored-agreement.ts';
import { callerOf, openWorld, refOf, type World } from '../../world.ts';
import { setKinds } from '../gates/put-contract.ts';

const A: Ref = 'Organization/elm';
const V: Ref = 'Organization/billing-co';
const [elm, billing] = [callerOf('elm'), callerOf('billing-co')];
const CONTRACT = agreement({ id: 'baa' });
const DAY = 86_400_000;
const IN_FORCE = Date.parse('2026-06-01T12:00:00Z');
const { until: END = 0 } = standingOfAgreement(CONTRACT, IN_FORCE);
const SECRET = 'Zoster since March';

const clock = handClock(IN_FORCE);
let world: World;
let patient: Ref;
let observation: Ref;
let order: Ref;
let message: Ref;

beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
  await world.seedDirectory('elm', 'billing-co');
  await setKinds(world, V, 'business-associate');
  await keep(world.store, { resource: CONTRACT, custodian: A, reach: { parties: [V] } });
  patient = refOf(await world.create(elm, make.patient()));
  observation = refOf(await world.create(elm, make.observation(patient)));
  const supportingInfo = [{ reference: observation }];
  const parties = { subject: patient, requester: A, performer: V };
  order = refOf(await world.create(elm, make.serviceRequest(parties, { supportingInfo })));
  const sent = {
    resourceType: 'Communication',
    status: 'in-progress',
    sender: { reference: A },
    recipient: [{ reference: V }],
    payload: [{ contentString: SECRET }],
  } as unknown as Resource; // a message
  message = refOf(await world.create(elm, sent));
});
afterAll(() => world.close());
beforeEach(() => {
  clock.at = IN_FORCE;
});

const statusOf = async (url: string): Promise<number> => (await world.ask(billing, 'GET', url)).status;
const totalOf = async (url: string): Promise<number | undefined> => (await world.bundle(billing, url)).total;
const reads = async (): Promise<boolean> =>
  (await world.ask(billing, 'GET', message)).text?.includes(SECRET) === true;

/** What a delivery would show of the observation. */
async function told(): Promise<string | undefined> {
  const sight = await asTold(createPayloads(world.store, clock), { everything: false, organization: V });
  return (await shownSnapshot(world.store.snapshot(), sight).read(observation, EVERYTHING))?.text;
}

/** Each way to ask, and whether it tells. */
const WAYS: readonly (readonly [way: string, tells: () => Promise<boolean>])[] = [
  ['a read', async () => (await statusOf(observation)) === 200],
  ['a version', async () => (await statusOf(`${observation}/_history`)) === 200],
  ['a search', async () => (await totalOf(`Observation?patient=${patient}&_total=accurate`)) === 1],
  ['a chain', async () => (await totalOf(`Task?focus:ServiceRequest.subject=${patient}`)) === 1],
  ['an export', async () => (await statusOf(`${patient}/$everything`)) === 200],
  ['a timeline', async () => (await statusOf(`${order}/$timeline`)) === 200],
  ['a message', reads],
  ['a delivery', async () => (await told()) !== undefined],
  [
    'a reference',
    async () =>
      (await world.ask(billing, 'POST', 'Observation', make.observation(patient))).code !==
      'reference-not-found',
  ],
];

describe('(baa-messaging BA5) the agreement ends', () => {
  test.each(WAYS)('%s tells a millisecond before the end, and not from it on', async (_way, tells) => {
    const seen: boolean[] = [];
    for (const at of [IN_FORCE, END - DAY, END - 1, END, END + 1, END + DAY]) {
      clock.at = at;
      seen.push(await tells());
    }
    expect(seen).toEqual([true, true, true, false, false, false]);
  });

  test('and another that follows it leaves no gap', async () => {
    const next = agreement({
      id: 'next',
      start: '2027-02-01',
      end: '2028-01-31',
      signedOn: '2027-01-20T09:00:00Z',
    });
    clock.at = END - 1;
    await keep(world.store, { resource: next, custodian: A });
    const seen: boolean[] = [];
    for (const at of [END - 1, END, END + 1]) {
      clock.at = at;
      seen.push(await reads());
    }
    expect(seen).toEqual([true, true, true]);
  });
});

test('(baa-messaging BA11) an emergency lifts no agreement', async () => {
  const clinician = callerOf('billing-co', {
    user: 'Practitioner/doctor',
    subject: 'doctor',
    session: 'sitting',
    methods: ['pwd', 'otp'],
    serverScopes: ['closeloop/break-glass'],
    purposes: ['TREAT'],
  });
  const parameter = [
    { name: 'reason', valueCode: 'medical-emergency' },
    { name: 'nature', valueString: 'Found unconscious' },
    { name: 'personnel', valueString: 'Dr Ada Ward' },
    { name: 'affiliation', valueString: 'Billing' },
  ];
  const ended = Date.parse('2028-02-01T12:00:00Z');
  for (const at of [IN_FORCE, ended]) {
    clock.at = at;
    const asking = { ...clinician, authenticatedAt: at - 60_000 };
    await world.ask(asking, 'POST', `${patient}/$break-glass`, { resourceType: 'Parameters', parameter });
    clock.at = ended;
    const refused = await world.ask(asking, 'GET', observation);
    expect([refused.status, refused.code]).toEqual([403, 'agreement-not-active']);
  }
});
