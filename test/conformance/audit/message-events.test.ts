/**
 * One message and its events: composed, refused, sent, delivered, read by two, masked and retracted, each with what an auditor
 * asks of it.
 */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AuditEvent, Ref } from '../../../src/fhir/types.ts';
import type { AuditEntry } from '../../../src/ports/audit.ts';
import { PARTY_KIND_SYSTEM } from '../../../src/resources/parties/kinds.ts';
import { agreement, type AgreementSpec } from '../../agreements.ts';
import { answer as receipt, openReceiver, type Receiver } from '../../contract/receiver.ts';
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

const B: Ref = 'Organization/stranger';

let clamd: FakeClamd;
let receiver: Receiver;
let server: TestServer;
beforeAll(async () => {
  clamd = await openFakeClamd();
  receiver = await openReceiver([receipt(200), receipt(200)]);
  const allowed = ['--subscription-allow-list', '127.0.0.1:*'];
  server = await openServer(
    ['initiator', 'recipient', 'stranger', 'third'],
    '--clamd-address',
    clamd.address,
    ...allowed,
  );
  const { type: _type, ...stored } = await server.read('administrator', V);
  const type = [{ coding: [{ system: PARTY_KIND_SYSTEM, code: 'business-associate' }] }];
  await server.ask('administrator', 'PUT', V, { ...stored, type });
});
afterAll(async () => {
  await server.close();
  await receiver.close();
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
  (await server.search(who, `AuditEvent?${query}&_sort=date&_count=100`)) as unknown as readonly AuditEvent[]; // a search of AuditEvents
const codes = (found: readonly AuditEvent[]) =>
  found.map(({ outcome, subtype = [] }) => [outcome, ...subtype.map(({ code }) => code)]);
const detailsOf = ({ entity = [] }: AuditEvent, wanted: string) =>
  entity
    .flatMap(({ detail = [] }) => detail)
    .flatMap(({ type, valueString }) => (type === wanted ? [valueString] : []));
const details = ({ entity = [] }: AuditEvent) =>
  Object.fromEntries(
    entity.flatMap(({ detail = [] }) => detail.map(({ type, valueString }) => [type, valueString])),
  );
const patch = (ref: Ref, value: string, text = 'the wrong vendor') =>
  server.ask('initiator', 'PATCH', ref, [
    { op: 'replace', path: '/status', value },
    ...(value === 'in-progress' ? [] : [{ op: 'add', path: '/statusReason', value: { text } }]),
  ]);
/** The rows of a message as they are stored, oldest first. */
const rowsOf = async (ref: Ref): Promise<readonly AuditEntry[]> => {
  const rows = await server.running.store.snapshot().audit({ viewer: undefined, names: [ref], count: 100 });
  return rows.map(({ entry }) => entry).toReversed();
};

const recipients = (...organizations: readonly Ref[]) => ({
  organizations,
  persons: ['PractitionerRole/recipient'],
});

test('(baa-messaging MS50) (baa-messaging MS52) (baa-messaging MS53) one message and its events', async () => {
  const channel = {
    type: 'rest-hook',
    endpoint: `http://127.0.0.1:${receiver.port}/hook`,
    payload: 'application/fhir+json',
  };
  const criteria = 'Communication?status=in-progress,completed';
  const subscription = {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'inbox',
    criteria,
    channel,
  };
  await server.create('recipient', subscription);
  const patient = refOf(await server.create('initiator', make.patient()));
  const file = { resourceType: 'Binary', contentType: 'text/plain', data: FILE.toString('base64') };
  const url = refOf(await server.create('initiator', file));
  const [upload] = await rowsOf(url);
  expect(upload).toMatchObject({ event: 'create', fileHashes: [SHA256] });

  const sent = refOf(
    await server.create('initiator', {
      resourceType: 'Communication',
      status: 'preparation',
      subject: { reference: patient },
      sender: { reference: A },
      recipient: [{ reference: V }, { reference: B }, { reference: 'PractitionerRole/recipient' }],
      payload: [
        { contentString: 'Please code this visit.' },
        { contentAttachment: { contentType: 'text/plain', url } },
      ],
    }),
  );
  expect((await patch(sent, 'in-progress')).code).toBe('agreement-not-active');
  await put({});
  expect((await patch(sent, 'in-progress')).status).toBe(200);
  while (receiver.received.length === 0) await pause(20);
  for (let n = 0; n < 250 && !(await rowsOf(sent)).some(({ event }) => event === 'deliver'); n += 1)
    await pause(20);
  for (const who of ['recipient', 'stranger']) {
    expect((await server.ask(who, 'GET', sent)).status).toBe(200);
    expect((await server.ask(who, 'POST', `${sent}/$read`)).status).toBe(200);
  }
  expect((await server.ask('recipient', 'GET', url)).status).toBe(200);
  await put({ status: 'revoked', reason: { code: 'service-ended' } });
  expect((await server.ask('recipient', 'GET', sent)).text).not.toContain('Please code');
  expect((await patch(sent, 'entered-in-error')).status).toBe(200);

  const contract: unknown = expect.stringMatching(/^Contract\/baa\/_history\/\d+$/);
  const phi = { content: 'phi', decidedBy: expect.any(String) };
  const hashed = { fileHashes: [SHA256] };
  const rows = await rowsOf(sent);
  const told = (to: Ref) =>
    rows.find(({ event, delivery }) => event === 'message-sent' && delivery?.to === to);
  // Each event with its category and who decided it.
  const own = rows.filter(({ event }) => event !== 'deliver'); // each version is delivered, when its turn comes
  expect(own.map(({ event }) => event)).toEqual([
    'create', // composed
    'patch', // refused
    'patch', // sent
    'message-sent',
    'message-sent',
    'read',
    'patch',
    'message-read',

    'read',
    'patch',
    'message-read',
    'read', // masked
    'patch',
    'message-retracted',
  ]);
  for (const row of rows) expect([row.event, row.message]).toEqual([row.event, expect.objectContaining(phi)]);
  expect(own[1]).toMatchObject({
    outcome: '4',
    issue: 'agreement-not-active',
    refusedTo: V,
    ...hashed,
    bytes: expect.any(Number),
    message: { ...phi, state: 'none', recipients: recipients(V) },
  });
  expect(own[2]).toMatchObject({ ...hashed, message: { recipients: recipients(V, B) } });
  expect(told(V)).toMatchObject({
    ...hashed,
    bytes: expect.any(Number),
    deciding: [contract],
    message: { ...phi, agreement: contract, state: 'active', recipients: recipients(V) },
  });
  expect(told(B)).toMatchObject({ ...hashed, message: { ...phi, recipients: recipients(B) } });
  expect(told(B)?.message).not.toHaveProperty('agreement');
  expect(rows.find(({ event }) => event === 'deliver')).toMatchObject({
    delivery: { rail: 'rest-hook', from: A, to: V },
    message: { agreement: contract, state: 'active' },
    bytesHash: expect.any(String),
  });
  const readers = rows.filter(({ event }) => event === 'message-read').map(({ agent }) => agent.organization);
  expect(readers).toEqual([V, B]);
  expect(rows.find(({ masked }) => masked)).toMatchObject({ event: 'read', deciding: [contract] });
});

test('(baa-messaging MS50) (baa-messaging MS53) what each side is shown of it', async () => {
  const [sent = '/'] = (await server.search('initiator', 'Communication')).map((one) => refOf(one));
  const story = await events('initiator', `entity=${sent}`);
  const shown = story.find(
    (one) => detailsOf(one, 'rail').includes('inbox') && JSON.stringify(one).includes(V),
  );
  expect(details(shown as AuditEvent)).toMatchObject({
    rail: 'inbox',
    content: 'phi',
    'content-decided-by': expect.any(String),
    'agreement-state': 'active',
    agreement: expect.stringMatching(/^Contract\/baa\/_history\/\d+$/),
    sha256: SHA256,
    bytes: expect.stringMatching(/^\d+$/),
  });
  expect(detailsOf(shown as AuditEvent, 'recipient')).toEqual([V, 'PractitionerRole/recipient']);
  expect(shown?.agent.map(({ who }) => who?.reference)).toEqual(expect.arrayContaining([A, V]));
  expect(shown?.entity?.map(({ what }) => what?.reference)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^Contract\/baa\/_history\/\d+$/)]),
  );
  const receipts = story.filter(({ subtype = [] }) => subtype.some(({ code }) => code === 'access'));
  expect(receipts.map((one) => details(one)['content'])).toEqual(['phi', 'phi']);

  // Of the bytes: what was refused, what was told, and what each side finds of that.
  expect(codes(await events('initiator', `agent=${V}&content-hash=${SHA256}&outcome=4`))).toEqual([
    ['4', 'patch'],
  ]);
  expect(codes(await events('initiator', `agent=${V}&content-hash=${SHA256}&${DISCLOSE}`))).toEqual([
    ['0', 'disclose'],
    ['0', 'read', 'disclose'],
  ]);
  const theirs = await events('recipient', `agent=${V}&content-hash=${SHA256}&${DISCLOSE}`);
  expect(theirs).toHaveLength(2);
  const all = JSON.stringify(await events('recipient', `entity=${sent}`));
  for (const kept of ['client-initiator', 'content-decided-by', 'PractitionerRole/recipient'])
    expect([kept, all.includes(kept)]).toEqual([kept, false]);
  // The rows of writes show the hash to their writer's side alone.
  const writes = await events('recipient', `entity=${sent}&action=U`);
  expect(writes.length).toBeGreaterThan(0);
  expect(JSON.stringify(writes).includes(SHA256)).toBe(false);
});

