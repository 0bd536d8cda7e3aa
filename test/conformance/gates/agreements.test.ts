/**
 * The gate of agreements on what is written and on what is delivered (baa-messaging BA4, BA5, BA10–BA12, BA14, BA15): only an
 * agreement in force lets health information pass, whichever of the two tells it.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AgreementState } from '../../../src/agreements/state.ts';
import { createGates } from '../../../src/delivery/gates.ts';
import { outcomeCommit, type EndedDelivery } from '../../../src/delivery/outcome.ts';
import { createPolicyGate } from '../../../src/delivery/policy-gate.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import { openWithheld } from '../../../src/operations/withheld-delivery.ts';
import { valuesAt } from '../../../src/resources/element.ts';
import type { AgreementSpec } from '../../agreements.ts';
import { buildClaimed, buildEntry } from '../../contract/delivery-world.ts';
import * as make from '../../resources.ts';
import { callerOf, initiator, openWorld, refOf, type World } from '../../world.ts';
import { putContract, setKinds } from './put-contract.ts';

const MORNING = Date.parse('2026-06-01T08:00:00Z');
const AFTER_END = Date.parse('2027-02-01T00:00:00Z');
const clock = { at: MORNING, now: () => clock.at };

/** A Contract for each state. */
const STATES: Readonly<Record<AgreementState, AgreementSpec | undefined>> = {
  none: undefined,
  staging: { status: 'policy', signed: [] },
  pending: { status: 'executable', signed: ['principal'] },
  active: {},
  expired: { start: '2025-01-01', end: '2026-05-31' },
  revoked: { status: 'revoked', reason: { code: 'service-ended', effective: '2026-05-31' } },
};
const NAMES = Object.keys(STATES) as AgreementState[];
const A: Ref = 'Organization/initiator';
const vendor = (state: AgreementState): Ref => `Organization/v-${state}`;

let world: World;
beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
  await world.seedDirectory('initiator', 'specialist', ...NAMES.map((state) => `v-${state}`));
  for (const state of NAMES) await setKinds(world, vendor(state), 'business-associate');
  for (const [state, spec] of Object.entries(STATES) as [AgreementState, AgreementSpec | undefined][])
    if (spec !== undefined)
      await putContract(world.store, state, { ...spec, principal: A, associate: vendor(state) });
});
afterAll(() => world.close());

const callerFor = (organization: Ref) => callerOf(organization.replace('Organization/', ''));

/** An order of one about a patient of its own to the other. */
async function order(from: Ref, to: Ref) {
  const subject = refOf(await world.create(callerFor(from), make.patient()));
  const parties = { subject, requester: from, performer: to };
  return world.ask(callerFor(from), 'POST', 'ServiceRequest', make.serviceRequest(parties));
}

const AT_SEND = 'https://closeloop.dev/fhir/StructureDefinition/agreement-at-send';
const CONTENT = 'https://closeloop.dev/fhir/CodeSystem/message-content';

const send = (from: Ref, to: Ref, content: string | undefined, more: object = {}) =>
  world.ask(callerFor(from), 'POST', 'Communication', {
    resourceType: 'Communication',
    status: 'completed',
    ...(content !== undefined && { category: [{ coding: [{ system: CONTENT, code: content }] }] }),
    sender: { reference: from },
    recipient: [{ reference: to }],
    payload: [{ contentString: 'Please send us the signed document.' }],
    ...more,
  });

const DIRECTIONS = [
  ['to', (state: AgreementState) => [A, vendor(state)] as const],
  ['by', (state: AgreementState) => [vendor(state), A] as const],
] as const;

describe.each(NAMES.flatMap((state) => DIRECTIONS.map(([says, ends]) => ({ state, says, ends }))))(
  '(baa-messaging BA12) $says an associate whose agreement is $state',
  ({ state, ends }) => {
    const [from, to] = ends(state);
    const passes = state === 'active';

    test('an order', async () => {
      const { status, code } = await order(from, to);
      expect([status, code]).toEqual(passes ? [201, undefined] : [403, 'agreement-not-active']);
    });

    test.each([undefined, 'phi', 'notice'])('a message, declared %s', async (content) => {
      const { status, code } = await send(from, to, content);
      expect([status, code]).toEqual(passes ? [201, undefined] : [403, 'agreement-not-active']);
    });

    test('(baa-messaging MS22) a short administrative message always', async () => {
      expect((await send(from, to, 'administrative')).status).toBe(201);
    });

    test('(baa-messaging MS21, MS22) what is declared administrative, and may be more', async () => {
      const long = { payload: [{ contentString: 'a'.repeat(2001) }] };
      const number = { payload: [{ contentString: 'Her number is 219-09-9999, call her.' }] };
      for (const more of [long, number]) {
        const { status, code } = await send(from, to, 'administrative', more);
        expect([status, code]).toEqual(passes ? [201, undefined] : [403, 'agreement-not-active']);
      }
    });
  },
);

