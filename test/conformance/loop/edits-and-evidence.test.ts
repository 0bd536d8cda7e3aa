/** What is a move and what is an edit (rules 1.1 to 1.3): case by case, over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';
import { auditedMove, messagesOf, stateOf } from './facts.ts';
import { buildPatch, makeReferral, OUTPUT, patchOf, writing, type Referral } from './referrals.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const add = (path: string, value: unknown) => [{ op: 'add', path, value }];

/** What a commit did to the referral: the row, who was told, and the state. */
async function effectOf({ task }: Referral, { version }: Pick<Response, 'version'>): Promise<string> {
  const row = (await auditedMove(server, task, version)).split(' ')[0];
  const told = await messagesOf(server, task, version);
  return `${row || 'edit'} · ${stateOf(await server.read('recipient', task))} · ${told || 'nobody is told'}`;
}

describe('an edit is no move and tells nobody (rules 1.2)', () => {
  const NOTE = [{ text: 'called the patient' }];
  // prettier-ignore
  const EDITS: readonly (readonly [what: string, who: string, state: string, patch: readonly object[], stored: string])[] = [
    ['a note by the recipient',               'recipient', '511', add('/note', NOTE),                            'in-progress 5.1.1'],
    ['a note by the initiator',               'initiator', '511', add('/note', NOTE),                            'in-progress 5.1.1'],
    ['a note where a note loops (TID 29)',    'recipient', '514', add('/note', NOTE),                            'in-progress 5.1.4'],
    ['a description',                         'recipient', '3.0', add('/description', 'nutrition'),              'accepted 3.0'],
    ['a priority',                            'initiator', '2.0', add('/priority', 'urgent'),                    'received 2.0'],
    ['an input',                              'initiator', '2.0', add('/input', [{ type: { text: 'letter' }, valueString: 'x' }]), 'received 2.0'],
    ['a note after the end',                  'recipient', '7.0', add('/note', NOTE),                            'completed 7.0'],
    ['a question beside 2.0 (G9)',            'recipient', '2.0', add('/businessStatus/coding/-', {
      system: 'https://closeloop.dev/fhir/CodeSystem/task-business-status', code: 'awaiting-information',
    }), 'received 2.0'],
  ];
  test.each(EDITS)('%s', async (_what, who, state, patch, stored) => {
    const referral = await makeReferral(server, state);
    const reply = await server.ask(who, 'PATCH', referral.task, patch);
    expect(reply.status).toBe(200);
    expect(await effectOf(referral, reply)).toBe(`edit · ${stored} · nobody is told`);
  });

  // prettier-ignore
  const NOTHING: typeof EDITS = [
    ['the status it has already',             'recipient', '3.0', add('/status', 'accepted'),                    'accepted 3.0'],
    ['the sub-state it has already',          'recipient', '511', buildPatch(writing('511')),                    'in-progress 5.1.1'],
    ['requested while 2.0',                   'initiator', '2.0', add('/status', 'requested'),                   'received 2.0'],
    ["the initiator's cancelled while 5.2",   'initiator', '5.2', add('/status', 'cancelled'),                   'in-progress 5.2'],
  ];
  test.each(NOTHING)(
    '%s changes nothing and makes no version (rules 3.14)',
    async (_what, who, state, patch, stored) => {
      const referral = await makeReferral(server, state);
      const before = await server.read(who, referral.task);
      const reply = await server.ask(who, 'PATCH', referral.task, patch);
      expect([reply.status, String(reply.version)]).toEqual([200, before.meta?.versionId]);
      expect(stateOf(reply.json)).toBe(stored);
    },
  );

  test('a question beside 2.0 stays beside it (G9)', async () => {
    const { task } = await makeReferral(server, '2.0');
    const coding = {
      system: 'https://closeloop.dev/fhir/CodeSystem/task-business-status',
      code: 'awaiting-information',
    };
    await server.ask('recipient', 'PATCH', task, add('/businessStatus/coding/-', coding));
    const { businessStatus } = await server.read('initiator', task);
    expect((businessStatus as { coding: readonly object[] }).coding).toContainEqual(coding);
  });
});

