/** Whose Consent counts when something is disclosed, and how many may (rules 2.10). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPolicyGate } from '../../../src/delivery/policy-gate.ts';
import type { Caller } from '../../../src/operations/request.ts';
import { buildClaimed, buildEntry } from '../../contract/delivery-world.ts';
import * as make from '../../resources.ts';
import {
  BASE,
  callerOf,
  initiator,
  openWorld,
  recipient,
  refOf,
  type Stored,
  type World,
} from '../../world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'stranger');
});
afterAll(() => world.close());

const DENY = { provision: { type: 'deny' } };

/** The patient in person, in an application of this organization. */
const inPerson = (organization: string, patient: Stored): Caller =>
  callerOf(organization, { user: refOf(patient) });

async function referral(): Promise<{ readonly patient: Stored; readonly task: Stored }> {
  const patient = await world.create(initiator, make.patient());
  const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' };
  const request = await world.create(initiator, make.serviceRequest({ subject: refOf(patient), ...parties }));
  const { entry = [] } = await world.bundle(initiator, `Task?focus=${refOf(request)}`);
  return { patient, task: entry[0]?.resource as unknown as Stored }; // opened for the order
}

/** What the policies say of telling the recipient about a Task, or about what is told with it. */
async function decided(task: Stored, subject: Stored = task): Promise<string> {
  const gate = createPolicyGate({
    clock: { now: () => Date.now() },
    partyKindDefault: 'provider',
    communityNeedsAuthorization: false,
  });
  const snapshot = world.store.snapshot();
  const told = { ...buildEntry('capture', 'Endpoint/recipient', refOf(subject)), orderingKey: refOf(task) };
  const sight = { everything: false, organization: 'Organization/recipient' } as const;
  const { permitted, policy } = await gate({ ...buildClaimed(told, 0), sight }, snapshot, snapshot);
  return `${policy} ${permitted ? 'permits' : 'denies'}`;
}

describe('(rules 2.10) whose denial counts', () => {
  const DENIED = 'patient-consent denies';
  const TOLD = 'treatment permits';
  test.each<[string, (patient: Stored) => Caller, Record<string, unknown>, string]>([
    ['the discloser’s', () => initiator, DENY, DENIED],
    ['the recipient’s is its own affair', () => recipient, DENY, TOLD],
    ['the patient’s own, by whichever application', (one) => inPerson('recipient', one), DENY, DENIED],
    ['what the recipient marks as the patient’s own', () => recipient, marked(), TOLD],
    ['another patient’s', () => callerOf('recipient', { user: 'Patient/other' }), DENY, TOLD],
    [
      'the patient’s, named by our own address',
      (one) => callerOf('recipient', { user: `${BASE}/${refOf(one)}` }),
      DENY,
      DENIED,
    ],
  ])('%s', async (_what, writer, more, answer) => {
    const { patient, task } = await referral();
    await world.create(writer(patient), make.consent(refOf(patient), more));
    expect(await decided(task)).toBe(answer);
  });

  test('of the referral’s patient, where a note is told that names none', async () => {
    const { patient, task } = await referral();
    const file = await world.create(initiator, {
      resourceType: 'DocumentReference',
      status: 'current',
      content: [{ attachment: { contentType: 'text/plain', data: 'Tm90ZQ==' } }],
    });
    expect(await decided(task, file)).toBe(TOLD);
    await world.create(initiator, make.consent(refOf(patient), DENY));
    expect(await decided(task, file)).toBe(DENIED);
  });

  test('the mark is the server’s: what another one writes next is not the patient’s word', async () => {
    const { patient, task } = await referral();
    const own = await world.create(inPerson('recipient', patient), make.consent(refOf(patient), DENY));
    expect(own.meta?.tag?.map(({ code }) => code)).toEqual(['patient']);
    const again = await world.ask(recipient, 'PUT', refOf(own), { ...own, language: 'en' });
    expect([again.status, again.json?.meta?.tag, await decided(task)]).toEqual([200, undefined, TOLD]);
    const parameters = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: own.meta }] };
    await world.ask(recipient, 'POST', `${refOf(own)}/$meta-add`, parameters);
    expect(await decided(task)).toBe(TOLD);
  });

  function marked(): Record<string, unknown> {
    const system = 'https://closeloop.dev/fhir/CodeSystem/consent-origin';
    return { ...DENY, meta: { tag: [{ system, code: 'patient' }] } };
  }
});

describe('(harmony Z7) only Consents that count are counted', () => {
  const HARMLESS = { provision: { type: 'permit' } };

  const bundleOf = (patient: Stored, count: number) =>
    make.transaction(
      ...Array.from({ length: count }, () => ({
        method: 'POST' as const,
        url: 'Consent',
        resource: make.consent(refOf(patient), HARMLESS),
      })),
    );

  test('201 of the recipient silence nobody but the recipient', async () => {
    const { patient, task } = await referral();
    const answers = [];
    for (const count of [200, 1])
      answers.push(await world.ask(recipient, 'POST', '', bundleOf(patient, count)));
    expect(answers.map(({ status, code }) => code ?? status)).toEqual([200, 'consent-rule']);
    expect(await decided(task)).toBe('treatment permits');
    expect((await world.ask(initiator, 'POST', '', bundleOf(patient, 1))).status).toBe(200);
    await world.create(initiator, make.consent(refOf(patient), DENY));
    expect(await decided(task)).toBe('patient-consent denies');
  });

  test('the 201st that counts is refused by every door, and none is refused once one has ended', async () => {
    const { patient } = await referral();
    expect((await world.ask(initiator, 'POST', '', bundleOf(patient, 201))).code).toBe('consent-rule');
    expect((await world.ask(initiator, 'POST', '', bundleOf(patient, 199))).status).toBe(200);
    const { json } = await world.ask(initiator, 'POST', 'Consent', make.consent(refOf(patient), DENY));
    const last = json as Stored; // as stored
    const ended = await world.create(initiator, make.consent(refOf(patient), { status: 'inactive' }));
    const active = { ...ended, status: 'active' };
    const condition = `Consent?_id=${ended.id}`;
    const doors = [
      await world.ask(initiator, 'POST', 'Consent', make.consent(refOf(patient))),
      await world.ask(initiator, 'PUT', refOf(ended), active),
      await world.ask(initiator, 'PUT', condition, active),
      await world.ask(initiator, 'PATCH', condition, [{ op: 'replace', path: '/status', value: 'active' }]),
      await world.ask(
        initiator,
        'POST',
        '',
        make.batch({ method: 'PUT', url: refOf(ended), resource: active }),
      ),
    ];
    expect(doors.map(({ status, text = '' }) => [status, text.includes('consent-rule')])).toEqual([
      ...Array.from({ length: 4 }, () => [422, true]),
      [200, true],
    ]);
    expect((await world.ask(initiator, 'PUT', refOf(last), { ...last, language: 'en' })).status).toBe(200);
    await world.ask(initiator, 'PUT', refOf(last), { ...last, status: 'inactive' });
    expect((await world.ask(initiator, 'PUT', refOf(ended), active)).status).toBe(200);
  });

  test('two at once do not pass the bound together', async () => {
    const { patient } = await referral();
    await world.ask(initiator, 'POST', '', bundleOf(patient, 195));
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => world.ask(initiator, 'POST', 'Consent', make.consent(refOf(patient)))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
  });
});
