/** Whoever operates the way out needs an agreement as well (baa-messaging BA18; harmony Z44). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CONDUITS, servicesOfWay } from '../../../src/agreements/carriers.ts';
import { readCarriers, readWay } from '../../../src/delivery/carriers.ts';
import { createGates } from '../../../src/delivery/gates.ts';
import type { EndedDelivery } from '../../../src/delivery/outcome.ts';
import { createPolicyGate } from '../../../src/delivery/policy-gate.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import systems from '../../../src/resources/generated/code-systems.json' with { type: 'json' };
import { openWithheld } from '../../../src/operations/withheld-delivery.ts';
import { buildClaimed, buildEntry } from '../../contract/delivery-world.ts';
import * as make from '../../resources.ts';
import { administrator, callerOf, openWorld, refOf, type Stored, type World } from '../../world.ts';
import { putContract } from './put-contract.ts';

const MORNING = Date.parse('2026-06-01T08:00:00Z');
const AFTER_END = Date.parse('2027-02-01T00:00:00Z');
const clock = { at: MORNING, now: () => clock.at };
const A: Ref = 'Organization/clinic';
const TO: Ref = 'Organization/specialist';
const HOST: Ref = 'Organization/host';
const CARRIER: Ref = 'Organization/fax-co';
const clinic = callerOf('clinic');

let world: World;
beforeAll(async () => {
  world = await openWorld({ store: { clock }, engine: { clock } });
  await world.seedDirectory('clinic', 'specialist', 'host', 'fax-co');
});
afterAll(() => world.close());

async function sentTask(): Promise<Ref> {
  const subject = refOf(await world.create(clinic, make.patient()));
  const order = await world.create(clinic, make.serviceRequest({ subject, requester: A, performer: TO }));
  const { entry = [] } = await world.bundle(clinic, `Task?focus=${refOf(order)}`);
  return refOf(entry[0]?.resource as unknown as Stored);
}

/** Asks the gates about telling the specialist of a Task over the rail `capture`. */
async function attempt(task: Ref, ...carriers: readonly string[]): Promise<EndedDelivery> {
  const policies = createPolicyGate({
    clock,
    partyKindDefault: 'provider',
    communityNeedsAuthorization: false,
    carriers: readCarriers(carriers),
  });
  const gates = createGates({ criteria: () => ({ base: '', now: clock.at }), policies, clock });
  const snapshot = world.store.snapshot();
  const sight = { everything: false, organization: TO } as const;
  const entry = { ...buildClaimed(buildEntry('capture', 'Endpoint/specialist', task), snapshot.seq), sight };
  const { permitted, why = '', ...decided } = await gates(entry, snapshot, snapshot);
  return { entry, fate: permitted ? 'accepted' : 'withheld', why, ...decided };
}

describe('(baa-messaging BA18) a carrier of a rail', () => {
  test('without a row, and of another rail, is a conduit', async () => {
    const task = await sentTask();
    expect((await attempt(task)).fate).toBe('accepted');
    expect((await attempt(task, `fax=${CARRIER}`)).fate).toBe('accepted');
    expect((await attempt(task, `capture=${A}`)).fate).toBe('accepted'); // its own
  });

  test('without an agreement withholds, and asks the sender once', async () => {
    const task = await sentTask();
    const ended = await attempt(task, `capture=${CARRIER}`);
    expect([ended.fate, ended.policy, ended.exception, ended.why]).toEqual([
      'withheld',
      'carrier-agreement',
      'privacy-precondition',
      'capture is run by fax-co, with whom there is no agreement in force. Contract',
    ]);
    const parts = { store: world.store, clock, newId: () => crypto.randomUUID() };
    const item = await openWithheld(parts, ended);
    expect(item?.write.text?.pieces.join('')).toContain('"carrier-agreement"');
    const toSubscription = { ...ended, entry: { ...ended.entry, receiver: 'Subscription/1' as const } };
    expect(await openWithheld(parts, toSubscription)).toBeUndefined();
  });

  test('(baa-messaging BA7) stands by the operator of the server, to the millisecond', async () => {
    const task = await sentTask();
    await putContract(world.store, 'hosting', {
      principal: A,
      associate: HOST,
      services: ['it-hosting', 'fax'],
    });
    await putContract(world.store, 'fax', {
      principal: HOST,
      associate: CARRIER,
      kinds: ['subcontractor-baa'],
      services: ['it-hosting'],
    });
    expect((await attempt(task, `capture=${CARRIER}`)).fate).toBe('accepted');
    clock.at = AFTER_END - 1;
    expect((await attempt(task, `capture=${CARRIER}`)).fate).toBe('accepted');
    clock.at = AFTER_END;
    expect((await attempt(task, `capture=${CARRIER}`)).policy).toBe('carrier-agreement');
    clock.at = MORNING;
    await putContract(world.store, 'hosting', { principal: A, associate: HOST, status: 'revoked' });
    expect((await attempt(task, `capture=${CARRIER}`)).policy).toBe('carrier-agreement');
  });

  test('that an Endpoint names comes beside that of its rail, and never instead', async () => {
    const { json } = await world.ask(administrator, 'GET', 'Endpoint/specialist');
    const url = 'https://closeloop.dev/fhir/StructureDefinition/carrier';
    const named = { ...json, extension: [{ url, valueReference: { reference: HOST } }] };
    const before = world.store.snapshot();
    const find = (endpoint: object, rows: readonly string[]) =>
      readWay(before, { rail: 'capture', endpoint: endpoint as Stored }, readCarriers(rows), A, clock.at);
    expect((await find(named, [])).closed).toMatchObject({ carrier: HOST });
    expect((await find(named, [`capture=${CARRIER}`])).closed).toMatchObject({ carrier: CARRIER });
    expect((await find(json ?? {}, [])).closed).toBeUndefined();
  });

  test('is asked for the service that it does: another agreement with it does not do', async () => {
    const task = await sentTask();
    const relay: Ref = 'Organization/relay';
    await world.seedDirectory('relay');
    const fate = async (...services: readonly string[]) => {
      await putContract(world.store, 'relay', { principal: A, associate: relay, services });
      return (await attempt(task, `capture=${relay}`)).fate;
    };
    expect(await fate('billing', 'fax')).toBe('withheld');
    expect(await fate('billing', 'it-hosting')).toBe('accepted');
  });

  test.each(['mail', 'sms', 'pager'])('nobody named who runs %s: it is no conduit', async (rail) => {
    const way = await readWay(world.store.snapshot(), { rail, endpoint: undefined }, new Map(), A, clock.at);
    expect(way).toEqual({ carriers: [], closed: 'nobody' });
    const own = readCarriers([`${rail}=${A}`]);
    const ours = await readWay(world.store.snapshot(), { rail, endpoint: undefined }, own, A, clock.at);
    expect(ours).toEqual({ carriers: [], closed: undefined });
  });

  test('each way names services of the code system', () => {
    const [, ...rows] = systems['https://closeloop.dev/fhir/CodeSystem/ba-service'].split('\n');
    const codes = rows.map((row) => row.split('\t')[0]);
    const ways = [...CONDUITS.keys(), 'mail', 'sms', 'pager'];
    for (const way of ways) for (const service of servicesOfWay(way)) expect(codes).toContain(service);
  });
});
