/** What is read for a message is bounded, and whom it must name is read first, whatever else an order refers to. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import { commitViewOf } from '../../../src/operations/referral-messages/commit-view.ts';
import { loadReferralEvent } from '../../../src/operations/referral-messages/load-referral.ts';
import { buildClaimed, buildEntry, openWorld, type World } from '../../contract/delivery-world.ts';
import { to } from '../../resources.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld({ pragmas: ['synchronous=OFF'] });
});
afterAll(() => world.close());

const REASONS = Array.from({ length: 210 }, (_, index) => `reason-${index}`);

test('(rules 1.15) an order with hundreds of reasons names the clinician who ordered', async () => {
  await world.put({ resourceType: 'Organization', id: 'clinic', name: 'Clinic' });
  await world.put({ resourceType: 'Practitioner', id: 'okafor', name: [{ family: 'Okafor' }] });
  await world.put({
    resourceType: 'PractitionerRole',
    id: 'okafor',
    practitioner: to('Practitioner/okafor'),
    organization: to('Organization/clinic'),
  });
  await world.put({ resourceType: 'Patient', id: 'patient', name: [{ family: 'Demo' }] });
  for (const id of REASONS)
    await world.put({ resourceType: 'Condition', id, subject: to('Patient/patient'), code: { text: id } });
  await world.put({
    resourceType: 'ServiceRequest',
    id: 'order',
    status: 'active',
    intent: 'order',
    subject: to('Patient/patient'),
    requester: to('PractitionerRole/okafor'),
    reasonReference: [...REASONS, ...REASONS.map((id) => `absent-${id}`)].map((id) => to(`Condition/${id}`)),
  });
  const seq = await world.put({
    resourceType: 'Task',
    id: 'referral',
    status: 'received',
    intent: 'order',
    focus: to('ServiceRequest/order'),
    for: to('Patient/patient'),
  });

  const entry = {
    ...buildEntry('hl7v2-mllp', 'Endpoint/tidewater', 'Task/referral'),
    event: 'send-referral-package',
  };
  const source = commitViewOf(world.store.snapshot());
  const read = new Set<Ref>();
  const told = await loadReferralEvent(buildClaimed(entry, seq, 1), {
    ...source,
    resource(ref) {
      read.add(ref);
      return source.resource(ref);
    },
  });
  const { resolve } = told?.referral ?? {};
  expect(resolve?.({ reference: 'Practitioner/okafor' })?.['name']).toEqual([{ family: 'Okafor' }]);
  expect(resolve?.({ reference: 'Condition/reason-0' })).toBeDefined();
  expect([...read].filter((ref) => ref.startsWith('Condition/')).length).toBeLessThanOrEqual(200);
});
