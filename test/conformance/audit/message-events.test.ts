/** One message and its events: refused, sent, read, masked and retracted, each with what an auditor asks of it. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AuditEvent, Ref } from '../../../src/fhir/types.ts';
import { PARTY_KIND_SYSTEM } from '../../../src/resources/parties/kinds.ts';
import { agreement, type AgreementSpec } from '../../agreements.ts';
import { buildWrite } from '../../contract/delivery-world.ts';
import * as make from '../../resources.ts';
import { openFakeClamd, type FakeClamd } from '../../malware-scanners.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';

const A: Ref = 'Organization/initiator';
const V: Ref = 'Organization/recipient';
const FILE = Buffer.from('what the message carries');
const SHA256 = createHash('sha256').update(FILE).digest('hex');
const DISCLOSE = 'subtype=http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle|disclose';

let clamd: FakeClamd;
let server: TestServer;
beforeAll(async () => {
  clamd = await openFakeClamd();
  server = await openServer(undefined, '--clamd-address', clamd.address);
  const { type: _type, ...stored } = await server.read('administrator', V);
  const type = [{ coding: [{ system: PARTY_KIND_SYSTEM, code: 'business-associate' }] }];
  await server.ask('administrator', 'PUT', V, { ...stored, type });
});
afterAll(async () => {
  await server.close();
  await clamd.close();
});

/** An agreement as it stands in the store, whatever led there. */
async function put(spec: AgreementSpec): Promise<void> {
  const { store } = server.running;
  const contract = agreement({
    id: 'baa',
    principal: A,
    associate: V,
    start: '2020-01-01',
    end: null,
    ...spec,
  });
  const current = await store.snapshot().read('Contract/baa', { everything: true });
  await store.commit({
    writes: [{ ...buildWrite('Contract/baa', current?.seq ?? 0, JSON.stringify(contract)), custodian: A }],
    preconditions: [],
    expects: [],
    audit: [
      {
        event: 'update',
        action: 'U',
        outcome: '0',
        agent: { organization: A, client: 'test', subject: 'test' },
        requestId: 'test',
        entities: [],
        patients: [],
        viewers: [],
      },
    ],
    outbox: [],
    deliveryOutcomes: [],
  });
}

const events = async (who: string, query: string): Promise<readonly AuditEvent[]> =>
  (await server.search(who, `AuditEvent?${query}&_sort=date`)) as unknown as readonly AuditEvent[]; // a search of AuditEvents
const codes = (found: readonly AuditEvent[]) =>
  found.map(({ outcome, subtype = [] }) => [outcome, ...subtype.map(({ code }) => code)]);
const details = ({ entity = [] }: AuditEvent) =>
  Object.fromEntries(
    entity.flatMap(({ detail = [] }) => detail.map(({ type, valueString }) => [type, valueString])),
  );

test('(baa-messaging MS50) (baa-messaging MS53) one message and its events', async () => {
  const patient = refOf(await server.create('initiator', make.patient()));
  const file = { resourceType: 'Binary', contentType: 'text/plain', data: FILE.toString('base64') };
  const url = refOf(await server.create('initiator', file));
  const message = {
    resourceType: 'Communication',
    status: 'in-progress',
    subject: { reference: patient },
    sender: { reference: A },
    recipient: [{ reference: V }],
    payload: [
      { contentString: 'Please code this visit.' },
      { contentAttachment: { contentType: 'text/plain', url } },
    ],
  };
  expect((await server.ask('initiator', 'POST', 'Communication', message)).code).toBe('agreement-not-active');
  expect(codes(await events('initiator', `agent=${V}&content-hash=${SHA256}&outcome=4`))).toEqual([
    ['4', 'create'],
  ]);

  await put({});
  const sent = refOf(await server.create('initiator', message));
  expect((await server.ask('recipient', 'GET', sent)).status).toBe(200);
  expect((await server.ask('recipient', 'GET', url)).status).toBe(200);
  await put({ status: 'revoked', reason: { code: 'service-ended' } });
  expect((await server.ask('recipient', 'GET', sent)).text).not.toContain('Please code');
  const retract = [
    { op: 'replace', path: '/status', value: 'entered-in-error' },
    { op: 'add', path: '/statusReason', value: { text: 'the wrong vendor' } },
  ];
  expect((await server.ask('initiator', 'PATCH', sent, retract)).status).toBe(200);

  const story = await events('initiator', `entity=${sent}`);
  expect(codes(story)).toEqual([
    ['0', 'create'],
    ['0', 'disclose'],
    ['0', 'read', 'disclose'],
    ['0', 'read'],
    ['0', 'patch'],
    ['0', 'deprecate'],
  ]);
  const rows = await server.running.store.snapshot().audit({ viewer: undefined, names: [sent], count: 50 });
  const named = rows.map(({ entry }) => entry.event).filter((event) => event.startsWith('message-'));
  expect(named).toEqual(['message-retracted', 'message-sent']);
  const [created, told, , masked] = story;
  expect(details(created as AuditEvent)).toMatchObject({
    content: 'phi',
    'content-decided-by': expect.any(String),
  });
  expect(details(told as AuditEvent)).toMatchObject({
    rail: 'inbox',
    content: 'phi',
    'content-decided-by': expect.any(String),
    'agreement-state': 'active',
    sha256: SHA256,
    bytes: expect.stringMatching(/^\d+$/),
  });
  expect(told?.agent.map(({ who }) => who?.reference)).toEqual(expect.arrayContaining([A, V]));
  expect(told?.entity?.map(({ what }) => what?.reference)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^Contract\/baa\/_history\/\d+$/)]),
  );
  expect(JSON.stringify(masked)).not.toContain(SHA256);

  expect(codes(await events('initiator', `agent=${V}&content-hash=${SHA256}&${DISCLOSE}`))).toEqual([
    ['0', 'disclose'],
    ['0', 'read', 'disclose'],
  ]);
  const theirs = await events('recipient', `agent=${V}&content-hash=${SHA256}&${DISCLOSE}`);
  expect(theirs).toHaveLength(2);
  expect(JSON.stringify(theirs)).not.toContain('client-initiator');
  expect(JSON.stringify(theirs)).not.toContain('content-decided-by');
});