describe('other Tasks never go by the table (rules 1.1)', () => {
  // prettier-ignore
  test.each<[string, object]>([
    ['a work item',            { code: { text: 'call back' }, focus: undefined }],
    ['advice on the order',    { code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'approve' }] } }],
  ])('%s', async (_name, more) => {
    const { request, patient } = await makeReferral(server, '3.0');
    const parties = { requester: 'Organization/initiator', owner: 'Organization/recipient' };
    const task = make.task({ focus: request, for: patient, ...parties }, { ...more, status: 'ready' });
    const { id } = await server.create('initiator', JSON.parse(JSON.stringify(task)) as Resource); // without undefined
    for (const status of ['on-hold', 'in-progress', 'failed', 'completed']) {
      const { json } = await server.ask('initiator', 'PATCH', `Task/${id}`, add('/status', status));
      expect(json['status']).toBe(status);
      expect(json['businessStatus']).toBeUndefined();
    }
    expect(await server.outboxOf(`Task/${id}`)).toEqual([]);
  });

  test('a Task without a code is a referral (STU1)', async () => {
    const { request, patient } = await makeReferral(server, '4.0');
    const { code: _code, ...task } = make.task({
      focus: request,
      for: patient,
      requester: 'Organization/initiator',
      owner: 'Organization/recipient',
    });
    const created = await server.create('initiator', task);
    expect(stateOf(created)).toBe('received 2.0');
    const named = await server.ask('recipient', 'PATCH', `Task/${created.id}`, [
      ...add('/code', make.task({ focus: '', for: '', requester: '', owner: '' })['code']),
    ]);
    expect(named.status).toBe(200);
  });

  test('nothing becomes a referral, or ceases to be one', async () => {
    const { task, request } = await makeReferral(server, '3.0');
    const item = await server.create('initiator', {
      resourceType: 'Task',
      status: 'ready',
      intent: 'order',
      code: { text: 'call back' },
    });
    const become = await server.ask('initiator', 'PATCH', `Task/${item.id}`, [
      ...add('/focus', { reference: request }),
      { op: 'remove', path: '/code' },
    ]);
    expect([become.status, become.code]).toEqual([422, 'referral-rule']);
    const cease = await server.ask('recipient', 'PATCH', task, add('/code', { text: 'call back' }));
    expect([cease.status, cease.code]).toEqual([422, 'field-frozen']);
  });
});

describe('an Appointment that shows no event moves nothing (rules 1.3)', () => {
  // prettier-ignore
  test.each<[string, object]>([
    ['a comment',                             { comment: 'bring your glasses' }],
    ['the patient has arrived',               { status: 'arrived' }],
    ['the visit took place',                  { status: 'fulfilled' }],
    ['the same slot in another time zone',    { start: '2026-12-01T12:00:00+02:00', end: '2026-12-01T12:30:00+02:00' }],
  ])('%s', async (_name, change) => {
    const [referral, visit] = await booked();
    const reply = await server.ask('recipient', 'PUT', `Appointment/${visit.id}`, { ...visit, ...change });
    expect(reply.status).toBe(200);
    expect(await effectOf(referral, reply)).toBe('edit · in-progress 5.1.1 · nobody is told');
  });

  test('a proposal, and its deletion', async () => {
    const referral = await makeReferral(server, '3.0');
    const visit = make.appointment(referral.request, referral.patient, { status: 'proposed' });
    const reply = await server.ask('recipient', 'POST', 'Appointment', visit);
    expect(await effectOf(referral, reply)).toBe('edit · accepted 3.0 · nobody is told');
    const gone = await server.ask('recipient', 'DELETE', `Appointment/${reply.json.id}`);
    expect(gone.status).toBe(204);
    expect(await effectOf(referral, gone)).toBe('edit · accepted 3.0 · nobody is told');
  });
});

async function booked(state = '3.0'): Promise<readonly [Referral, Resource & { readonly id: string }]> {
  const referral = await makeReferral(server, state);
  const visit = await server.create('recipient', make.appointment(referral.request, referral.patient));
  return [referral, visit];
}

