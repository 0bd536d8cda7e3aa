/** What is asked again just before an entry leaves, on a real store; and what of a version is shown. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type GateDecision, type Gate, createGates } from '../../../src/delivery/gates.ts';
import { createPresent, compartmentPatientsIn, present } from '../../../src/delivery/subject.ts';
import { POLICIES, type Policy } from '../../../src/policies/index.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import type { Sight } from '../../../src/ports/query.ts';
import {
  buildClaimed,
  buildEntry,
  openWorld,
  SUBSCRIBER,
  type Stored,
  type World,
} from '../../contract/delivery-world.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const SUBSCRIPTION: Stored = {
  resourceType: 'Subscription',
  id: 's',
  status: 'active',
  criteria: 'Task?status=accepted',
  channel: { type: 'rest-hook', endpoint: 'https://hooks.example.org/' },
};
const ENDPOINT: Stored = { resourceType: 'Endpoint', id: 'e', status: 'active' };
const TASK: Stored = { resourceType: 'Task', id: 't', status: 'accepted' };
const PERMITTED: GateDecision = { permitted: true, policy: 'treatment' };

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** Commits receiver and subject, lets the world change, then asks. */
async function ask(
  receiver: Stored,
  meanwhile: () => Promise<unknown> = async () => undefined,
  sight: Sight = { everything: false, organization: SUBSCRIBER },
  policies: Gate = async () => PERMITTED,
): Promise<GateDecision> {
  await world.put(receiver);
  const seq = await world.put(TASK);
  await meanwhile();
  const ref: Ref = `${receiver.resourceType}/${receiver.id}`;
  const entry = { ...buildClaimed(buildEntry('rest-hook', ref, 'Task/t'), seq), sight };
  const gates = createGates({
    criteria: () => ({ base: 'https://closeloop.example/fhir', now: NOW }),
    policies,
    clock: { now: () => NOW },
  });
  return gates(entry, world.store.snapshot(), world.store.snapshot(seq));
}

describe('permitted', () => {
  test.each([
    ['a Subscription', SUBSCRIPTION],
    ['a Subscription with an end to come', { ...SUBSCRIPTION, end: '2026-03-01T12:00:01Z' }],
    ['an Endpoint', ENDPOINT],
  ])('%s', async (_what, receiver) => expect(await ask(receiver)).toEqual(PERMITTED));

  test('a subject that changed since: its version of the commit was selected', async () => {
    expect(await ask(SUBSCRIPTION, () => world.put({ ...TASK, status: 'completed' }))).toEqual(PERMITTED);
  });
});

describe('withheld', () => {
  test.each<[string, Stored, () => Promise<unknown>, string]>([
    ['a deleted Subscription', SUBSCRIPTION, () => world.remove('Subscription/s'), 'receiver-gone'],
    [
      'a Subscription switched off',
      SUBSCRIPTION,
      () => world.put({ ...SUBSCRIPTION, status: 'off' }),
      'receiver-off',
    ],
    [
      'a Subscription that has ended',
      { ...SUBSCRIPTION, end: '2026-03-01T12:00:00Z' },
      async () => undefined,
      'receiver-off',
    ],
    ['an Endpoint switched off', ENDPOINT, () => world.put({ ...ENDPOINT, status: 'off' }), 'receiver-off'],
    ['a deleted Endpoint', ENDPOINT, () => world.remove('Endpoint/e'), 'receiver-gone'],
    [
      'criteria that changed',
      SUBSCRIPTION,
      () => world.put({ ...SUBSCRIPTION, criteria: 'Task?status=rejected' }),
      'criteria',
    ],
  ])('%s', async (_what, receiver, meanwhile, policy) => {
    expect(await ask(receiver, meanwhile)).toEqual({ permitted: false, policy, why: expect.any(String) });
  });

  test('a receiver that may not see the subject any more', async () => {
    const answer = await ask(SUBSCRIPTION, undefined, {
      everything: false,
      organization: 'Organization/other',
    });
    expect(answer).toEqual({ permitted: false, policy: 'sight', why: expect.any(String) });
  });

  test('what a policy denies, asked last and as of now', async () => {
    const denied: GateDecision = {
      permitted: false,
      policy: 'patient-consent',
      why: 'consent was withdrawn',
    };
    const asked: number[] = [];
    const policies: Gate = async (_entry, now) => {
      asked.push(now.seq);
      return denied;
    };
    expect(await ask(SUBSCRIPTION, undefined, undefined, policies)).toEqual(denied);
    expect(asked).toEqual([world.store.status().seq]);
    await ask(SUBSCRIPTION, () => world.remove('Subscription/s'), undefined, policies);
    expect(asked).toHaveLength(1);
  });
});

