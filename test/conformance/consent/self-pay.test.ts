/** What a patient paid for in full, and the health plan that is not told (rules 2.16). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { callerOf, initiator, openWorld, recipient, refOf, type Stored, type World } from '../../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'plan');
});
afterAll(() => world.close());

const plan = callerOf('plan');
const IRCP = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }],
};

/** A referral that shows an observation to another organization. */
async function refer(patient: Stored, observation: Stored, performer: string): Promise<void> {
  await world.create(
    initiator,
    make.serviceRequest(
      { subject: refOf(patient), requester: 'Organization/initiator', performer },
      { supportingInfo: [{ reference: refOf(observation) }] },
    ),
  );
}

test('(compliance R3) the plan does not read it, the provider does, and it bears its label', async () => {
  const patient = await world.create(initiator, make.patient());
  const observation = await world.create(initiator, make.observation(refOf(patient)));
  const other = await world.create(initiator, make.observation(refOf(patient)));
  for (const [one, performer] of [
    [observation, 'Organization/recipient'],
    [observation, 'Organization/plan'],
    [other, 'Organization/plan'],
  ] as const)
    await refer(patient, one, performer);
  expect((await world.ask(plan, 'GET', refOf(other))).status).toBe(200);
  await world.create(
    initiator,
    make.consent(refOf(patient), {
      dateTime: '2026-01-01',
      performer: [{ reference: refOf(patient) }],
      policyRule: {
        coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/consent-kind', code: 'hipaa-self-pay' }],
      },
      provision: {
        type: 'deny',
        actor: [{ role: IRCP, reference: { reference: 'Organization/plan' } }],
        data: [{ meaning: 'instance', reference: { reference: refOf(observation) } }],
      },
    }),
  );
  const [denied, told, rest] = [
    await world.ask(plan, 'GET', refOf(observation)),
    await world.ask(recipient, 'GET', refOf(observation)),
    await world.ask(plan, 'GET', refOf(other)),
  ];
  expect([denied.code, told.status, rest.status]).toEqual(['disclosure-denied', 200, 200]);
  const labels = (told.json?.meta?.security ?? []).map(({ code }) => code);
  expect(new Set(labels)).toEqual(new Set(['HIPAASelfPay', 'R']));
});