describe('several Appointments in one commit are one event (rules 1.3)', () => {
  const LATER = { start: '2026-12-08T10:00:00Z', end: '2026-12-08T10:30:00Z' };
  const put = (visit: Resource, change: object): make.Entry => ({
    method: 'PUT',
    url: `Appointment/${visit.id}`,
    resource: { ...visit, ...change },
  });

  async function transact(referral: Referral, ...entries: readonly make.Entry[]): Promise<string> {
    const { json, status, text } = await server.ask('recipient', 'POST', '', make.transaction(...entries));
    if (status !== 200) return text;
    const [first] = json['entry'] as readonly { response: { etag: string } }[]; // a transaction-response
    const version = Number(/\d+/.exec(first?.response.etag ?? '')?.[0]);
    const versions = await server.outboxOf(referral.task);
    const moves = versions.filter(({ seq }) => seq === version).length;
    return `${await effectOf(referral, { version })} · ${moves} message`;
  }

  test.each([
    ['cancelled', 'first the old'],
    ['cancelled', 'first the new'],
    ['noshow', 'first the old'],
    ['noshow', 'first the new'],
  ])('one %s and another booked, %s, is a rescheduled visit', async (status, order) => {
    const [referral, visit] = await booked();
    const anew = make.appointment(referral.request, referral.patient, LATER);
    const entries = [put(visit, { status }), { method: 'POST', url: 'Appointment', resource: anew } as const];
    const effect = await transact(referral, ...(order === 'first the old' ? entries : entries.toReversed()));
    expect(effect).toBe(
      '11 · in-progress 5.1.1 · send-rescheduled-visit-information to Endpoint/initiator · 1 message',
    );
  });

  test('and so it is beside a Task that stays as it was', async () => {
    const [referral, visit] = await booked();
    const anew = make.appointment(referral.request, referral.patient, LATER);
    const effect = await transact(
      referral,
      { method: 'PATCH', url: referral.task, resource: patchOf(add('/note', [{ text: 'moved' }])) },
      put(visit, { status: 'cancelled' }),
      { method: 'POST', url: 'Appointment', resource: anew },
    );
    expect(effect).toBe(
      '11 · in-progress 5.1.1 · send-rescheduled-visit-information to Endpoint/initiator · 1 message',
    );
  });

  test('two visits booked at once are scheduled once', async () => {
    const referral = await makeReferral(server, '3.0');
    const visits = [{}, LATER].map((slot): make.Entry => ({
      method: 'POST',
      url: 'Appointment',
      resource: make.appointment(referral.request, referral.patient, slot),
    }));
    expect(await transact(referral, ...visits)).toBe(
      '06 · in-progress 5.1.1 · send-schedule-visit-information to Endpoint/initiator · 1 message',
    );
  });

  test('two visits cancelled at once are one cancellation', async () => {
    const [referral, one] = await booked();
    const other = await server.create(
      'recipient',
      make.appointment(referral.request, referral.patient, LATER),
    );
    const cancel = { status: 'cancelled' };
    expect(await transact(referral, put(one, cancel), put(other, cancel))).toBe(
      '13 · in-progress 5.1.3 · send-appointment-cancellation-information to Endpoint/initiator · 1 message',
    );
  });
});

describe('a move without its evidence is accepted with a warning (rules 1.3)', () => {
  // prettier-ignore
  test.each<[from: string, to: string, warns: RegExp | undefined]>([
    ['3.0', '511', /send-schedule-visit-information comes without its evidence, the Appointment/],
    ['511', '512', /send-no-show-information comes without its evidence, the Appointment/],
    ['511', '513', /send-appointment-cancellation-information comes without its evidence, the Appointment/],
    ['3.0', '514', /send-interim-note comes without its evidence, a new Task.output/],
    ['3.0', '7.0', /send-referral-outcome comes without its evidence, a new Task.output/],
    ['2.0', '3.0', undefined],
    ['2.0', '4.0', /declined without a reason/],
  ])('%s to %s', async (from, to, warns) => {
    const { task } = await makeReferral(server, from);
    const patch = buildPatch(writing(to));
    const outcome = await server.ask('recipient', 'PATCH', task, patch, { prefer: 'return=OperationOutcome' });
    const issues = outcome.json['issue'] as readonly { severity: string; diagnostics: string }[]; // an outcome's
    const warned = issues.filter(({ severity }) => severity === 'warning').map(({ diagnostics }) => diagnostics);
    expect(warned.join('\n')).toMatch(warns ?? /^$/);
    const again = await makeReferral(server, from);
    const { warning } = await server.ask('recipient', 'PATCH', again.task, patch);
    expect(warning).toMatch(warns ?? /^$/);
  });

  test('with it, no warning', async () => {
    const { task } = await makeReferral(server, '3.0');
    const { warning } = await server.ask('recipient', 'PATCH', task, buildPatch(writing('7.0', OUTPUT)));
    expect(warning).not.toMatch('without its evidence');
  });
});

describe('a new output (rules 1.3)', () => {
  test('is an interim note, then another, then the outcome', async () => {
    const referral = await makeReferral(server, '3.0');
    const { task } = referral;
    const output = (text: string) => ({ type: { text: 'note' }, valueString: text });
    const first = await server.ask('recipient', 'PATCH', task, add('/output', [output('one')]));
    expect(await effectOf(referral, first)).toMatch(/^08 · in-progress 5\.1\.4 · send-interim-note to/);
    const second = await server.ask('recipient', 'PATCH', task, add('/output/-', output('two')));
    expect(await effectOf(referral, second)).toMatch(/^29 · in-progress 5\.1\.4 · send-interim-note to/);
    const last = await server.ask('recipient', 'PATCH', task, [
      ...add('/output/-', output('three')),
      ...add('/status', 'completed'),
    ]);
    expect(await effectOf(referral, last)).toMatch(/^30 · completed 7\.0 · send-referral-outcome to/);
  });
});
