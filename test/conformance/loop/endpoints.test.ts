/** By which of its Endpoints a party is told: those that it has at that moment, however often they changed (rules 6.2). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { messagesOf } from './facts.ts';
import { buildPatch, makeReferral, writing } from './referrals.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const connectionType = {
  system: 'https://closeloop.dev/fhir/CodeSystem/endpoint-connection-type',
  code: 'capture',
};

/** Who is told of an acceptance now. */
async function toldNow(): Promise<string> {
  const { task } = await makeReferral(server, '2.0');
  const { version } = await server.ask('recipient', 'PATCH', task, buildPatch(writing('3.0')));
  return (await messagesOf(server, task, version)).split(', ').sort().join(', ');
}

test('one that is added, switched off, moved to another organization or deleted counts from the next commit', async () => {
  const write = (id: string, more: object = {}) =>
    server.ask('administrator', 'PUT', `Endpoint/${id}`, {
      ...make.endpoint('initiator', { connectionType }),
      id,
      ...more,
    });
  expect(await toldNow()).toBe('send-acceptance to Endpoint/initiator');
  await write('second');
  expect(await toldNow()).toBe('send-acceptance to Endpoint/initiator, send-acceptance to Endpoint/second');
  await write('initiator', { status: 'off' });
  expect(await toldNow()).toBe('send-acceptance to Endpoint/second');
  const [{ status }, { status: deleted }] = [
    await write('initiator'),
    await server.ask('administrator', 'DELETE', 'Endpoint/second'),
  ];
  expect([status, deleted]).toEqual([200, 204]);
  expect(await toldNow()).toBe('send-acceptance to Endpoint/initiator');
  await write('initiator', { managingOrganization: make.to('Organization/stranger') });
  expect(await toldNow()).toBe('');
});
