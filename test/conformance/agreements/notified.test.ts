/** Both parties are told of the versions of an agreement that they see (baa-messaging BA9), and whoever signs reads the document (BA2). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { agreement } from '../../agreements.ts';
import { openServer, type TestServer } from '../../server.ts';

let server: TestServer;
let document: string;
beforeAll(async () => {
  server = await openServer();
  const { resourceType, id } = await server.create('initiator', {
    resourceType: 'Binary',
    contentType: 'application/pdf',
    data: 'JVBERi0xLjQK',
  });
  document = `${resourceType}/${id}`;
  const kind = { system: 'https://closeloop.dev/fhir/CodeSystem/party-kind', code: 'business-associate' };
  const vendor = await server.read('administrator', 'Organization/recipient');
  const written = await server.ask('administrator', 'PUT', 'Organization/recipient', {
    ...vendor,
    type: [{ coding: [kind] }],
  });
  if (written.status !== 200) throw new Error(written.text);
});
afterAll(() => server.close());

const subscribe = (who: string): Promise<{ readonly id: string }> =>
  server.create(who, {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'agreements',
    criteria: 'Contract?',
    channel: { type: 'rest-hook', endpoint: `https://${who}.example.org/hook` },
  });

test('of its preparation the principal alone; from the offer on both; and the associate reads what it is to sign', async () => {
  const [ours, theirs] = [await subscribe('initiator'), await subscribe('recipient')];
  const made = agreement({
    status: 'policy',
    signed: [],
    principal: 'Organization/initiator',
    associate: 'Organization/recipient',
  });
  const prepared = await server.create(
    'initiator',
    JSON.parse(JSON.stringify(made).replace('Binary/agreement', document)),
  );
  const toldOf = async (): Promise<readonly number[]> => {
    const rows = await server.outboxOf(`Contract/${prepared.id}`);
    return [ours, theirs].map(
      ({ id }) => rows.filter(({ receiver }) => receiver === `Subscription/${id}`).length,
    );
  };
  expect(await toldOf()).toEqual([1, 0]);
  expect((await server.ask('recipient', 'GET', document)).status).toBe(404);
  const offered = await server.ask('initiator', 'PUT', `Contract/${prepared.id}`, {
    ...prepared,
    status: 'offered',
  });
  expect([offered.status, offered.says]).toEqual([200, '']);
  expect(await toldOf()).toEqual([2, 1]);
  expect((await server.ask('recipient', 'GET', document)).status).toBe(200);
  expect((await server.ask('stranger', 'GET', document)).status).toBe(404);
});
