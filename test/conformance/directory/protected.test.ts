/** What of the directory an organization leaves to an administrator (docs/directory.md). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const MLLP = {
  system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
  code: 'hl7v2-mllp',
};
const refOf = ({ resourceType, id }: Resource): Ref => `${resourceType}/${id ?? ''}`;

describe('(directory Z16) an Endpoint of HL7 v2', () => {
  const link = make.endpoint('recipient', { connectionType: MLLP, address: 'mllp://9.9.9.9:2575' });
  const told = [403, 'party-protected'];

  test('is made, changed and taken away by an administrator alone', async () => {
    const { id: _id, ...created } = link as Resource & { id: string };
    const ask = async (...asked: Parameters<TestServer['ask']>) => {
      const { status, code } = await server.ask(...asked);
      return [status, code];
    };
    expect(await ask('recipient', 'POST', 'Endpoint', created)).toEqual(told);
    expect(await ask('recipient', 'PUT', 'Endpoint/recipient', link)).toEqual(told);
    expect(await ask('administrator', 'PUT', 'Endpoint/recipient', link)).toEqual([200, undefined]);
    const stored = await server.read('recipient', 'Endpoint/recipient');
    expect(await ask('recipient', 'PUT', 'Endpoint/recipient', stored)).toEqual([200, undefined]);
    const other = { ...stored, address: 'mllp://9.9.9.10:2575' };
    expect(await ask('recipient', 'PUT', 'Endpoint/recipient', other)).toEqual(told);
    expect(await ask('recipient', 'PUT', 'Endpoint/recipient', { ...stored, status: 'off' })).toEqual(told);
    const rest = make.endpoint('recipient');
    expect(await ask('recipient', 'PUT', 'Endpoint/recipient', rest)).toEqual(told);
    expect(await ask('recipient', 'DELETE', 'Endpoint/recipient')).toEqual(told);
    expect(await ask('administrator', 'PUT', 'Endpoint/recipient', rest)).toEqual([200, undefined]);
    expect(await ask('recipient', 'PUT', 'Endpoint/recipient', { ...rest, status: 'off' })).toEqual([
      200,
      undefined,
    ]);
  });
});

describe('(directory DR20)', () => {
  test('a listed person is an administrator’s; a private one her keeper’s', async () => {
    const own = refOf(
      await server.create('recipient', { resourceType: 'Practitioner', name: [{ family: 'Own' }] }),
    );
    const rename = (ref: Ref, value = 'Other') =>
      server.ask('recipient', 'PATCH', ref, [{ op: 'replace', path: '/name/0/family', value }]);
    expect((await rename(own)).status).toBe(200);
    // Her keeper gives her a role in the directory: from then on she is everybody's.
    await server.create('recipient', {
      resourceType: 'PractitionerRole',
      organization: make.to('Organization/recipient'),
      practitioner: make.to(own),
    });
    const refused = await rename(own, 'Another');
    expect([refused.status, refused.code, refused.says]).toEqual([
      403,
      'party-protected',
      'Only an administrator changes Practitioner.name.',
    ]);
    expect((await server.ask('recipient', 'PUT', own, await server.read('recipient', own))).status).toBe(200);
    expect(
      (await server.ask('administrator', 'PATCH', own, [{ op: 'add', path: '/active', value: true }])).status,
    ).toBe(200);
  });

  test('who takes part in a network ends that, and changes nothing else of it', async () => {
    const affiliation = {
      resourceType: 'OrganizationAffiliation',
      id: 'network',
      active: true,
      organization: make.to('Organization/initiator'),
      participatingOrganization: make.to('Organization/recipient'),
    };
    expect(
      (await server.ask('administrator', 'PUT', 'OrganizationAffiliation/network', affiliation)).status,
    ).toBe(201);
    const patch = async (who: string, path: string, value: unknown) =>
      (await server.ask(who, 'PATCH', 'OrganizationAffiliation/network', [{ op: 'add', path, value }]))
        .status;
    expect(await patch('recipient', '/code', [{ text: 'leader' }])).toBe(403);
    expect(await patch('stranger', '/active', false)).toBe(403);
    expect(await patch('recipient', '/active', false)).toBe(200);
    expect(await patch('recipient', '/active', true)).toBe(403);
    expect(await patch('initiator', '/active', true)).toBe(200);
  });
});

test('(directory DR6, DR7) who has sent open referrals stays active until they have ended', async () => {
  const patient = refOf(await server.create('initiator', make.patient()));
  const order = make.serviceRequest({
    subject: patient,
    requester: 'PractitionerRole/initiator',
    performer: 'Organization/recipient',
  });
  const { link: task = '' } = await server.ask('initiator', 'POST', 'ServiceRequest', order);
  const leave = (who: string) =>
    server.ask(who, 'PATCH', `Organization/${who}`, [{ op: 'replace', path: '/active', value: false }]);
  const refused = await leave('initiator');
  expect([refused.status, refused.code]).toEqual([409, 'referrals-open']);
  expect(refused.says).toBe(`${task} is open, and its initiator is Organization/initiator.`);
  // Its recipient may: open ones go on, new ones are refused.
  expect((await leave('recipient')).status).toBe(200);
  const again = { ...order, identifier: [make.placer('again')] };
  expect((await server.ask('initiator', 'POST', 'ServiceRequest', again)).code).toBe('party-inactive');
  const decline = [
    { op: 'replace', path: '/status', value: 'rejected' },
    { op: 'add', path: '/statusReason', value: { text: 'No capacity' } },
  ];
  expect((await server.ask('recipient', 'PATCH', task, decline)).status).toBe(200);
  expect((await leave('initiator')).status).toBe(200);
});