test('(baa-messaging BA10) the agreement itself may be talked about while it is none', async () => {
  const about = { about: [{ reference: 'Contract/pending' }] };
  expect((await send(A, vendor('pending'), 'agreement', about)).status).toBe(201);
  const { code } = await send(A, vendor('pending'), 'agreement'); // about nothing
  expect(code).toBe('agreement-not-active');
});

describe('(baa-messaging BA15) a message says under which agreement it was sent', () => {
  const noted = (resource: unknown): string =>
    JSON.stringify(valuesAt(resource, 'extension').filter((one) => valuesAt(one, 'url')[0] === AT_SEND));

  test('in the version that was in force, and says so when it has ended', async () => {
    const { json } = await send(A, vendor('active'), 'phi');
    const said = noted(json);
    expect(said).toMatch(/Contract\/active\/_history\/\d+/);
    expect(said).toContain('"state","valueCode":"active"');
    expect(said).toContain(vendor('active'));
    clock.at = AFTER_END;
    const later = await world.ask(initiator, 'GET', `Communication/${json?.id}`);
    clock.at = MORNING;
    expect(noted(later.json)).toBe(said);
  });

  test('which no client writes itself', async () => {
    const forged = { url: AT_SEND, extension: [{ url: 'state', valueCode: 'active' }] };
    const { json } = await send(A, 'Organization/specialist', 'phi', { extension: [forged] });
    expect(noted(json)).toBe('[]');
  });

  test('(baa-messaging MS3) whom a thread is to be shown from its beginning is asked for each message', async () => {
    const thread = {
      payload: undefined,
      recipient: [{ reference: A }, { reference: 'Organization/specialist' }],
    };
    const { json: header } = await send(A, A, 'administrative', { ...thread, status: 'in-progress' });
    const partOf = [{ reference: `Communication/${header?.id}` }];
    expect((await send(A, 'Organization/specialist', 'phi', { partOf })).status).toBe(201);
    const extension = [
      { url: 'https://closeloop.dev/fhir/StructureDefinition/with-history', valueBoolean: true },
    ];
    const add = (history: object, to = vendor('expired')) =>
      world.ask(initiator, 'PATCH', `Communication/${header?.id}`, [
        { op: 'add', path: '/recipient/-', value: { reference: to, ...history } },
      ]);
    expect((await add({ extension })).code).toBe('agreement-not-active');
    expect((await add({}, vendor('none'))).status).toBe(200);
    expect((await add({ extension }, vendor('active'))).status).toBe(200);
  });
});

test('(baa-messaging BA4) between providers treatment never asks, whatever agreement there is', async () => {
  const specialist: Ref = 'Organization/specialist';
  expect((await order(A, specialist)).status).toBe(201);
  await setKinds(world, specialist, 'provider', 'business-associate');
  expect((await order(A, specialist)).status).toBe(201);
  expect((await order(specialist, A)).status).toBe(201);
  await setKinds(world, specialist, 'provider');
});

test('(baa-messaging 9) the refusal names the Contract to whom may read it, and to nobody else', async () => {
  const ended = await order(A, vendor('expired'));
  expect(ended.issues[0]).toMatchObject({
    diagnostics: 'The agreement with v-expired ended on 2026-05-31. Renew it: Contract/expired.',
    agreement: 'Contract/expired',
    extension: [
      {
        extension: [
          { url: 'reference', valueReference: { reference: 'Contract/expired' } },
          { url: 'state', valueCode: 'expired' },
        ],
      },
    ],
  });
  const none = await order(A, vendor('none'));
  expect(none.issues[0]).not.toHaveProperty('agreement');
  expect(none.issues[0]?.diagnostics).toMatch(/^There is no business associate agreement between/);
  const staging = await order(vendor('staging'), A);
  expect(staging.issues[0]).not.toHaveProperty('agreement');
  expect(JSON.stringify(staging.issues)).not.toContain('Contract/staging');
  expect(staging.issues[0]?.diagnostics).toMatch(/^Messages with health information are paused/);
  const ended2 = await order(vendor('expired'), A);
  expect(ended2.issues[0]).toMatchObject({ agreement: 'Contract/expired' });
});

// — at dispatch

