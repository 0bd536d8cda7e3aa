/** How a referral ends, what falls with it, and what cannot be undone (rules 1.6, G10 to G14). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref } from '../../../src/fhir/types.ts';
import { commitViewOf } from '../../../src/operations/referral-messages/commit-view.ts';
import { loadReferralEvent } from '../../../src/operations/referral-messages/load-referral.ts';
import * as make from '../../resources.ts';
import { openServer, type Response, type TestServer, type Who } from '../../server.ts';
import { auditedMove, messagesOf, stateOf } from './facts.ts';
import { buildPatch, makeReferral, patchOf, writing, type Referral } from './referrals.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const put = (path: string, value: unknown) => [{ op: 'add', path, value }];
const move = ({ task }: Referral, who: Who, to: string) =>
  server.ask(who, 'PATCH', task, buildPatch(writing(to)));
const answerOf = ({ status, code }: Response): string => [status, code].filter(Boolean).join(' ');

describe('what falls with a referral', () => {
  const LATER = { start: '2026-12-08T10:00:00Z', end: '2026-12-08T10:30:00Z' };

  async function withVisits(): Promise<readonly [Referral, Ref[]]> {
    const referral = await makeReferral(server, '3.0');
    const { request, patient } = referral;
    const visits: Ref[] = [];
    for (const more of [{}, LATER, { status: 'proposed' }]) {
      visits.push(
        `Appointment/${(await server.create('recipient', make.appointment(request, patient, more))).id}`,
      );
    }
    return [referral, visits];
  }

  const statusesOf = (visits: readonly Ref[]) =>
    Promise.all(visits.map(async (ref) => (await server.read('initiator', ref))['status']));

  test('a confirmed cancellation cancels the booked visits, in the same commit', async () => {
    const [referral, visits] = await withVisits();
    await move(referral, 'initiator', '5.2');
    expect(await statusesOf(visits)).toEqual(['booked', 'booked', 'proposed']);
    const { version } = await move(referral, 'recipient', '6.0');
    expect(await statusesOf(visits)).toEqual(['cancelled', 'cancelled', 'proposed']);
    const { meta } = await server.read('initiator', visits[0] ?? '');
    expect(Number(meta?.versionId)).toBe(version);
    expect((await server.read('recipient', referral.request))['status']).toBe('revoked');
    expect(await auditedMove(server, referral.task, version)).toBe('23 send-cancellation-confirmation');
    expect(await messagesOf(server, referral.task, version)).toBe(
      'send-cancellation-confirmation to Endpoint/initiator',
    );
  });

  test('in a transaction, beside a change of the visit', async () => {
    const [referral, visits] = await withVisits();
    await move(referral, 'initiator', '5.2');
    const visit = await server.read('recipient', visits[0] ?? '');
    const refs = await server.transact(
      'recipient',
      make.transaction(
        { method: 'PUT', url: visits[0] ?? '', resource: { ...visit, comment: 'called off' } },
        { method: 'PATCH', url: referral.task, resource: patchOf(buildPatch(writing('6.0'))) },
      ),
    );
    expect(refs).toHaveLength(2);
    expect(await statusesOf(visits)).toEqual(['cancelled', 'cancelled', 'proposed']);
    expect((await server.read('initiator', visits[0] ?? ''))['comment']).toBe('called off');
  });

  // prettier-ignore
  test.each<[to: string, request: string]>([
    ['4.0', 'revoked'],
    ['7.0', 'completed'],
  ])('%s: the order is %s, its visits stay', async (to, request) => {
    const [referral, visits] = await withVisits();
    await move(referral, 'recipient', to);
    expect((await server.read('initiator', referral.request))['status']).toBe(request);
    expect(await statusesOf(visits)).toEqual(['booked', 'booked', 'proposed']);
  });

  test('(rules 1.10) with two recipients, a cancellation by one touches its own visits alone', async () => {
    const referral = await makeReferral(server, 'dr');
    const { request, patient } = referral;
    const visit = async (who: Who, more: object = {}): Promise<Ref> =>
      `Appointment/${(await server.create(who, make.appointment(request, patient, { ...more }))).id}`;
    const withRole = (id: string) => ({
      participant: [{ actor: make.to(`PractitionerRole/${id}`), status: 'accepted' }],
    });
    const before = [
      await visit('initiator', withRole('recipient')),
      await visit('initiator', withRole('stranger')),
      await visit('initiator'),
    ];
    const parties = { requester: 'PractitionerRole/initiator', owner: 'PractitionerRole/stranger' };
    await move(referral, 'initiator', '2.0');
    const other = await server.create('initiator', make.task({ focus: request, for: patient, ...parties }));
    await move(referral, 'recipient', '3.0');
    await server.ask('stranger', 'PATCH', `Task/${other.id}`, buildPatch(writing('3.0')));
    const visits = [...before, await visit('recipient'), await visit('stranger')];
    await move(referral, 'initiator', '5.2');
    const confirmed = await move(referral, 'recipient', '6.0');
    expect(await statusesOf(visits)).toEqual(['cancelled', 'booked', 'booked', 'cancelled', 'booked']);
    const rows = await server.outboxOf(referral.task);
    const row = rows.find(({ event }) => event === 'send-schedule-visit-information');
    if (row === undefined) throw new Error('the initiator is told');
    // As of a commit that cancelled several visits: the message of a visit takes one of this recipient's.
    const { version: seq } = confirmed;
    const told = await loadReferralEvent({ ...row, seq }, commitViewOf(server.running.store.snapshot(seq)));
    expect([visits[0], visits[3]]).toContain(`Appointment/${told?.appointment?.id}`);
    expect((await server.read('initiator', request))['status']).toBe('active');
  });

  test('with two recipients, an order stays active while one Task is open', async () => {
    const referral = await makeReferral(server, '2.0');
    const { request, patient } = referral;
    const parties = { requester: 'PractitionerRole/initiator', owner: 'PractitionerRole/stranger' };
    const second = await server.create('initiator', make.task({ focus: request, for: patient, ...parties }));
    await move(referral, 'recipient', '4.0');
    expect((await server.read('initiator', request))['status']).toBe('active');
    await server.ask('stranger', 'PATCH', `Task/${second.id}`, buildPatch(writing('3.0')));
    await server.ask('stranger', 'PATCH', `Task/${second.id}`, buildPatch(writing('7.0')));
    expect((await server.read('initiator', request))['status']).toBe('completed');
  });
});

describe('drafts are their initiator’s alone (G11)', () => {
  // prettier-ignore
  test.each<[who: Who, read: string, edited: string, deleted: string]>([
    ['initiator',                    '200',           '200',               '204'],
    ['recipient',                    '404 not-found', '404 not-found',     '204'],
    ['stranger',                     '404 not-found', '404 not-found',     '204'],
    ['administrator',                '200',           '403 not-your-move', '204'],
    ['administrator for initiator',  '200',           '200',               '204'],
  ])('%s', async (who, read, edited, deleted) => {
    const { task } = await makeReferral(server, 'dr');
    expect(answerOf(await server.ask(who, 'GET', task))).toBe(read);
    expect(answerOf(await server.ask(who, 'PATCH', task, put('/note', [{ text: 'x' }])))).toBe(edited);
    expect(answerOf(await server.ask(who, 'DELETE', task))).toBe(deleted);
    const isGone = (await server.ask('administrator', 'GET', task)).status === 410;
    expect(isGone).toBe(who !== 'recipient' && who !== 'stranger');
  });

  test('what was sent comes into sight with everything it carries', async () => {
    const referral = await makeReferral(server, 'dr');
    const refs = [referral.task, referral.request, referral.patient];
    const seen = () =>
      Promise.all(refs.map(async (ref) => (await server.ask('recipient', 'GET', ref)).status));
    const before = await seen();
    await move(referral, 'initiator', '2.0');
    expect([before.slice(0, 2), await seen()]).toEqual([
      [404, 404],
      [200, 200, 200],
    ]);
  });
});

describe('entered in error (G12)', () => {
  // prettier-ignore
  test.each<[state: string, who: Who, reason: boolean, answer: string]>([
    ['dr',  'initiator',                   false, '200'],
    ['2.0', 'initiator',                   false, '200'],
    ['2.0', 'recipient',                   true,  '403 not-your-move'],
    ['3.0', 'initiator',                   true,  '403 not-your-move'],
    ['3.0', 'administrator',               false, '422 referral-rule'],
    ['3.0', 'administrator',               true,  '200'],
    ['7.0', 'administrator',               true,  '200'],
    ['7.0', 'administrator for recipient', true,  '200'],
    ['7.0', 'recipient',                   true,  '403 not-your-move'],
  ])('from %s by %s, with a reason: %s', async (state, who, reason, answer) => {
    const { task } = await makeReferral(server, state);
    const patch = [
      ...put('/status', 'entered-in-error'),
      ...(reason ? put('/statusReason', { text: 'wrong patient' }) : []),
    ];
    expect(answerOf(await server.ask(who, 'PATCH', task, patch))).toBe(answer);
  });

  test('a draft that was never sent stays out of sight, whatever it says', async () => {
    const referral = await makeReferral(server, 'dr');
    const coding = [{ system: 'http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS', code: '2.0' }];
    await server.ask('initiator', 'PATCH', referral.task, put('/businessStatus', { coding }));
    const { version } = await server.ask('initiator', 'PATCH', referral.task, [
      ...put('/status', 'entered-in-error'),
      ...put('/businessStatus', { coding }),
    ]);
    for (const ref of [referral.task, referral.request, referral.patient])
      expect((await server.ask('recipient', 'GET', ref)).status).toBe(404);
    expect(await messagesOf(server, referral.task, version)).toBe('');
    await server.ask('initiator', 'PATCH', referral.task, put('/businessStatus', { coding }));
    expect((await server.ask('recipient', 'GET', referral.task)).status).toBe(404);
  });

  test('one that was sent stays in sight of both', async () => {
    const referral = await makeReferral(server, '2.0');
    const { version } = await server.ask('initiator', 'PATCH', referral.task, [
      ...put('/status', 'entered-in-error'),
      { op: 'remove', path: '/businessStatus' },
    ]);
    expect(stateOf(await server.read('recipient', referral.task))).toBe('entered-in-error 2.0');
    expect(await messagesOf(server, referral.task, version)).toBe(
      'mark-entered-in-error to Endpoint/recipient',
    );
  });
});

describe('deletes (G13)', () => {
  const OPEN = ['2.0', '3.0', '5.1', '511', '512', '513', '514', '5.2'];
  const ENDED = ['4.0', '6.0', '7.0', 'err'];
  const WAYS = ['by itself', 'in a transaction'] as const;

  const remove = (way: string, who: Who, ref: Ref): Promise<Response> =>
    way === 'by itself'
      ? server.ask(who, 'DELETE', ref)
      : server.ask(who, 'POST', '', make.transaction({ method: 'DELETE', url: ref }));

  describe.each(WAYS)('%s', (way) => {
    test.each([...OPEN, ...ENDED])('a Task in %s is never deleted', async (state) => {
      const { task } = await makeReferral(server, state);
      const answers: string[] = [];
      for (const who of ['initiator', 'recipient', 'administrator'])
        answers.push(answerOf(await remove(way, who, task)));
      expect(answers).toEqual(['409 deletion-refused', '409 deletion-refused', '409 deletion-refused']);
      expect((await server.ask('initiator', 'GET', task)).status).toBe(200);
    });

    test.each(OPEN)('the order of a Task in %s is not deleted', async (state) => {
      const { request } = await makeReferral(server, state);
      expect(answerOf(await remove(way, 'initiator', request))).toBe('409 deletion-refused');
    });

    test.each(ENDED)('the order of a Task in %s is', async (state) => {
      const { request } = await makeReferral(server, state);
      expect((await remove(way, 'initiator', request)).status).toBe(way === 'by itself' ? 204 : 200);
      expect((await server.ask('initiator', 'GET', request)).status).toBe(410);
    });
  });

  test('an order is not deleted in the transaction that sends its Task, nor with it', async () => {
    const { task, request } = await makeReferral(server, 'dr');
    const bundle = make.transaction(
      { method: 'DELETE', url: request },
      { method: 'PATCH', url: task, resource: patchOf(buildPatch(writing('2.0'))) },
    );
    const reply = await server.ask('initiator', 'POST', '', bundle);
    expect([reply.status >= 400, stateOf(await server.read('initiator', task))]).toEqual([true, 'draft']);
    const both = make.transaction({ method: 'DELETE', url: request }, { method: 'DELETE', url: task });
    expect((await server.ask('initiator', 'POST', '', both)).status).toBe(200);
  });

  test('by a condition, too', async () => {
    const { name } = await makeReferral(server, '3.0');
    const reply = await server.ask(
      'initiator',
      'DELETE',
      `ServiceRequest?identifier=${make.PLACER_SYSTEM}|${name}`,
    );
    expect(answerOf(reply)).toBe('409 deletion-refused');
  });
});

describe('ServiceRequest.status while a Task is open (G14)', () => {
  // prettier-ignore
  const WRITES: readonly (readonly [who: Who, state: string, status: string, answer: string, task: string])[] = [
    ['initiator',                   '3.0', 'revoked',          '200',               'in-progress 5.2'],
    ['initiator',                   '2.0', 'revoked',          '200',               'in-progress 5.2'],
    ['initiator',                   '511', 'revoked',          '200',               'in-progress 5.2'],
    ['initiator',                   '5.2', 'revoked',          '200',               'in-progress 5.2'],
    ['initiator',                   '3.0', 'completed',        '422 referral-rule', 'accepted 3.0'],
    ['initiator',                   '3.0', 'on-hold',          '422 referral-rule', 'accepted 3.0'],
    ['initiator',                   '3.0', 'draft',            '422 referral-rule', 'accepted 3.0'],
    ['initiator',                   '3.0', 'entered-in-error', '422 referral-rule', 'accepted 3.0'],
    ['initiator',                   '3.0', 'active',           '200',               'accepted 3.0'],
    ['recipient',                   '3.0', 'revoked',          '403 not-custodian', 'accepted 3.0'],
    ['administrator',               '3.0', 'revoked',          '403 not-your-move', 'accepted 3.0'],
    ['administrator for initiator', '3.0', 'revoked',          '200',               'in-progress 5.2'],
  ];
  const WAYS = ['PATCH', 'PUT', 'in a transaction'] as const;

  async function write(way: (typeof WAYS)[number], who: Who, ref: Ref, status: string): Promise<Response> {
    const patch = put('/status', status);
    if (way === 'PATCH') return server.ask(who, 'PATCH', ref, patch);
    if (way === 'PUT')
      return server.ask(who, 'PUT', ref, { ...(await server.read('administrator', ref)), status });
    const entry = { method: 'PATCH', url: ref, resource: patchOf(patch) } as const;
    return server.ask(who, 'POST', '', make.transaction(entry));
  }

  describe.each(WAYS)('%s', (way) => {
    test.each(WRITES)('%s, Task %s: %s', async (who, state, status, answer, task) => {
      const referral = await makeReferral(server, state);
      const reply = await write(way, who, referral.request, status);
      expect(answerOf(reply)).toBe(answer);
      expect(stateOf(await server.read('recipient', referral.task))).toBe(task);
      expect((await server.read('recipient', referral.request))['status']).toBe('active');
    });
  });

  test('revoked is told as the cancellation request, once, and said beside the reply', async () => {
    const referral = await makeReferral(server, '3.0');
    const reply = await server.ask('initiator', 'PATCH', referral.request, put('/status', 'revoked'));
    expect(reply.json['status']).toBe('active');
    expect(reply.warning).toContain('cancellation request');
    expect(await auditedMove(server, referral.task, reply.version)).toBe('07 send-cancellation-request');
    expect(await messagesOf(server, referral.task, reply.version)).toBe(
      'send-cancellation-request to Endpoint/recipient',
    );
    const again = await server.ask('initiator', 'PATCH', referral.request, put('/status', 'revoked'));
    // It changes nothing more: the version is the one there was.
    expect(again.version).toBe(reply.version);
  });

  test('both together in one transaction are one move', async () => {
    const referral = await makeReferral(server, '3.0');
    const entries: readonly make.Entry[] = [
      { method: 'PATCH', url: referral.request, resource: patchOf(put('/status', 'revoked')) },
      { method: 'PATCH', url: referral.task, resource: patchOf(put('/status', 'cancelled')) },
    ];
    for (const some of [entries, entries.toReversed()]) {
      const one = await makeReferral(server, '3.0');
      const text = JSON.stringify(make.transaction(...some))
        .replace(referral.request, one.request)
        .replace(referral.task, one.task);
      const reply = await server.ask('initiator', 'POST', '', JSON.parse(text) as object); // as built
      expect(reply.status).toBe(200);
      expect(stateOf(await server.read('recipient', one.task))).toBe('in-progress 5.2');
      expect((await server.outboxOf(one.task)).map(({ event }) => event)).toEqual([
        'send-referral-package',
        'send-acceptance',
        'send-cancellation-request',
      ]);
    }
  });

  test('the patient and the referral ID of an order that was sent are frozen', async () => {
    const { request } = await makeReferral(server, '3.0');
    const other = await server.create('initiator', make.patient());
    const patient = await server.ask(
      'initiator',
      'PATCH',
      request,
      put('/subject', make.to(`Patient/${other.id}`)),
    );
    expect(answerOf(patient)).toBe('422 field-frozen');
    const name = await server.ask('initiator', 'PATCH', request, put('/identifier', [make.placer('other')]));
    expect(answerOf(name)).toBe('422 field-frozen');
  });

  test('an order whose referral has ended is free', async () => {
    const { request } = await makeReferral(server, '4.0');
    const reply = await server.ask('initiator', 'PATCH', request, put('/status', 'entered-in-error'));
    expect(answerOf(reply)).toBe('200');
  });
});

describe('who acts is a party, not a person (rules 1.8)', () => {
  test('an administrator acts for a named organization, and the audit says so', async () => {
    const { task } = await makeReferral(server, '2.0');
    const nobody = await server.ask('administrator', 'PATCH', task, buildPatch(writing('3.0')));
    expect(answerOf(nobody)).toBe('403 not-your-move');
    const { version } = await server.ask(
      'administrator for recipient',
      'PATCH',
      task,
      buildPatch(writing('3.0')),
    );
    for (const viewer of ['initiator', 'recipient', 'administrator']) {
      const events = await server.auditOf(viewer, task);
      const event = events.find(({ meta }) => meta?.versionId === String(version));
      expect(event?.agent).toContainEqual(
        expect.objectContaining({
          who: { reference: 'Organization/recipient' },
          role: [{ text: 'an administrator acted for this organization' }],
        }),
      );
    }
  });

  test('nobody else acts on behalf of anyone', async () => {
    const { task } = await makeReferral(server, '2.0');
    const headers = { 'x-on-behalf-of': 'Organization/recipient' };
    const reply = await server.ask('initiator', 'PATCH', task, buildPatch(writing('3.0')), { headers });
    expect(answerOf(reply)).toBe('403 scope-insufficient');
  });

  test('one organization on both sides makes both moves, and is told nothing', async () => {
    const referral = await makeReferral(server, '511', { requester: 'recipient', owner: 'recipient' });
    await move(referral, 'recipient', '5.2');
    await move(referral, 'recipient', '6.0');
    expect(stateOf(await server.read('recipient', referral.task))).toBe('cancelled 6.0');
    expect(await server.outboxOf(referral.task)).toEqual([]);
    expect((await server.ask('initiator', 'GET', referral.task)).status).toBe(404);
  });

  test('its cancelled is the confirmation only once cancellation was requested', async () => {
    const referral = await makeReferral(server, '3.0', { requester: 'recipient', owner: 'recipient' });
    const patch = put('/status', 'cancelled');
    const states: string[] = [];
    for (const _time of [1, 2])
      states.push(stateOf((await server.ask('recipient', 'PATCH', referral.task, patch)).json));
    expect(states).toEqual(['in-progress 5.2', 'cancelled 6.0']);
  });
});
