/** Which fields freeze, and which are stored otherwise than written and how the reply says so (rules 1.4, 1.5). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { stateOf } from './facts.ts';
import { BUSINESS_STATUS, makeReferral, patchOf } from './referrals.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
  for (const id of ['recipient-ward', 'recipient-clinic'])
    await server.ask('administrator', 'PUT', `PractitionerRole/${id}`, {
      ...make.practitionerRole('recipient'),
      id,
    });
});
afterAll(() => server.close());

const put = (path: string, value: unknown) => ({ op: 'add', path, value });
const remove = (path: string) => ({ op: 'remove', path });
const at = (reference: string) => ({ reference });
const OUTPUT = { type: { text: 'note' }, valueString: 'one' };

// prettier-ignore
const FROZEN: readonly (readonly [what: string, who: string, state: string, patch: readonly object[], answer: string])[] = [
  ['another requester',                      'initiator', '2.0', [put('/requester', at('Organization/stranger'))],          '422 field-frozen Task.requester'],
  ['another requester of the same',          'initiator', '2.0', [put('/requester', at('Organization/initiator'))],         '422 field-frozen Task.requester'],
  ['no requester',                           'initiator', '2.0', [remove('/requester')],                                    '422 field-frozen Task.requester'],
  ['another focus',                          'initiator', '3.0', [put('/focus', at('ServiceRequest/OTHER'))],               '422 field-frozen Task.focus'],
  ['another patient',                        'recipient', '3.0', [put('/for', at('Patient/OTHER'))],                        '422 field-frozen Task.for'],
  ['no patient',                             'recipient', '3.0', [remove('/for')],                                          '422 field-frozen Task.for'],
  ['another code',                           'initiator', '2.0', [put('/code', { text: 'something' })],                     '422 field-frozen Task.code'],
  ['another intent',                         'initiator', '2.0', [put('/intent', 'plan')],                                  '422 field-frozen Task.intent'],
  ['an owner of another organization',       'initiator', '2.0', [put('/owner', at('Organization/stranger'))],              '422 field-frozen Task.owner'],
  ['the organization in place of its role',  'recipient', '3.0', [put('/owner', at('Organization/recipient'))],             '422 field-frozen Task.owner'],
  ['no owner',                               'recipient', '3.0', [remove('/owner')],                                        '422 field-frozen Task.owner'],
  ['another role of the same organization',  'recipient', '3.0', [put('/owner', at('PractitionerRole/recipient-ward'))],    '200'],
  ['an output by the initiator',             'initiator', '3.0', [put('/output', [OUTPUT])],                                '422 field-frozen Task.output'],
  ['an output removed',                      'recipient', '514', [remove('/output')],                                       '422 field-frozen Task.output'],
  ['an output changed',                      'recipient', '514', [put('/output/0/valueString', 'two')],                     '422 field-frozen Task.output'],
  ['another display of the same owner',      'recipient', '3.0', [put('/owner/display', 'The ward')],                       '200'],
  ['another output at its side',             'recipient', '514', [put('/output/-', { ...OUTPUT, valueString: 'two' })],     '200'],
];

describe('what freezes once the referral was sent (rules 1.4)', () => {
  describe.each(['by itself', 'in a transaction'])('%s', (way) => {
    test.each(FROZEN)('%s', async (_what, who, state, patch, answer) => {
      const referral = await makeReferral(server, state);
      const other = await makeReferral(server, '3.0');
      if (state === '514') await server.ask('recipient', 'PATCH', referral.task, [put('/output', [OUTPUT])]);
      const before = await server.read('administrator', referral.task);
      const text = JSON.stringify(patch)
        .replace('ServiceRequest/OTHER', other.request)
        .replace('Patient/OTHER', other.patient);
      const operations = JSON.parse(text) as readonly object[]; // as it was, with the ids of today
      const reply =
        way === 'by itself'
          ? await server.ask(who, 'PATCH', referral.task, operations)
          : await server.ask(
              who,
              'POST',
              '',
              make.transaction({ method: 'PATCH', url: referral.task, resource: patchOf(operations) }),
            );
      const [issue] = (reply.json['issue'] ?? []) as readonly { expression?: readonly string[] }[];
      const places = issue?.expression?.filter((place) => place.startsWith('Task.')) ?? [];
      expect([reply.status, reply.code, ...places].filter(Boolean).join(' ')).toBe(answer);
      const { meta } = await server.read('administrator', referral.task);
      expect(meta?.versionId === before.meta?.versionId).toBe(answer !== '200');
    });
  });

  test('all fields that break a rule are named at once', async () => {
    const { task } = await makeReferral(server, '2.0');
    const reply = await server.ask('initiator', 'PATCH', task, [put('/intent', 'plan'), remove('/for')]);
    const [issue] = reply.json['issue'] as readonly { expression: readonly string[] }[];
    expect(issue?.expression).toEqual(['Task.for', 'Task.intent']);
  });

  test('a draft is free, but its patient is that of the order when it is sent', async () => {
    const { task } = await makeReferral(server, 'dr');
    const other = await server.create('initiator', make.patient());
    const changed = await server.ask('initiator', 'PATCH', task, [
      put('/owner', at('Organization/recipient')),
      put('/intent', 'plan'),
      put('/for', at(`Patient/${other.id}`)),
    ]);
    expect(changed.status).toBe(200);
    const sent = await server.ask('initiator', 'PATCH', task, [put('/status', 'requested')]);
    expect([sent.status, sent.code, sent.says]).toEqual([
      422,
      'referral-rule',
      'Task.for equals the subject of the ServiceRequest.',
    ]);
  });
});

const coded = (code: string) => ({ coding: [{ system: BUSINESS_STATUS, code }] });

describe('what is stored otherwise than written (rules 1.5)', () => {
  // prettier-ignore
  const REWRITTEN: readonly (readonly [what: string, who: string, state: string, patch: readonly object[], stored: string, says: readonly string[]])[] = [
    ['requested (G6)',                                   'initiator', 'dr',  [put('/status', 'requested')],                                    'received 2.0',       ['Task.status', 'Task.businessStatus']],
    ['the inconsistent example of the guide (G6)',       'initiator', 'dr',  [put('/status', 'requested'), put('/businessStatus', coded('7.0'))], 'received 2.0',    ['Task.status', 'Task.businessStatus']],
    ["the initiator's cancelled",                        'initiator', '3.0', [put('/status', 'cancelled'), put('/businessStatus', coded('6.0'))], 'in-progress 5.2', ['Task.status', 'Task.businessStatus']],
    ['another business status outside in-progress',      'recipient', '2.0', [put('/status', 'accepted'), put('/businessStatus', coded('5.1.1'))], 'accepted 3.0',    ['Task.businessStatus']],
    ['the code of the status itself',                    'recipient', '2.0', [put('/status', 'accepted'), put('/businessStatus', coded('3.0'))], 'accepted 3.0',     []],
    ['5.1, Active (G1)',                                 'recipient', '3.0', [put('/status', 'in-progress'), put('/businessStatus', coded('5.1'))], 'in-progress Active', ['Task.businessStatus']],
    ['Active over a sub-state (G1)',                     'recipient', '511', [remove('/businessStatus')],                                      'in-progress 5.1.1',  ['Task.businessStatus']],
    ['an interim note after a no-show (G4)',             'recipient', '512', [put('/businessStatus', coded('5.1.4')), put('/output', [OUTPUT])], 'in-progress 5.1.2', ['Task.businessStatus']],
    ['a code without its system',                        'recipient', '3.0', [put('/status', 'in-progress'), put('/businessStatus', { coding: [{ code: '5.1.1' }] })], 'in-progress 5.1.1', ['Task.businessStatus']],
    ['a business status on a draft',                     'initiator', 'dr',  [put('/businessStatus', coded('2.0'))],                           'draft',              ['Task.businessStatus']],
    ['accepted with a new output',                       'recipient', '3.0', [put('/output', [OUTPUT])],                                       'in-progress 5.1.4',  ['Task.status', 'Task.businessStatus']],
  ];

  interface Issue {
    readonly severity: string;
    readonly diagnostics: string;
    readonly expression: readonly string[];
  }

  test.each(REWRITTEN)('%s', async (_what, who, state, patch, stored, says) => {
    const one = await makeReferral(server, state);
    const shown = await server.ask(who, 'PATCH', one.task, patch);
    expect(stateOf(shown.json)).toBe(stored);
    expect(stateOf(await server.read(who, one.task))).toBe(stored);

    const other = await makeReferral(server, state);
    const told = await server.ask(who, 'PATCH', other.task, patch, { prefer: 'return=OperationOutcome' });
    expect(told.json.resourceType).toBe('OperationOutcome');
    const issues = (told.json['issue'] as readonly Issue[]).filter(({ diagnostics }) =>
      diagnostics.startsWith('Stored:'),
    );
    expect(issues.map(({ severity }) => severity)).toEqual(says.map(() => 'information'));
    expect(issues.flatMap(({ expression }) => expression)).toEqual(says);
    for (const { diagnostics } of issues) {
      expect(shown.warning).toContain(diagnostics.replaceAll('"', '\\"').replaceAll(/[^\x20-\x7e]/g, '?'));
    }

    const third = await makeReferral(server, state);
    const bundle = make.transaction({ method: 'PATCH', url: third.task, resource: patchOf(patch) });
    const { json } = await server.ask(who, 'POST', '', bundle);
    const [entry] = json['entry'] as readonly { response: { outcome?: { issue: readonly Issue[] } } }[];
    const noted = (entry?.response.outcome?.issue ?? []).filter(({ diagnostics }) =>
      diagnostics.startsWith('Stored:'),
    );
    expect(noted.map(({ diagnostics }) => diagnostics)).toEqual(issues.map(({ diagnostics }) => diagnostics));
  });

  test('Prefer: return=minimal still warns', async () => {
    const { task } = await makeReferral(server, '3.0');
    const patch = [put('/status', 'cancelled')];
    const reply = await server.ask('initiator', 'PATCH', task, patch, { prefer: 'return=minimal' });
    expect([reply.status, reply.text]).toEqual([200, '']);
    expect(reply.warning).toContain('cancellation request');
  });
});
