/** Many at once (rules 3.3, 3.6): nobody loses a write, one wins a race, and a repeated request has one effect. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';
import { auditedMove, messagesOf, stateOf } from './facts.ts';
import { buildPatch, makeReferral, writing, type Referral } from './referrals.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const times = <T>(count: number, work: (i: number) => Promise<T>): Promise<readonly T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)));

const countOf = (responses: readonly Response[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status, code } of responses) {
    const key = `${status} ${code ?? ''}`.trim();
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
};

const note = (text: string) => [{ op: 'add', path: '/note', value: [{ text }] }];

describe('nobody loses a write', () => {
  test('64 parallel patches of one Task all succeed, each as a version of its own', async () => {
    const { task } = await makeReferral(server, '3.0');
    await server.ask('recipient', 'PATCH', task, note('first'));
    const add = (i: number) => [{ op: 'add', path: '/note/-', value: { text: `note ${i}` } }];
    const responses = await times(64, (i) =>
      server.ask(i % 2 === 0 ? 'recipient' : 'initiator', 'PATCH', task, add(i)),
    );
    expect(countOf(responses)).toEqual({ 200: 64 });
    expect(new Set(responses.map(({ version }) => version)).size).toBe(64);
    const { note: notes } = await server.read('initiator', task);
    const texts = (notes as readonly { text: string }[]).map(({ text }) => text); // written just now
    expect(texts.toSorted()).toEqual(
      ['first', ...Array.from({ length: 64 }, (_, i) => `note ${i}`)].toSorted(),
    );
    const sent = await server.outboxOf(task);
    expect(sent.map(({ event }) => event)).toEqual(['send-referral-package', 'send-acceptance']);
  });

  test('of 16 updates on the same If-Match one succeeds', async () => {
    const { task } = await makeReferral(server, '3.0');
    const current = await server.read('recipient', task);
    const ifMatch = Number(current.meta?.versionId);
    const responses = await times(16, (i) =>
      server.ask('recipient', 'PUT', task, { ...current, note: [{ text: `${i}` }] }, { ifMatch }),
    );
    expect(countOf(responses)).toEqual({ 200: 1, '412 version-conflict': 15 });
  });
});

describe('one is made', () => {
  test('by 32 parallel conditional creates', async () => {
    const value = 'conditional-1';
    const patient = make.patient({ identifier: [{ system: make.MRN_SYSTEM, value }] });
    const ifNoneExist = `identifier=${make.MRN_SYSTEM}|${value}`;
    const responses = await times(32, () =>
      server.ask('initiator', 'POST', 'Patient', patient, { ifNoneExist }),
    );
    expect(countOf(responses)).toEqual({ 201: 1, 200: 31 });
    expect(new Set(responses.map(({ json }) => json.id)).size).toBe(1);
    expect(await server.search('initiator', `Patient?${ifNoneExist}`)).toHaveLength(1);
  });

  test('by 32 parallel conditional updates that find nothing', async () => {
    const value = 'conditional-2';
    const patient = make.patient({ identifier: [{ system: make.MRN_SYSTEM, value }] });
    const condition = `Patient?identifier=${make.MRN_SYSTEM}|${value}`;
    const responses = await times(32, () => server.ask('initiator', 'PUT', condition, patient));
    expect(countOf(responses)).toEqual({ 201: 1, 200: 31 });
    expect(await server.search('initiator', condition)).toHaveLength(1);
  });

  test('by 32 parallel POSTs of a Task for one order and one recipient', async () => {
    const patient = await server.create('initiator', make.patient());
    const subject = `Patient/${patient.id}`;
    const parties = { requester: 'PractitionerRole/initiator', owner: 'PractitionerRole/recipient' };
    const { performer: _none, ...order } = make.serviceRequest({ subject, performer: '', ...parties });
    const request = await server.create('initiator', order);
    const task = make.task({ focus: `ServiceRequest/${request.id}`, for: subject, ...parties });
    const responses = await times(32, () => server.ask('initiator', 'POST', 'Task', task));
    expect(countOf(responses)).toEqual({ 201: 1, '409 duplicate': 31 });
    expect(await server.search('recipient', `Task?focus=ServiceRequest/${request.id}`)).toHaveLength(1);
  });

  test('by 32 parallel POSTs of a Task for an order that opened its own: adopted once', async () => {
    const patient = await server.create('initiator', make.patient());
    const subject = `Patient/${patient.id}`;
    const parties = { requester: 'PractitionerRole/initiator', owner: 'PractitionerRole/recipient' };
    const request = await server.create(
      'initiator',
      make.serviceRequest({ subject, requester: parties.requester, performer: parties.owner }),
    );
    const task = make.task({ focus: `ServiceRequest/${request.id}`, for: subject, ...parties });
    const responses = await times(32, () => server.ask('initiator', 'POST', 'Task', task));
    expect(countOf(responses)).toEqual({ 201: 1, '409 duplicate': 31 });
    const [only, ...others] = await server.search('recipient', `Task?focus=ServiceRequest/${request.id}`);
    expect(others).toEqual([]);
    expect(responses.find(({ status }) => status === 201)?.location).toBe(`Task/${only?.id}`);
  });
});

describe('crossing moves', () => {
  type Move = readonly [who: string, to: string, tid: string];
  /** From a state: two moves at the same moment, and the row of each when the other came first; '' when refused. */
  const CROSSINGS: readonly {
    readonly name: string;
    readonly from: string;
    readonly first: Move;
    readonly second: Move;
    readonly firstAfterSecond: string;
    readonly secondAfterFirst: string;
    readonly ends: readonly string[];
  }[] = [
    {
      name: 'cancellation request × outcome',
      from: '511',
      first: ['initiator', '5.2', '14'],
      second: ['recipient', '7.0', '16'],
      firstAfterSecond: '',
      secondAfterFirst: '24',
      ends: ['completed 7.0'],
    },
    {
      name: 'cancellation request × decline',
      from: '3.0',
      first: ['initiator', '5.2', '07'],
      second: ['recipient', '4.0', '05'],
      firstAfterSecond: '',
      secondAfterFirst: 'G10a',
      ends: ['rejected 4.0'],
    },
    {
      name: 'accept × decline',
      from: '2.0',
      first: ['recipient', '3.0', '02'],
      second: ['recipient', '4.0', '03'],
      firstAfterSecond: '',
      secondAfterFirst: '05',
      ends: ['rejected 4.0'],
    },
    {
      name: 'accept × cancellation request',
      from: '2.0',
      first: ['recipient', '3.0', '02'],
      second: ['initiator', '5.2', '04'],
      firstAfterSecond: '',
      secondAfterFirst: '07',
      ends: ['in-progress 5.2'],
    },
    {
      name: 'outcome × decline',
      from: '511',
      first: ['recipient', '7.0', '16'],
      second: ['recipient', '4.0', '10'],
      firstAfterSecond: '',
      secondAfterFirst: '',
      ends: ['completed 7.0', 'rejected 4.0'],
    },
    {
      name: 'cancellation confirmed × outcome',
      from: '5.2',
      first: ['recipient', '6.0', '23'],
      second: ['recipient', '7.0', '24'],
      firstAfterSecond: '',
      secondAfterFirst: '',
      ends: ['cancelled 6.0', 'completed 7.0'],
    },
  ];

  const send = ({ task }: Referral, [who, to]: Move) =>
    server.ask(who, 'PATCH', task, buildPatch(writing(to)));

  test.each(CROSSINGS)('$name', async ({ from, first, second, ends, ...after }) => {
    for (const round of [0, 1, 2, 3]) {
      const referral = await makeReferral(server, from);
      const pair = [send(referral, round % 2 ? second : first), send(referral, round % 2 ? first : second)];
      const answers = await Promise.all(round % 2 ? pair.toReversed() : pair);
      const [one, other] = [await rowOf(referral, answers[0]), await rowOf(referral, answers[1])];
      const possible = [
        [first[2], after.secondAfterFirst],
        [after.firstAfterSecond, second[2]],
      ];
      expect(possible).toContainEqual([one, other]);
      expect(ends).toContain(stateOf(await server.read('initiator', referral.task)));
      expect(stateOf(await server.read('recipient', referral.task))).toBe(
        stateOf(await server.read('initiator', referral.task)),
      );
      const messages = await server.outboxOf(referral.task);
      const won = answers.filter(({ status }) => status === 200).map(({ version }) => version);
      for (const version of won) expect(await messagesOf(server, referral.task, version)).not.toBe('');
      expect(messages.filter(({ seq }) => seq >= Math.min(...won))).toHaveLength(won.length);
    }
  });

  /** The row a reply stands for; '' for a refusal that tells the truth about where the referral is. */
  async function rowOf({ task }: Referral, reply: Response | undefined): Promise<string> {
    if (reply === undefined) throw new Error('each was answered');
    if (reply.status === 200) return (await auditedMove(server, task, reply.version)).split(' ')[0] ?? '';
    expect(['422 transition-not-allowed', '403 not-your-move']).toContain(`${reply.status} ${reply.code}`);
    expect(reply.says).toMatch(/from (completed 7\.0|rejected 4\.0|cancelled 6\.0|in-progress 5\.2)/);
    return '';
  }
});