test('(baa-messaging MS50) what is taken back, and who is told later', async () => {
  const recipient = [{ reference: A }, { reference: B }];
  const header = {
    resourceType: 'Communication',
    status: 'in-progress',
    sender: { reference: A },
    recipient,
  };
  const thread = refOf(await server.create('initiator', header));
  const payload = [{ contentString: 'We close at noon.' }];
  const partOf = [{ reference: thread }];
  const message = { ...header, partOf, payload, recipient: [{ reference: B }] };
  const [kept, taken] = [
    refOf(await server.create('initiator', message)),
    refOf(await server.create('initiator', message)),
  ];
  expect((await patch(taken, 'stopped')).status).toBe(200);
  expect((await rowsOf(taken)).at(-1)).toMatchObject({ event: 'message-withdrawn', outcome: '0' });
  const url = 'https://closeloop.dev/fhir/StructureDefinition/with-history';
  const value = { reference: 'Organization/third', extension: [{ url, valueBoolean: true }] };
  const joined = await server.ask('initiator', 'PATCH', thread, [{ op: 'add', path: '/recipient/-', value }]);
  expect([joined.status, joined.code]).toEqual([200, undefined]);
  const sentTo = (await rowsOf(kept)).flatMap(({ event, delivery }) =>
    event === 'message-sent' ? [delivery?.to] : [],
  );
  expect(sentTo).toEqual([B, 'Organization/third']);
});
