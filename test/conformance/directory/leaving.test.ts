/** Members that leave, and who goes on for them (docs/directory.md). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import { removeMember } from '../../../src/operations/write/leaving.ts';
import { admitMember } from '../../../src/operations/members.ts';
import { createFindOrganization } from '../../../src/server/organizations.ts';
import { standingOf } from '../../../src/resources/parties/standing.ts';
import * as make from '../../resources.ts';
import { administrator, callerOf, initiator, openWorld, recipient, refOf, type World } from '../../world.ts';

const LEAVING = 'Organization/initiator';
const NEXT = 'Organization/successor';
const successor = callerOf('successor');
const ADMITTING = { agent: { organization: '', client: 'admin', subject: 'ana' }, requestId: 'r-1' } as const;

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'successor');
  for (const one of [LEAVING, 'Organization/recipient', NEXT] as const)
    await admitMember(context(), one, ADMITTING);
});
afterAll(() => world.close());

const context = () => ({ store: world.store, clock: { now: () => Date.now() }, committed: () => undefined });
const remove = (organization: Ref, next?: Ref) =>
  removeMember(context(), { organization, successor: next }, ADMITTING);
const status = async (who: typeof initiator, ref: string) => (await world.ask(who, 'GET', ref)).status;

test('(directory DR6) who has sent open referrals leaves with a successor alone, who goes on with them', async () => {
  const patient = refOf(await world.create(initiator, make.patient()));
  const refer = async (placer: string) => {
    const parties = {
      subject: patient,
      requester: 'PractitionerRole/initiator',
      performer: 'PractitionerRole/recipient',
    };
    const order = await world.create(initiator, make.serviceRequest({ ...parties, placer }));
    const { entry = [] } = await world.bundle(initiator, `Task?focus=${refOf(order)}`);
    return `Task/${entry[0]?.resource?.id}`;
  };
  const [open, ended] = [await refer('open'), await refer('ended')];
  const wrong = [
    { op: 'replace', path: '/status', value: 'entered-in-error' },
    { op: 'add', path: '/statusReason', value: { text: 'Another patient was meant' } },
  ];
  expect((await world.ask(initiator, 'PATCH', ended, wrong)).status).toBe(200);
  await expect(remove(LEAVING)).rejects.toMatchObject({ code: 'referrals-open' });
  await expect(remove(LEAVING, 'Organization/nobody')).rejects.toMatchObject({ code: 'not-found' });
  await expect(remove(LEAVING, LEAVING)).rejects.toMatchObject({ code: 'parameter-invalid' });
  const find = createFindOrganization(world.store);
  expect(await find({ reference: LEAVING })).toBe(LEAVING);

  await remove(LEAVING, NEXT);
  expect(await find({ reference: LEAVING })).toBeUndefined();
  const left = (await world.ask(recipient, 'GET', LEAVING)).json;
  expect(left && standingOf(left)).toBe('listed');
  expect(JSON.stringify(left?.['extension'])).toContain(NEXT);
  expect([
    await status(successor, open),
    await status(successor, patient),
    await status(successor, ended),
  ]).toEqual([200, 200, 404]);
  const move = (who: typeof initiator, value: string) =>
    world.ask(who, 'PATCH', open, [
      { op: 'replace', path: '/status', value },
      { op: 'remove', path: '/businessStatus' },
    ]);
  expect((await move(recipient, 'accepted')).status).toBe(200);
  expect((await move(successor, 'cancelled')).status).toBe(200);
});

test('(directory DR6) whoever has sent none leaves as it is, its Subscriptions off, and only once', async () => {
  const hook = (status: string) =>
    world.create(recipient, {
      resourceType: 'Subscription',
      status,
      reason: 'test',
      criteria: 'Task?status=accepted',
      channel: { type: 'rest-hook', endpoint: 'https://hooks.example.org/' },
    });
  const hooks = [await hook('requested'), await hook('off')];
  const before = await Promise.all(hooks.map((one) => world.ask(administrator, 'GET', refOf(one))));
  expect(before.map(({ json }) => json?.['status'])).toEqual(['active', 'off']);
  await remove('Organization/recipient');
  const after = await Promise.all(hooks.map((one) => world.ask(administrator, 'GET', refOf(one))));
  expect(after.map(({ json }) => json?.['status'])).toEqual(['off', 'off']);
  await expect(remove('Organization/recipient')).rejects.toMatchObject({ code: 'not-found' });
});