describe('Idempotency-Key', () => {
  const order = async () => {
    const patient = await server.create('initiator', make.patient());
    return make.serviceRequest({
      subject: `Patient/${patient.id}`,
      requester: 'PractitionerRole/initiator',
      performer: 'PractitionerRole/recipient',
    });
  };
  const same = ({ status, text, location, link, version, warning }: Response) => ({
    status,
    text,
    location,
    link,
    version,
    warning,
  });

  test('a repeated create is answered the same, and has one effect', async () => {
    const [body, sending] = [await order(), { idempotencyKey: 'create-1' }];
    const first = await server.ask('initiator', 'POST', 'ServiceRequest', body, sending);
    const again = await server.ask('initiator', 'POST', 'ServiceRequest', body, sending);
    expect(first.status).toBe(201);
    expect(first.link).toMatch(/^Task\//);
    expect(same(again)).toEqual(same(first));
    const subject = (body['subject'] as { reference: string }).reference; // built so
    expect(await server.search('recipient', `ServiceRequest?subject=${subject}`)).toHaveLength(1);
  });

  test('a repeated move is one move', async () => {
    const { task } = await makeReferral(server, '2.0');
    const patch = buildPatch(writing('3.0'));
    const sending = { idempotencyKey: 'move-1' };
    const first = await server.ask('recipient', 'PATCH', task, patch, sending);
    await server.ask('recipient', 'PATCH', task, buildPatch(writing('511')));
    const again = await server.ask('recipient', 'PATCH', task, patch, sending);
    expect(same(again)).toEqual(same(first));
    expect(stateOf(await server.read('recipient', task))).toBe('in-progress 5.1.1');
  });

  test('a refusal is repeated although it would be allowed by now', async () => {
    const { task } = await makeReferral(server, '2.0');
    const patch = buildPatch(writing('511'));
    const sending = { idempotencyKey: 'refused-1' };
    const first = await server.ask('recipient', 'PATCH', task, patch, sending);
    expect([first.status, first.code]).toEqual([422, 'transition-not-allowed']);
    await server.ask('recipient', 'PATCH', task, buildPatch(writing('3.0')));
    const again = await server.ask('recipient', 'PATCH', task, patch, sending);
    expect(same(again)).toEqual(same(first));
    const anew = await server.ask('recipient', 'PATCH', task, patch, { idempotencyKey: 'refused-2' });
    expect(anew.status).toBe(200);
  });

  test('other content under the same key is refused, and does nothing', async () => {
    const { task } = await makeReferral(server, '2.0');
    const sending = { idempotencyKey: 'other-1' };
    expect((await server.ask('recipient', 'PATCH', task, note('one'), sending)).status).toBe(200);
    const other = await server.ask('recipient', 'PATCH', task, note('two'), sending);
    expect([other.status, other.code]).toEqual([422, 'idempotency-key-reused']);
    expect((await server.read('recipient', task))['note']).toEqual([{ text: 'one' }]);
  });

  test("the same key of another organization is another's", async () => {
    const { task } = await makeReferral(server, '2.0');
    const sending = { idempotencyKey: 'shared' };
    const one = await server.ask('recipient', 'PATCH', task, note('one'), sending);
    const two = await server.ask('initiator', 'PATCH', task, note('two'), sending);
    expect([one.status, two.status]).toEqual([200, 200]);
    expect(two.version).toBeGreaterThan(one.version);
  });

  test('16 at once, the first still in flight: one answer, one effect', async () => {
    const [body, sending] = [await order(), { idempotencyKey: 'flight-1' }];
    const responses = await times(16, () => server.ask('initiator', 'POST', 'ServiceRequest', body, sending));
    expect(new Set(responses.map((response) => JSON.stringify(same(response)))).size).toBe(1);
    expect(responses[0]?.status).toBe(201);
    const subject = (body['subject'] as { reference: string }).reference; // built so
    expect(await server.search('recipient', `Task?patient=${subject}`)).toHaveLength(1);
  });

  test('16 refusals at once are one refusal', async () => {
    const { task } = await makeReferral(server, '2.0');
    const sending = { idempotencyKey: 'flight-2' };
    const patch = buildPatch(writing('7.0'));
    const responses = await times(16, () => server.ask('recipient', 'PATCH', task, patch, sending));
    expect(new Set(responses.map((response) => JSON.stringify(same(response)))).size).toBe(1);
    expect(responses[0]?.code).toBe('transition-not-allowed');
  });

  test('transactions too, and everything after a restart', async () => {
    const { task, request } = await makeReferral(server, '3.0');
    const bundle = make.transaction(
      {
        method: 'POST',
        url: 'Appointment',
        resource: make.appointment(request, (await patientOf(task)) ?? ''),
      },
      { method: 'GET', url: task },
      { method: 'GET', url: `Appointment?based-on=${request}` },
    );
    const refused = make.transaction({
      method: 'PATCH',
      url: task,
      resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data: btoa('[]') },
      ifMatch: 'W/"1"',
    });
    const first = await server.ask('recipient', 'POST', '', bundle, { idempotencyKey: 'bundle-1' });
    const no = await server.ask('recipient', 'POST', '', refused, { idempotencyKey: 'bundle-2' });
    expect([first.status, no.status, no.code]).toEqual([200, 412, 'version-conflict']);
    const again = await server.ask('recipient', 'POST', '', bundle, { idempotencyKey: 'bundle-1' });
    expect(JSON.parse(again.text)).toEqual(JSON.parse(first.text));
    await server.restart();
    const later = await server.ask('recipient', 'POST', '', bundle, { idempotencyKey: 'bundle-1' });
    expect(JSON.parse(later.text)).toEqual(JSON.parse(first.text));
    const noLater = await server.ask('recipient', 'POST', '', refused, { idempotencyKey: 'bundle-2' });
    expect(same(noLater)).toEqual(same(no));
    expect(await server.search('recipient', `Appointment?based-on=${request}`)).toHaveLength(1);
    expect(stateOf(await server.read('initiator', task))).toBe('in-progress 5.1.1');
  });

  const patientOf = async (task: string) =>
    ((await server.read('recipient', task))['for'] as { reference?: string }).reference; // made so
});