describe('what is shown', () => {
  const version = (resource: string, ref: Ref) =>
    ({ ref, seq: 1, at: '', method: 'PUT', custodian: SUBSCRIBER, text: resource }) as const;
  const own: Sight = { everything: false, organization: SUBSCRIBER };
  const other: Sight = { everything: false, organization: 'Organization/other' };

  test('a type with nothing to hide, as it is stored', () => {
    const text = '{"resourceType":"Observation","id":"o","valueQuantity":{"value":1.50}}';
    expect(present(version(text, 'Observation/o'), other)).toBe(text);
  });

  test('a Subscription without its secrets, to anyone', () => {
    const text = JSON.stringify({
      ...SUBSCRIPTION,
      channel: { type: 'rest-hook', header: ['X-Key: secret'] },
    });
    for (const sight of [own, other, { everything: true } as const]) {
      expect(present(version(text, 'Subscription/s'), sight)).not.toContain('secret');
    }
  });

  test('an Endpoint with its address to its own organization alone', () => {
    const endpoint = {
      ...ENDPOINT,
      managingOrganization: { reference: SUBSCRIBER },
      address: 'https://inner/',
    };
    const text = JSON.stringify(endpoint);
    expect(present(version(text, 'Endpoint/e'), own)).toContain('https://inner/');
    expect(present(version(text, 'Endpoint/e'), other)).not.toContain('https://inner/');
  });
});

describe('(compliance L1) what a policy obliges the server to do', () => {
  const label = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'NOAUTH' };
  const sensitive: Policy = {
    name: 'sensitive',
    law: 'a test',
    vote: () => 'abstain',
    obliges: ({ content, from, to }) =>
      content['code'] === 'sensitive' && from !== to ? [{ kind: 'label', label }] : [],
  };
  const show = createPresent([...POLICIES, sensitive]);
  const text = '{"resourceType":"Observation","id":"o","code":"sensitive","valueQuantity":{"value":1.50}}';
  const stored = { ref: 'Observation/o', text, custodian: SUBSCRIBER } as const;
  const other: Sight = { everything: false, organization: 'Organization/other' };

  test('is done to what another organization is shown, and its numbers stay', () => {
    const shown = show(stored, other);
    expect(JSON.parse(shown)).toMatchObject({ id: 'o', meta: { security: [label] } });
    expect(shown).toContain('1.50');
  });

  test('is not done to the text of its keeper, nor for an administrator, nor where the policy says nothing', () => {
    expect(show(stored, { everything: false, organization: SUBSCRIBER })).toBe(text);
    expect(show(stored, { everything: true })).toBe(text);
    const plain = text.replace('sensitive', 'plain');
    expect(show({ ...stored, text: plain }, other)).toBe(plain);
  });

  test('costs nothing where no policy obliges', () => {
    expect(present(stored, other)).toBe(text);
  });
});

test('the patients of a subject', () => {
  const task = {
    resourceType: 'Task',
    for: { reference: 'Patient/p' },
    owner: { reference: 'Organization/o' },
  };
  expect(compartmentPatientsIn('Task/t', task)).toEqual(['Patient/p']);
  expect(compartmentPatientsIn('Patient/p', { resourceType: 'Patient', id: 'p' })).toEqual(['Patient/p']);
  expect(compartmentPatientsIn('Organization/o', { resourceType: 'Organization', id: 'o' })).toEqual([]);
});
