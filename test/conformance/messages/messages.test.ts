/** Threads and messages over HTTP: whom they reach, who may change what, and what the server writes of itself. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { readReceiptsIn } from '../../../src/messaging/extensions.ts';
import { ATTACHMENTS_MAX, PARTICIPANTS_MAX, TEXT_MAX } from '../../../src/messaging/limits.ts';
import * as make from '../../resources.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';
import { refOf, type Stored } from '../../world.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient', 'stranger', 'third']);
});
afterAll(() => server.close());

type More = Readonly<Record<string, unknown>>;
const to = (reference: string) => ({ reference });
const ORGANIZATIONS = [to('Organization/initiator'), to('Organization/recipient')];

const header = (more: More = {}): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  topic: { text: 'Opening hours' },
  sender: to('Organization/initiator'),
  recipient: ORGANIZATIONS,
  ...more,
});

const message = (thread: Ref | undefined, more: More = {}): Resource => ({
  resourceType: 'Communication',
  status: 'in-progress',
  ...(thread !== undefined && { partOf: [to(thread)] }),
  sender: to('Organization/initiator'),
  recipient: [to('Organization/recipient')],
  payload: [{ contentString: 'When do you open?' }],
  ...more,
});

const open = async (more: More = {}): Promise<Ref> => refOf(await server.create('initiator', header(more)));
const say = async (thread: Ref | undefined, more: More = {}): Promise<Stored> =>
  server.create('initiator', message(thread, more));
const statusFor = async (who: string, ref: Ref): Promise<number> =>
  (await server.ask(who, 'GET', ref)).status;
const answer = ({ status, code }: Response) => [status, code];
const patch = (who: string, ref: Ref, ...operations: readonly object[]) =>
  server.ask(who, 'PATCH', ref, operations);
const setStatus = (who: string, ref: Ref, value: string, ...more: readonly object[]) =>
  patch(who, ref, { op: 'replace', path: '/status', value }, ...more);

describe('(baa-messaging MS1) the sender', () => {
  test('is the caller’s: in the name of the other side nobody writes', async () => {
    const forged = await server.ask(
      'initiator',
      'POST',
      'Communication',
      message(undefined, { sender: to('Organization/recipient') }),
    );
    expect(answer(forged)).toEqual([403, 'sender-mismatch']);
    const patient = refOf(await server.create('initiator', make.patient()));
    const asPatient = await server.ask(
      'initiator',
      'POST',
      'Communication',
      message(undefined, { sender: to(patient) }),
    );
    expect(answer(asPatient)).toEqual([403, 'sender-mismatch']);
  });

  test('is written by the server where none is named', async () => {
    const { sender: _none, ...nameless } = message(undefined);
    const stored = await server.create('initiator', nameless as Resource);
    expect(stored['sender']).toMatchObject(to('Organization/initiator'));
  });
});

test('what the server decided is nobody’s declaration, also where a client sends it back (baa-messaging MS20)', async () => {
  const decisionIn = (stored: Resource): unknown =>
    (stored['extension'] as readonly { url: string; extension?: readonly object[] }[])
      .find(({ url }) => url.endsWith('/content-decision'))
      ?.extension?.map((one) => Object.values(one).join(' '));
  const undeclared = await say(undefined, { status: 'preparation' });
  const administrative = {
    category: [
      {
        coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/message-content', code: 'administrative' }],
      },
    ],
    payload: [{ contentString: 'SSN 123-45-6789' }],
  };
  const raised = await say(undefined, { status: 'preparation', ...administrative });
  for (const [draft, decision] of [
    [undeclared, ['decided phi', 'by undeclared']],
    [raised, ['declared administrative', 'decided phi', 'by ssn']],
  ] as const) {
    expect(decisionIn(draft)).toEqual(decision);
    const sent = await server.ask('initiator', 'PUT', refOf(draft), { ...draft, status: 'in-progress' });
    expect([sent.status, decisionIn(sent.json as Resource)]).toEqual([200, decision]);
  }
});

// prettier-ignore
test.each<readonly [string, More]>([
  ['a name alone', { display: 'Somebody' }],
  ['a number that nobody has', { identifier: { system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' } }],
  ['an address elsewhere', { reference: 'mailto:somebody@example.org' }],
])('a person is asked where a recipient is %s (baa-messaging MS15)', async (_what, recipient) => {
  const said = refOf(await say(undefined, { recipient: [to('Organization/recipient'), recipient] }));
  const asked = await server.search('initiator', `Task?focus=${said}&code=recipient-unreachable`);
  expect(asked.map(({ description }) => description)).toEqual([
    `No way of this server carries ${said} to recipient[1], who is no party known here.`,
  ]);
});

test('what names a message as its thread is refused, and told the header (baa-messaging MS3, MS6)', async () => {
  const thread = await open();
  const said = refOf(await say(thread));
  expect((await setStatus('initiator', thread, 'completed')).status).toBe(200);
  for (const more of [{}, { recipient: undefined }]) {
    const asked = await server.ask('initiator', 'POST', 'Communication', message(said, more));
    expect([...answer(asked), JSON.stringify(asked.json)]).toEqual([
      422,
      'referral-rule',
      expect.stringContaining(`as in ${thread}; ${said} is a message`),
    ]);
  }
});

describe('(baa-messaging MS2) a message', () => {
  test('reaches the organizations of its recipients without any referral, and nobody else', async () => {
    const thread = await open();
    const said = refOf(await say(thread));
    for (const ref of [thread, said])
      expect([await statusFor('recipient', ref), await statusFor('stranger', ref)]).toEqual([200, 404]);
    expect((await server.search('recipient', `Communication?part-of=${thread}`)).map(refOf)).toEqual([said]);
  });

  test('is kept by the organization of its sender', async () => {
    const said = refOf(await say(undefined));
    expect(await statusFor('recipient', said)).toBe(200);
    expect(answer(await patch('recipient', said, { op: 'add', path: '/priority', value: 'stat' }))).toEqual([
      422,
      'message-frozen',
    ]);
    expect(answer(await server.ask('recipient', 'DELETE', said))).toEqual([403, 'not-custodian']);
  });

  test('carries its attachments, and neither the patient nor the resource that it quotes', async () => {
    const patient = refOf(await server.create('initiator', make.patient()));
    const seen = refOf(await server.create('initiator', make.observation(patient)));
    const file = refOf(
      await server.create('initiator', {
        resourceType: 'Binary',
        contentType: 'text/plain',
        data: 'SGVsbG8=',
      }),
    );
    const thread = await open({ recipient: [...ORGANIZATIONS, to('Organization/third')] });
    const said = await say(thread, {
      payload: [
        { contentAttachment: { contentType: 'text/plain', url: file } },
        { contentReference: to(seen) },
      ],
    });
    expect(await statusFor('recipient', refOf(said))).toBe(200);
    expect(await statusFor('recipient', file)).toBe(200);
    expect(await statusFor('recipient', seen)).toBe(404);
    expect(await statusFor('third', file)).toBe(404);
  });

  test('to a role, a service and a team reaches their organizations', async () => {
    const team = refOf(
      await server.create('recipient', {
        resourceType: 'CareTeam',
        managingOrganization: [to('Organization/recipient')],
      }),
    );
    expect(await statusFor('recipient', team)).toBe(200);
    const said = refOf(await say(undefined, { recipient: [to('PractitionerRole/recipient')] }));
    expect(await statusFor('recipient', said)).toBe(200);
  });

  test('finds threads as Medplum’s clients search them', async () => {
    const thread = await open();
    await say(thread);
    const found = await server.search('recipient', 'Communication?part-of:missing=true&_count=200');
    expect(found.map(refOf)).toContain(thread);
    expect(found.every((one) => one['partOf'] === undefined)).toBe(true);
  });
});

describe('(baa-messaging MS3) participants', () => {
  test('who is added sees what is said from then on, and since when is on record', async () => {
    const thread = await open();
    const early = refOf(await say(thread));
    const { id: _id, meta: _meta, ...stored } = await server.read('recipient', thread);
    const joined = await server.ask('recipient', 'PUT', thread, {
      ...stored,
      id: thread.split('/')[1],
      recipient: [...ORGANIZATIONS, to('Organization/third')],
    });
    expect(joined.status).toBe(200);
    const late = refOf(await say(thread, { recipient: [to('Organization/third')] }));
    expect([
      await statusFor('third', thread),
      await statusFor('third', early),
      await statusFor('third', late),
    ]).toEqual([200, 404, 200]);
    expect(JSON.stringify(joined.json['extension'])).toContain('Organization/third');
  });

  test('who is added with the history sees what was said before', async () => {
    const thread = await open();
    const early = refOf(await say(thread));
    const extension = [
      { url: 'https://closeloop.dev/fhir/StructureDefinition/with-history', valueBoolean: true },
    ];
    const added = { ...to('Organization/third'), extension };
    const response = await patch('initiator', thread, { op: 'add', path: '/recipient/-', value: added });
    expect(response.status).toBe(200);
    expect(await statusFor('third', early)).toBe(200);
  });

  test('who is removed keeps what it received, and gets nothing more', async () => {
    const thread = await open({ recipient: [...ORGANIZATIONS, to('Organization/third')] });
    const early = refOf(await say(thread, { recipient: [to('Organization/third')] }));
    expect(
      (await patch('initiator', thread, { op: 'replace', path: '/recipient', value: ORGANIZATIONS })).status,
    ).toBe(200);
    expect(await statusFor('third', early)).toBe(200);
    const refused = await server.ask(
      'initiator',
      'POST',
      'Communication',
      message(thread, { recipient: [to('Organization/third')] }),
    );
    expect(answer(refused)).toEqual([422, 'referral-rule']);
  });

  test('nobody outside writes into a thread', async () => {
    const thread = await open();
    const foreign = await server.ask(
      'stranger',
      'POST',
      'Communication',
      message(thread, { sender: to('Organization/stranger') }),
    );
    expect(foreign.status).toBe(422);
  });
});

describe('(baa-messaging MS5) what was sent', () => {
  test('stays as it is, by PUT and by PATCH; its time is the server’s', async () => {
    const before = Date.now() - 1000;
    const said = await say(undefined, { sent: '2001-01-01T00:00:00Z', received: '2001-01-01T00:00:00Z' });
    expect(Date.parse(String(said['sent']))).toBeGreaterThan(before);
    expect(said['received']).toBeUndefined();
    const edit = { op: 'replace', path: '/payload/0/contentString', value: 'Other' };
    expect(answer(await patch('initiator', refOf(said), edit))).toEqual([422, 'message-frozen']);
    const put = await server.ask('initiator', 'PUT', refOf(said), {
      ...said,
      payload: [{ contentString: 'Other' }],
    });
    expect(answer(put)).toEqual([422, 'message-frozen']);
    expect(answer(await server.ask('initiator', 'DELETE', refOf(said)))).toEqual([422, 'message-frozen']);
  });

  test('bears nothing that its recipient writes: no label, no narrative, no extension, no topic', async () => {
    const thread = await open();
    const said = await say(thread);
    const text = { status: 'additional', div: '<div xmlns="http://www.w3.org/1999/xhtml">Approved</div>' };
    const extension = [
      ...(said['extension'] as object[]),
      { url: 'https://example.org/note', valueString: 'Approved' },
    ];
    const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSYTHPN' }];
    const put = await server.ask('recipient', 'PUT', refOf(said), {
      ...said,
      text,
      extension,
      meta: { security },
    });
    expect(put.status).toBe(200);
    const stored = await server.read('initiator', refOf(said));
    expect([stored['text'], stored['extension'], stored.meta?.security]).toEqual([
      undefined,
      said['extension'],
      undefined,
    ]);
    const parameters = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { security } }] };
    for (const ref of [thread, refOf(said)]) {
      await server.ask('recipient', 'POST', `${ref}/$meta-add`, parameters);
      expect((await server.read('initiator', ref)).meta?.security).toBeUndefined();
    }
    const topic = { op: 'replace', path: '/topic/text', value: 'Another' };
    expect(answer(await patch('recipient', thread, topic))).toEqual([422, 'message-frozen']);
    expect((await patch('initiator', thread, topic)).status).toBe(200);
  });

  test('a draft is its author’s alone, changes, and is sent', async () => {
    const draft = refOf(await say(undefined, { status: 'preparation' }));
    expect(await statusFor('recipient', draft)).toBe(404);
    const edit = { op: 'replace', path: '/payload/0/contentString', value: 'Better' };
    expect((await patch('initiator', draft, edit)).status).toBe(200);
    expect((await setStatus('initiator', draft, 'in-progress')).status).toBe(200);
    expect(await server.read('recipient', draft)).toMatchObject({ payload: [{ contentString: 'Better' }] });
    const thrown = refOf(await say(undefined, { status: 'preparation' }));
    expect((await server.ask('initiator', 'DELETE', thrown)).status).toBe(204);
  });

  test('is retracted with a reason: unread it vanishes, read it stays with the mark', async () => {
    const reason = { op: 'add', path: '/statusReason', value: { text: 'Wrong office' } };
    const unread = refOf(await say(undefined));
    expect((await setStatus('initiator', unread, 'entered-in-error')).status).toBe(422);
    expect((await setStatus('initiator', unread, 'entered-in-error', reason)).status).toBe(200);
    expect(await statusFor('recipient', unread)).toBe(404);
    const known = refOf(await say(undefined));
    expect((await setStatus('recipient', known, 'completed')).status).toBe(200);
    expect(answer(await setStatus('initiator', known, 'stopped'))).toEqual([422, 'transition-not-allowed']);
    expect((await setStatus('initiator', known, 'entered-in-error', reason)).status).toBe(200);
    expect(await server.read('recipient', known)).toMatchObject({ status: 'entered-in-error' });
  });

  test('is taken back unread', async () => {
    const said = refOf(await say(undefined));
    expect((await setStatus('initiator', said, 'stopped')).status).toBe(200);
    expect(await statusFor('recipient', said)).toBe(404);
  });
});

describe('(baa-messaging MS6) a closed thread', () => {
  test('takes no message until a participant opens it again', async () => {
    const thread = await open();
    expect((await setStatus('recipient', thread, 'completed')).status).toBe(200);
    const refused = await server.ask('initiator', 'POST', 'Communication', message(thread));
    expect(answer(refused)).toEqual([409, 'thread-closed']);
    expect((await setStatus('initiator', thread, 'in-progress')).status).toBe(200);
    expect((await server.ask('initiator', 'POST', 'Communication', message(thread))).status).toBe(201);
  });
});

describe('(baa-messaging MS7) a read receipt', () => {
  test('is the recipient’s, once; the sender writes none', async () => {
    const said = refOf(await say(undefined));
    expect(answer(await setStatus('initiator', said, 'completed'))).toEqual([403, 'not-your-move']);
    for (let twice = 0; twice < 2; twice += 1) {
      const received = { op: 'add', path: '/received', value: '2026-01-01T00:00:00Z' };
      expect((await patch('recipient', said, received)).status).toBe(200);
    }
    const stored = await server.read('initiator', said);
    expect(readReceiptsIn(stored)).toMatchObject([
      { reader: 'Organization/recipient', organization: 'Organization/recipient' },
    ]);
    expect(stored).toMatchObject({ status: 'completed' });
    expect(Date.parse(String(stored['received']))).toBeGreaterThan(Date.parse('2026-01-01T00:00:00Z'));
  });

  test('of one organization leaves the message unread for another', async () => {
    const thread = await open({ recipient: [...ORGANIZATIONS, to('Organization/third')] });
    const said = refOf(
      await say(thread, { recipient: [to('Organization/recipient'), to('Organization/third')] }),
    );
    await setStatus('recipient', said, 'completed');
    expect(await server.read('initiator', said)).toMatchObject({ status: 'in-progress' });
    await setStatus('third', said, 'completed');
    expect(await server.read('initiator', said)).toMatchObject({ status: 'completed' });
  });
});

describe('(baa-messaging MS8) how much', () => {
  const sized = (length: number) => message(undefined, { payload: [{ contentString: 'x'.repeat(length) }] });
  const attached = (count: number) =>
    message(undefined, {
      payload: Array.from({ length: count }, () => ({ contentAttachment: { title: 'a' } })),
    });
  const taken = (count: number) =>
    header({
      recipient: Array.from({ length: count }, (_one, at) => ({
        ...ORGANIZATIONS[at % 2],
        display: String(at),
      })),
    });

  test.each([
    ['text', () => sized(TEXT_MAX), () => sized(TEXT_MAX + 1)],
    ['attachments', () => attached(ATTACHMENTS_MAX), () => attached(ATTACHMENTS_MAX + 1)],
    ['participants', () => taken(PARTICIPANTS_MAX), () => taken(PARTICIPANTS_MAX + 1)],
  ])('%s, at the limit and one beyond', async (_what, within, beyond) => {
    expect((await server.ask('initiator', 'POST', 'Communication', within())).status).toBe(201);
    expect(answer(await server.ask('initiator', 'POST', 'Communication', beyond()))).toEqual([
      413,
      'message-too-large',
    ]);
  });
});

describe('(baa-messaging MS2, MS5) what a Subscription is told', () => {
  const subscribe = (who: string) =>
    server.create(who, {
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'Messages',
      criteria: 'Communication?status=in-progress',
      channel: { type: 'rest-hook', endpoint: 'https://ehr.example.org/hook' },
    });

  test('is what its organization sees: no draft, and nothing that others say', async () => {
    const [toRecipient, toStranger] = [
      refOf(await subscribe('recipient')),
      refOf(await subscribe('stranger')),
    ];
    const draft = refOf(await say(undefined, { status: 'preparation' }));
    expect(await server.outboxOf(draft)).toEqual([]);
    await setStatus('initiator', draft, 'in-progress');
    const told = (await server.outboxOf(draft)).map(({ receiver }) => receiver);
    expect([told.includes(toRecipient), told.includes(toStranger)]).toEqual([true, false]);
  });
});

describe('(baa-messaging MS2) a thread and its first message', () => {
  test('come in one transaction, in any order', async () => {
    const fullUrl = 'urn:uuid:7f0ae7a4-6a6b-4c55-9a7e-1d8f5e0f3c11';
    const [said, thread] = await server.transact(
      'initiator',
      make.transaction(
        {
          method: 'POST',
          url: 'Communication',
          resource: message(undefined, { partOf: [to(fullUrl)], recipient: undefined }),
        },
        { method: 'POST', url: 'Communication', resource: header(), fullUrl },
      ),
    );
    const read = await server.read('recipient', String(said));
    expect(read).toMatchObject({ partOf: [to(String(thread))], recipient: ORGANIZATIONS.slice(1) });
  });
});
