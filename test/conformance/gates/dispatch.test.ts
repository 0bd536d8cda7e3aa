/** What is withheld just before it leaves, and whom it asks to act (compliance L7, harmony Z44). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createGates } from '../../../src/delivery/gates.ts';
import { outcomeCommit, type EndedDelivery } from '../../../src/delivery/outcome.ts';
import { createPolicyGate } from '../../../src/delivery/policy-gate.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { openWithheld } from '../../../src/operations/withheld-delivery.ts';
import { buildClaimed, buildEntry } from '../../contract/delivery-world.ts';
import * as make from '../../resources.ts';
import { actor, asResource, consentOf } from '../../unit/policies/consent/consents.ts';
import {
  administrator,
  initiator,
  openWorld,
  recipient,
  refOf,
  type Stored,
  type World,
} from '../../world.ts';

const UNTIL = '2027-03-15T12:00:00Z';
const clock = { at: Date.parse('2027-03-01T00:00:00Z'), now: () => clock.at };

let world: World;
beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
  await world.seedDirectory('initiator', 'recipient', 'stranger');
});
afterAll(() => world.close());

const BASIS = 'https://closeloop.dev/fhir/StructureDefinition/disclosure-basis';
const BASES = 'https://closeloop.dev/fhir/CodeSystem/disclosure-basis';

/** A referral on an authorization of the patient that ends at noon of a day. */
async function authorized(): Promise<{ readonly task: Stored; readonly consent: Stored }> {
  const patient = await world.create(initiator, make.patient());
  const signed = consentOf('hipaa-auth', {
    patient: { reference: refOf(patient) },
    performer: [{ reference: refOf(patient) }],
    organization: [{ reference: 'Organization/initiator' }],
    provision: {
      type: 'permit',
      period: { end: UNTIL },
      actor: [actor('CST', 'Organization/initiator'), actor('IRCP', 'Organization/recipient')],
      purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'TREAT' }],
      class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'DocumentReference' }],
    },
  });
  const { sourceReference: _paper, ...rest } = signed;
  const consent = await world.create(
    initiator,
    asResource({ ...rest, sourceAttachment: { title: 'Signed', url: 'https://example.org/form' } }),
  );
  const claim = {
    url: BASIS,
    extension: [{ url: 'code', valueCoding: { system: BASES, code: 'authorization' } }],
  };
  const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' };
  const order = await world.create(
    initiator,
    make.serviceRequest({ subject: refOf(patient), ...parties }, { extension: [claim] }),
  );
  const { entry = [] } = await world.bundle(initiator, `Task?focus=${refOf(order)}`);
  return { task: entry[0]?.resource as unknown as Stored, consent }; // opened for the order
}

/** Asks the gates about telling the recipient of a Task, as a delivery does at its attempt. */
async function attempt(task: Stored, receiver: Ref = 'Endpoint/recipient'): Promise<EndedDelivery | 'sent'> {
  const policies = createPolicyGate({
    clock,
    partyKindDefault: 'provider',
    communityNeedsAuthorization: false,
  });
  const gates = createGates({ criteria: () => ({ base: '', now: clock.at }), policies, clock });
  const snapshot = world.store.snapshot();
  const sight = { everything: false, organization: 'Organization/recipient' } as const;
  const entry = { ...buildClaimed(buildEntry('capture', receiver, refOf(task)), snapshot.seq), sight };
  const { permitted, why = '', ...decided } = await gates(entry, snapshot, snapshot);
  return permitted ? 'sent' : { entry, fate: 'withheld', why, ...decided };
}

/** The commit that ends a delivery, with the work item that it opens. */
async function settle(ended: EndedDelivery): Promise<Stored | undefined> {
  const parts = { store: world.store, clock, newId: () => crypto.randomUUID() };
  const item = await openWithheld(parts, ended);
  if (item === undefined) return undefined;
  const { deliveryOutcomes: _outbox, ...commit } = outcomeCommit(ended, undefined, item);
  await world.store.commit({ ...commit, deliveryOutcomes: [] });
  return world.ask(initiator, 'GET', item.write.ref).then(({ json }) => json as Stored);
}

const withheld = (ended: EndedDelivery | 'sent'): EndedDelivery => {
  if (ended === 'sent') throw new Error('it was sent');
  return ended;
};

describe('(compliance L7) a consent that ends between two attempts', () => {
  test('tells until its last instant, and withholds from the next on', async () => {
    const { task } = await authorized();
    clock.at = Date.parse(UNTIL) + 999; // a second is as long as it is written
    expect(await attempt(task)).toBe('sent');
    clock.at += 1;
    const ended = withheld(await attempt(task));
    expect([ended.policy, ended.exception]).toEqual(['authorization', 'privacy-precondition']);
    clock.at = Date.parse('2027-03-01T00:00:00Z');
  });

  test('asks a person of the discloser once, in the same commit, by the need', async () => {
    const { task } = await authorized();
    clock.at = Date.parse(UNTIL) + 1000;
    const ended = withheld(await attempt(task));
    const item = await settle(ended);
    expect(item).toMatchObject({
      owner: { reference: 'Organization/initiator' },
      focus: { reference: refOf(task) },
      code: { coding: [{ code: 'consent-needed' }] },
    });
    expect(JSON.stringify(item?.['input'])).toContain('"authorization"');
    expect(item?.['description']).toContain("needs the patient's written authorization under 45 CFR 164.508");
    expect(await settle(withheld(await attempt(task)))).toBeUndefined();
    expect((await world.ask(recipient, 'GET', refOf(item as Stored))).status).toBe(404);
    clock.at = Date.parse('2027-03-01T00:00:00Z');
  });
});

test('(compliance L7) a denial that came after the commit is named to its keeper', async () => {
  const { task } = await authorized();
  const patient = (task['for'] as { reference: Ref }).reference;
  const denial = await world.create(initiator, make.consent(patient, { provision: { type: 'deny' } }));
  const item = await settle(withheld(await attempt(task)));
  expect(item?.['description']).toContain(`Decided by ${refOf(denial)}`);
});

test('(harmony Z44) a Subscription opens none', async () => {
  const { task } = await authorized();
  const patient = (task['for'] as { reference: Ref }).reference;
  await world.create(initiator, make.consent(patient, { provision: { type: 'deny' } }));
  const ended = withheld(await attempt(task));
  const toSubscriber = { ...ended, entry: { ...ended.entry, receiver: 'Subscription/1' as const } };
  expect(await settle(toSubscriber)).toBeUndefined();
  expect((await world.ask(administrator, 'GET', 'Task?code=consent-needed')).status).toBe(200);
});
