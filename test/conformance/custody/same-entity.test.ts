/** What is told within one legal entity (docs/directory.md, compliance D2). */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createPolicyGate } from '../../../src/delivery/policy-gate.ts';
import { SAME_LEGAL_ENTITY } from '../../../src/resources/parties/entity.ts';
import { buildClaimed, buildEntry } from '../../contract/delivery-world.ts';
import * as make from '../../resources.ts';
import { administrator, initiator, openWorld, refOf, type Stored, type World } from '../../world.ts';

let world: World;
let patient: Stored;
let task: Stored;

beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'head');
});
afterAll(() => world.close());

beforeEach(async () => {
  patient = await world.create(initiator, make.patient());
  const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' };
  const order = await world.create(initiator, make.serviceRequest({ subject: refOf(patient), ...parties }));
  const { entry = [] } = await world.bundle(initiator, `Task?focus=${refOf(order)}`);
  task = entry[0]?.resource as unknown as Stored; // opened for the order
});

const HEAD = { partOf: make.to('Organization/head') };
const saying = (valueBoolean: boolean) => ({ extension: [{ url: SAME_LEGAL_ENTITY, valueBoolean }] });

/** Who part of what is, in an administrator's words. */
async function write(id: string, more: object): Promise<number> {
  const organization = make.organization(id, more as Record<string, unknown>);
  return (await world.ask(administrator, 'PUT', `Organization/${id}`, organization)).status;
}

async function decided(): Promise<string> {
  const gate = createPolicyGate({
    clock: { now: () => Date.now() },
    partyKindDefault: 'provider',
    communityNeedsAuthorization: false,
  });
  const snapshot = world.store.snapshot();
  const entry = buildClaimed(buildEntry('capture', 'Endpoint/recipient', refOf(task)), 0);
  const sight = { everything: false, organization: 'Organization/recipient' } as const;
  const { permitted, policy } = await gate({ ...entry, sight }, snapshot, snapshot);
  return `${policy} ${permitted ? 'permits' : 'denies'}`;
}

test.each([
  ['strangers', {}, {}, 'treatment permits'],
  ['one head, and nobody confirms it', HEAD, HEAD, 'treatment permits'],
  ['one link confirmed of two', { ...HEAD, ...saying(true) }, HEAD, 'treatment permits'],
  ['one link denied', { ...HEAD, ...saying(true) }, { ...HEAD, ...saying(false) }, 'treatment permits'],
  ['both links confirmed', { ...HEAD, ...saying(true) }, { ...HEAD, ...saying(true) }, 'own permits'],
  [
    'one part of the other',
    { partOf: make.to('Organization/recipient'), ...saying(true) },
    {},
    'own permits',
  ],
])('(compliance D2) (harmony Z13) two organizations: %s', async (_says, ours, theirs, told) => {
  expect([await write('initiator', ours), await write('recipient', theirs)]).toEqual([200, 200]);
  expect(await decided()).toBe(told);
});

test('(compliance D2) within an entity a denial does not count, and an agreed restriction of uses does', async () => {
  await write('initiator', { ...HEAD, ...saying(true) });
  await write('recipient', { ...HEAD, ...saying(true) });
  expect(await decided()).toBe('own permits');
  await world.create(initiator, make.consent(refOf(patient), { provision: { type: 'deny' } }));
  expect(await decided()).toBe('own permits');
  const kind = { system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: 'hipaa-restrictions' };
  const restriction = { policyRule: { coding: [kind] }, provision: { type: 'deny' } };
  await world.create(initiator, make.consent(refOf(patient), restriction));
  expect(await decided()).toBe('patient-consent denies');
});

test('(compliance D2) the word about a link is yes or no', async () => {
  const named = { extension: [{ url: SAME_LEGAL_ENTITY, valueReference: make.to('Organization/head') }] };
  expect(await write('initiator', { ...HEAD, ...named })).toBe(422);
});
