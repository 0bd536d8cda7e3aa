/** Steps before an import stand in `$timeline` in an administrator's name: nobody else makes one (rules 1.16). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { PAST_STEP } from '../../../src/resources/past-step.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  initiator,
  openWorld,
  recipient,
  refOf,
  type Stored,
  type World,
} from '../../world.ts';

let world: World;
let order: Stored;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient');
  const subject = refOf(await world.create(initiator, make.patient()));
  const [requester, performer] = ['Organization/initiator', 'Organization/recipient'];
  order = await world.create(initiator, make.serviceRequest({ subject, requester, performer }));
});
afterAll(() => world.close());

const step = (target: Resource, coding: readonly object[], more: object = {}): Resource => ({
  resourceType: 'Provenance',
  target: [make.to(refOf(target))],
  recorded: '2019-05-02T00:00:00Z',
  occurredDateTime: '2019-05-01T00:00:00Z',
  activity: { coding, text: 'Accepted by telephone' },
  agent: [{ who: { display: 'Administrator' } }],
  ...more,
});
const OTHER = { system: 'http://example.org/steps', code: 'call' };
const pastOf = async (target: Resource): Promise<readonly string[]> => {
  const { text = '' } = await world.ask(initiator, 'GET', `${refOf(target)}/$timeline`);
  const { entry } = JSON.parse(text) as { readonly entry: readonly { readonly resource: object }[] };
  return entry.map(({ resource }) => JSON.stringify(resource)).filter((one) => one.includes('"past"'));
};

test('(rules 1.16) a client’s mark of a past step is dropped at every door, and that is said', async () => {
  const own = await world.create(recipient, step(order, [OTHER]));
  const marked = { ...own, activity: { coding: [OTHER, PAST_STEP], text: 'x' } };
  const patch = [{ op: 'add', path: '/activity/coding/-', value: PAST_STEP }];
  const entry = { method: 'POST', url: 'Provenance', resource: step(order, [PAST_STEP]) } as const;
  const answers = [
    await world.ask(recipient, 'POST', 'Provenance', step(order, [PAST_STEP])),
    await world.ask(recipient, 'PUT', refOf(own), marked),
    await world.ask(recipient, 'PATCH', refOf(own), patch),
    await world.ask(recipient, 'POST', '', make.transaction(entry)),
  ];
  for (const { status, text } of answers) {
    expect(status).toBeLessThan(300);
    expect(text).not.toContain(PAST_STEP.system);
  }
  for (const { headers } of answers.slice(0, 3)) expect(headers['Warning']).toContain('dropped the mark');
  expect(await pastOf(order)).toEqual([]);
});

test('(rules 1.16) what an import recorded may be written back, and its change is no step', async () => {
  const custodian = 'https://closeloop.dev/fhir/StructureDefinition/custodian';
  const meta = { extension: [{ url: custodian, valueReference: make.to('Organization/initiator') }] };
  const [patient, request, task] = ['Patient/old', 'ServiceRequest/old', 'Task/old'];
  const parties = { requester: 'Organization/initiator', owner: 'Organization/recipient' };
  const asked = make.serviceRequest({
    subject: patient,
    requester: parties.requester,
    performer: parties.owner,
    placer: 'old',
  });
  const brought = [
    { ...make.patient(), id: 'old' },
    { ...asked, id: 'old' },
    { ...make.task({ focus: request, for: patient, ...parties }), id: 'old' },
    { ...step({ resourceType: 'ServiceRequest', id: 'old' }, []), id: 'old', activity: { text: 'Called' } },
  ].map((resource: Resource) => ({
    method: 'PUT' as const,
    url: refOf(resource),
    resource: { ...resource, meta },
  }));
  expect((await world.ask(administrator, 'POST', '', make.transaction(...brought))).text).toContain(task);
  const { json } = await world.ask(initiator, 'GET', 'Provenance/old');
  expect((await world.ask(initiator, 'PUT', 'Provenance/old', json)).status).toBe(200);
  const before = await pastOf({ resourceType: 'ServiceRequest', id: 'old' });
  expect(before).toHaveLength(1);
  const changed = { ...json, occurredDateTime: '2018-01-01T00:00:00Z' };
  const answer = await world.ask(initiator, 'PUT', 'Provenance/old', changed);
  expect([answer.status, answer.text?.includes(PAST_STEP.system)]).toEqual([200, false]);
  expect(await pastOf({ resourceType: 'ServiceRequest', id: 'old' })).toEqual(before);
});
