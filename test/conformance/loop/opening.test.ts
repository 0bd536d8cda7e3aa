/** An order opens its Task by itself, and a Task posted later adopts it (rules 1.7). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { auditedMove, stateOf } from './facts.ts';
import { buildPatch, writing } from './referrals.ts';

let server: TestServer;
let patient: Ref;
beforeAll(async () => {
  server = await openServer();
  patient = `Patient/${(await server.create('initiator', make.patient())).id}`;
});
afterAll(() => server.close());

const PARTIES = { requester: 'PractitionerRole/initiator', performer: 'PractitionerRole/recipient' };
const order = (more: object = {}, parties: object = {}): Resource =>
  make.serviceRequest({ subject: patient, ...PARTIES, ...parties }, { ...more });
const taskFor = (request: string, more: object = {}): Resource =>
  make.task(
    { focus: request, for: patient, requester: PARTIES.requester, owner: PARTIES.performer },
    { ...more },
  );
const tasksOn = (request: string) => server.search('administrator', `Task?focus=${request}`);

describe('an active order opens one Task', () => {
  test('received, 2.0, from requester to performer, named in Link, told to the recipient', async () => {
    const reply = await server.ask('initiator', 'POST', 'ServiceRequest', order({ priority: 'urgent' }));
    expect(reply.status).toBe(201);
    const task = reply.link ?? 'Task/0';
    const opened = await server.read('recipient', task);
    expect(stateOf(opened)).toBe('received 2.0');
    expect(opened).toMatchObject({
      intent: 'order',
      priority: 'urgent',
      focus: { reference: reply.location },
      for: { reference: patient },
      requester: { reference: PARTIES.requester },
      owner: { reference: PARTIES.performer },
      code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    });
    expect(await auditedMove(server, task, reply.version)).toBe('01 send-referral-package');
    expect(await server.sentTo('recipient', task, 1)).toHaveLength(1);
    expect(await server.sentTo('initiator', task, 0)).toEqual([]);
  });

  // prettier-ignore
  test.each<[string, object, object]>([
    ['a draft order',                  { status: 'draft' },                  {}],
    ['an order on hold',               { status: 'on-hold' },                {}],
    ['a plan',                         { intent: 'plan' },                   {}],
    ['two performers',                 { performer: [make.to('Organization/recipient'), make.to('Organization/stranger')] }, {}],
    ['no performer',                   { performer: [] },                    {}],
    ['a performer who is no party',    { performer: [{ display: 'Dr. Who' }] }, {}],
    ['a requester who does not ask',   {},                                   { requester: 'Organization/stranger' }],
  ])('%s opens none', async (_name, more, parties) => {
    const { performer, ...rest } = order(more, parties);
    const body = { ...rest, ...((performer as readonly object[]).length > 0 && { performer }) };
    const reply = await server.ask('initiator', 'POST', 'ServiceRequest', body);
    expect([reply.status, reply.link]).toEqual([201, undefined]);
    expect(await tasksOn(reply.location ?? '')).toEqual([]);
  });

  test('a requester who does not ask is warned of', async () => {
    const body = order({}, { requester: 'Organization/stranger' });
    const { warning } = await server.ask('initiator', 'POST', 'ServiceRequest', body);
    expect(warning).toContain('No referral was opened');
  });

  test('a draft order that becomes active does, once', async () => {
    const { id } = await server.create('initiator', order({ status: 'draft' }));
    const ref = `ServiceRequest/${id}`;
    const activate = [{ op: 'replace', path: '/status', value: 'active' }];
    const reply = await server.ask('initiator', 'PATCH', ref, activate);
    expect(reply.link).toMatch(/^Task\//);
    const again = await server.ask('initiator', 'PATCH', ref, activate);
    expect([again.status, again.link]).toEqual([200, undefined]);
    expect(await tasksOn(ref)).toHaveLength(1);
  });

  test('beside a Task for it in the same bundle, in any order, it opens none', async () => {
    const entries: readonly make.Entry[] = [
      { method: 'POST', url: 'ServiceRequest', fullUrl: 'urn:uuid:order', resource: order() },
      { method: 'POST', url: 'Task', resource: taskFor('urn:uuid:order') },
    ];
    for (const some of [entries, entries.toReversed()]) {
      const refs = await server.transact('initiator', make.transaction(...some));
      const request = refs.find((ref) => ref.startsWith('ServiceRequest/')) ?? '';
      expect((await tasksOn(request)).map(({ id }) => `Task/${id}`)).toEqual(
        refs.filter((ref) => ref.startsWith('Task/')),
      );
    }
  });

  test('beside a draft Task for it, it opens none either', async () => {
    const refs = await server.transact(
      'initiator',
      make.transaction(
        { method: 'POST', url: 'ServiceRequest', fullUrl: 'urn:uuid:order', resource: order() },
        { method: 'POST', url: 'Task', resource: taskFor('urn:uuid:order', { status: 'draft' }) },
      ),
    );
    expect((await tasksOn(refs[0] ?? '')).map(stateOf)).toEqual(['draft']);
  });

  test('alone in a transaction it does', async () => {
    const bundle = make.transaction({ method: 'POST', url: 'ServiceRequest', resource: order() });
    const [request] = await server.transact('initiator', bundle);
    expect((await tasksOn(request ?? '')).map(stateOf)).toEqual(['received 2.0']);
  });

  test('with the setting off it does not', async () => {
    const other = await openServer(['initiator', 'recipient'], '--open-task-for-service-request=off');
    try {
      const { id } = await other.create('initiator', make.patient());
      const body = make.serviceRequest({ subject: `Patient/${id}`, ...PARTIES });
      const reply = await other.ask('initiator', 'POST', 'ServiceRequest', body);
      expect([reply.status, reply.link]).toEqual([201, undefined]);
      expect(await other.search('administrator', 'Task')).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

describe('a Task posted later adopts the one that opened itself', () => {
  async function open(): Promise<{ readonly request: Ref; readonly task: Ref; readonly version: number }> {
    const { location, link, version } = await server.ask('initiator', 'POST', 'ServiceRequest', order());
    return { request: location ?? 'None/0', task: link ?? 'None/0', version };
  }

  test('201, Location is its next version, what was posted is stored, nobody is told again', async () => {
    const { request, task, version } = await open();
    const posted = taskFor(request, { identifier: [make.placer('T-1')], note: [{ text: 'mine' }] });
    const reply = await server.ask('initiator', 'POST', 'Task', posted);
    expect([reply.status, reply.location]).toEqual([201, task]);
    expect(reply.version).toBeGreaterThan(version);
    expect(reply.json).toMatchObject({
      id: task.slice(5),
      note: [{ text: 'mine' }],
      identifier: [{ value: 'T-1' }],
    });
    expect(stateOf(reply.json)).toBe('received 2.0');
    expect(await tasksOn(request)).toHaveLength(1);
    const { json } = await server.ask('recipient', 'GET', `${task}/_history`);
    expect((json['entry'] as readonly object[]).length).toBe(2);
    expect((await server.outboxOf(task)).map(({ event }) => event)).toEqual(['send-referral-package']);
  });

  test('once: another is a duplicate that names it', async () => {
    const { request, task } = await open();
    await server.ask('initiator', 'POST', 'Task', taskFor(request));
    const again = await server.ask('initiator', 'POST', 'Task', taskFor(request));
    expect([again.status, again.code]).toEqual([409, 'duplicate']);
    expect(again.says).toContain(task);
  });

  test('not when the recipient has accepted it', async () => {
    const { request, task } = await open();
    await server.ask('recipient', 'PATCH', task, buildPatch(writing('3.0')));
    const late = await server.ask('initiator', 'POST', 'Task', taskFor(request));
    expect([late.status, late.code]).toEqual([409, 'duplicate']);
    expect(stateOf(await server.read('initiator', task))).toBe('accepted 3.0');
  });

  test('not when the recipient has written so much as a note', async () => {
    const { request, task } = await open();
    const note = [{ text: 'on Monday' }];
    await server.ask('recipient', 'PATCH', task, [{ op: 'add', path: '/note', value: note }]);
    const late = await server.ask('initiator', 'POST', 'Task', taskFor(request));
    expect([late.status, late.code]).toEqual([409, 'duplicate']);
    expect((await server.read('initiator', task))['note']).toEqual(note);
  });

  // prettier-ignore
  test.each<[string, object]>([
    ['the organizations in place of their roles', { owner: make.to('Organization/recipient'), requester: make.to('Organization/initiator') }],
    ['no code, as in STU1',                       { code: undefined }],
    ['another intent',                            { intent: 'plan' }],
    ['tags of its own',                           { meta: { tag: [{ system: 'urn:oid:2.999.1', code: 'mine' }] } }],
  ])('as it is posted: %s', async (_what, more) => {
    const { request, task } = await open();
    const posted = JSON.parse(JSON.stringify(taskFor(request, more))) as Resource; // without undefined
    const reply = await server.ask('initiator', 'POST', 'Task', posted);
    expect([reply.status, reply.location]).toEqual([201, task]);
    const { meta, status: _status, ...elements } = posted;
    expect(reply.json).toMatchObject({ ...elements, meta: { ...meta } });
    expect(reply.json['code']).toEqual(posted['code']);
  });

  test('not in a state that it is not in', async () => {
    const { request, task } = await open();
    const wrong = await server.ask('initiator', 'POST', 'Task', taskFor(request, { status: 'completed' }));
    expect([wrong.status, wrong.code]).toEqual([422, 'transition-not-allowed']);
    expect(stateOf(await server.read('initiator', task))).toBe('received 2.0');
  });

  test('not by a stranger, nor by its recipient', async () => {
    const { request } = await open();
    const stranger = await server.ask('stranger', 'POST', 'Task', taskFor(request));
    expect([stranger.status, stranger.code]).toEqual([422, 'reference-not-found']);
    const recipient = await server.ask('recipient', 'POST', 'Task', taskFor(request));
    expect([recipient.status, recipient.code]).toEqual([403, 'not-your-move']);
    expect(await tasksOn(request)).toHaveLength(1);
  });

  test('for another recipient it is another Task', async () => {
    const { request } = await open();
    const other = { ...taskFor(request), owner: make.to('PractitionerRole/stranger') };
    expect((await server.ask('initiator', 'POST', 'Task', other)).status).toBe(201);
    expect(await tasksOn(request)).toHaveLength(2);
  });

  test('in a transaction too, and what refers to it refers to the adopted one', async () => {
    const { request, task } = await open();
    const refs = await server.transact(
      'initiator',
      make.transaction(
        {
          method: 'POST',
          url: 'Communication',
          resource: make.communication(['urn:uuid:task'], { subject: make.to(patient) }),
        },
        { method: 'POST', url: 'Task', fullUrl: 'urn:uuid:task', resource: taskFor(request) },
        {
          method: 'POST',
          url: 'Task',
          resource: {
            resourceType: 'Task',
            status: 'ready',
            intent: 'order',
            partOf: [make.to('urn:uuid:task')],
          },
        },
      ),
    );
    expect(refs[1]).toBe(task);
    const talk = await server.read('recipient', refs[0] ?? '');
    expect(talk['about']).toEqual([make.to(task)]);
    const part = await server.read('initiator', refs[2] ?? '');
    expect(part['partOf']).toEqual([make.to(task)]);
    expect(await tasksOn(request)).toHaveLength(1);
  });

  test('and so does a conditional create', async () => {
    const { request, task } = await open();
    const posted = taskFor(request, { identifier: [make.placer('T-cond')] });
    const ifNoneExist = `identifier=${make.PLACER_SYSTEM}|T-cond`;
    const first = await server.ask('initiator', 'POST', 'Task', posted, { ifNoneExist });
    expect([first.status, first.location]).toEqual([201, task]);
    const again = await server.ask('initiator', 'POST', 'Task', posted, { ifNoneExist });
    expect([again.status, again.json.id]).toEqual([200, task.slice(5)]);
  });

  test('its own deletion and history name one Task', async () => {
    const { request, task } = await open();
    const reply = await server.ask('initiator', 'POST', 'Task', taskFor(request));
    const version = await server.ask('recipient', 'GET', `${task}/_history/${reply.version}`);
    expect(version.text).toBe(reply.text);
  });
});

test('at most one open Task for an order and a recipient, and a new one after its end', async () => {
  const { performer: _none, ...rest } = order();
  const { id } = await server.create('initiator', rest);
  const request = `ServiceRequest/${id}`;
  const first = await server.create('initiator', taskFor(request));
  expect((await server.ask('initiator', 'POST', 'Task', taskFor(request))).status).toBe(409);
  const byOrganization = { ...taskFor(request), owner: make.to('Organization/recipient') };
  expect((await server.ask('initiator', 'POST', 'Task', byOrganization)).status).toBe(409);
  const draft = await server.create('initiator', taskFor(request, { status: 'draft' }));
  const sent = await server.ask('initiator', 'PATCH', `Task/${draft.id}`, buildPatch(writing('2.0')));
  expect([sent.status, sent.code]).toEqual([409, 'duplicate']);
  await server.ask('recipient', 'PATCH', `Task/${first.id}`, buildPatch(writing('4.0')));
  const second = await server.ask('initiator', 'PATCH', `Task/${draft.id}`, buildPatch(writing('2.0')));
  expect(second.status).toBe(200);
  expect((await server.read('initiator', request))['status']).toBe('active');
});
