/** What is bounded of parties (docs/directory.md). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';

const MAX = 6;

let server: TestServer;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient'], '--private-parties-max', String(MAX));
});
afterAll(() => server.close());

const refOf = ({ resourceType, id }: Resource): Ref => `${resourceType}/${id ?? ''}`;
const clinic = { resourceType: 'Organization', name: 'Clinic' };
const post = (who: string, resource: Resource) => server.ask(who, 'POST', resource.resourceType, resource);
const bundleOf = (count: number) =>
  make.transaction(
    ...Array.from({ length: count }, () => ({
      method: 'POST' as const,
      url: 'Organization',
      resource: clinic,
    })),
  );

describe('(directory DR35) private parties of one organization', () => {
  test('are counted over all types and deleted ones, and one past the bound is refused, whatever the door', async () => {
    const first = await server.create('initiator', clinic);
    await server.create('initiator', { resourceType: 'Practitioner', name: [{ family: 'Outside' }] });
    await server.create('initiator', { resourceType: 'Location', name: 'Ward' });
    expect((await server.ask('initiator', 'DELETE', refOf(first))).status).toBe(204);
    const over = await server.ask('initiator', 'POST', '', bundleOf(MAX - 2));
    expect([over.status, over.code]).toEqual([507, 'private-parties-full']);
    expect((await server.ask('initiator', 'POST', '', bundleOf(MAX - 3))).status).toBe(200);
    const one = await post('initiator', clinic);
    expect([one.status, one.code, one.says]).toEqual([
      507,
      'private-parties-full',
      `An organization keeps at most ${MAX} private records of others; deleted records count.`,
    ]);
  });

  test('what is there is edited, the directory is not counted, and others keep their own', async () => {
    const [known] = await server.search('initiator', 'Organization?name=Clinic');
    const edited = { ...known, name: 'Clinic West' };
    expect((await server.ask('initiator', 'PUT', refOf(known ?? clinic), edited)).status).toBe(200);
    const own = {
      resourceType: 'HealthcareService',
      providedBy: make.to('Organization/initiator'),
    };
    expect([(await post('initiator', own)).status, (await post('recipient', clinic)).status]).toEqual([
      201, 201,
    ]);
  });
});

test('(directory DR35) a department stands for its member five steps up, and is refused beyond', async () => {
  let above = 'recipient';
  for (const id of ['d1', 'd2', 'd3', 'd4', 'd5', 'd6']) {
    const department = {
      resourceType: 'Organization',
      id,
      name: id,
      partOf: make.to(`Organization/${above}`),
    };
    expect((await server.ask('administrator', 'PUT', `Organization/${id}`, department)).status).toBe(201);
    above = id;
  }
  const subject = refOf(await server.create('initiator', make.patient()));
  const order = (performer: Ref) =>
    post(
      'initiator',
      make.serviceRequest({ subject, requester: 'PractitionerRole/initiator', performer, placer: performer }),
    );
  const near = await order('Organization/d5');
  expect((await server.ask('recipient', 'GET', near.link ?? 'Task/0')).status).toBe(200);
  const far = await order('Organization/d6');
  expect([far.status, far.code, far.says]).toEqual([
    422,
    'party-unresolved',
    'More than five steps lead from Organization/d6 to its organization.',
  ]);
});