/** Asks the gates about telling a vendor of a Task, as a delivery does at its attempt. */
async function attempt(subject: Ref, to: Ref): Promise<EndedDelivery> {
  const policies = createPolicyGate({
    clock,
    partyKindDefault: 'provider',
    communityNeedsAuthorization: false,
  });
  const gates = createGates({ criteria: () => ({ base: '', now: clock.at }), policies, clock });
  const snapshot = world.store.snapshot();
  const sight = { everything: false, organization: to } as const;
  const receiver: Ref = `Endpoint/${to.replace('Organization/', '')}`;
  const entry = { ...buildClaimed(buildEntry('capture', receiver, subject), snapshot.seq), sight };
  const { permitted, why = '', ...decided } = await gates(entry, snapshot, snapshot);
  return { entry, fate: permitted ? 'accepted' : 'withheld', why, ...decided };
}

async function sentTask(to: Ref): Promise<Ref> {
  const { json } = await order(A, to);
  const { entry = [] } = await world.bundle(initiator, `Task?focus=ServiceRequest/${json?.id}`);
  return refOf(entry[0]?.resource as never);
}

describe('(baa-messaging BA14) what waits to be delivered', () => {
  test('(baa-messaging BA5) leaves until the last millisecond of the agreement, and not after', async () => {
    const task = await sentTask(vendor('active'));
    clock.at = AFTER_END - 1;
    const last = await attempt(task, vendor('active'));
    expect([last.fate, last.basis, last.purpose]).toEqual(['accepted', 'business-associate', 'HOPERAT']);
    clock.at = AFTER_END;
    const late = await attempt(task, vendor('active'));
    expect([late.fate, late.policy, late.exception]).toEqual([
      'withheld',
      'agreement',
      'privacy-precondition',
    ]);
    clock.at = MORNING;
  });

  test('(baa-messaging BA15) has the version of the Contract under which it left', async () => {
    const { agreement: standing, deciding = [] } = await attempt(
      await sentTask(vendor('active')),
      vendor('active'),
    );
    expect(standing).toMatchObject({ state: 'active', contract: 'Contract/active' });
    expect(deciding).toContainEqual(expect.stringMatching(/^Contract\/active\/_history\/\d+$/));
  });

  test('(baa-messaging BA15) and so has the audit of what was written', async () => {
    const task = await sentTask(vendor('active'));
    const { entry = [] } = await world.bundle(initiator, `AuditEvent?entity=${task}`);
    expect(JSON.stringify(entry)).toMatch(/Contract\/active\/_history\/\d+/);
    const told = await world.bundle(callerFor(vendor('active')), `AuditEvent?entity=${task}`);
    expect(told.entry?.length).toBeGreaterThan(0);
  });

  test('asks a person of the sender once the agreement is revoked, with the Contract, and is not sent later', async () => {
    const to = vendor('active');
    const task = await sentTask(to);
    await putContract(world.store, 'active', {
      principal: A,
      associate: to,
      status: 'revoked',
      reason: { code: 'other' },
    });
    const ended = await attempt(task, to);
    const parts = { store: world.store, clock, newId: () => crypto.randomUUID() };
    const item = await openWithheld(parts, ended);
    expect(item).toBeDefined();
    const { deliveryOutcomes: _outbox, audit, ...commit } = outcomeCommit(ended, undefined, item);
    expect(audit.map(({ event, issue, outcome }) => [event, issue, outcome])).toEqual([
      ['deliver', 'agreement-not-active', '4'],
      ['gate-denied', 'agreement-not-active', '4'],
    ]);
    await world.store.commit({ ...commit, audit, deliveryOutcomes: [] });
    const { json } = await world.ask(initiator, 'GET', item?.write.ref ?? '');
    expect(json).toMatchObject({ owner: { reference: A }, focus: { reference: task } });
    expect(JSON.stringify(json?.['input'])).toContain('"Contract/active"');
    const { issues } = await world.ask(callerFor(to), 'GET', item?.write.ref ?? '');
    expect(issues[0]?.code).toBe('not-found');
    await putContract(world.store, 'active', { principal: A, associate: to });
  });

  test('(harmony Z44) a Subscription opens no work item', async () => {
    const to = vendor('active');
    const task = await sentTask(to);
    clock.at = AFTER_END;
    const ended = await attempt(task, to);
    const entry = { ...ended.entry, receiver: 'Subscription/1' as const };
    const parts = { store: world.store, clock, newId: () => crypto.randomUUID() };
    expect(await openWithheld(parts, { ...ended, entry })).toBeUndefined();
    clock.at = MORNING;
  });
});
