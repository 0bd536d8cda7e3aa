/** Who sends a referral and who shall have it: taken from its order, or told by name why it is nobody (rules 1.11). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as make from '../../resources.ts';
import {
  administrator,
  initiator,
  openWorld,
  recipient,
  refOf,
  type Stored,
  type World,
} from '../../world.ts';

let world: World;
let patient: Stored;
beforeAll(async () => {
  world = await openWorld();
  await world.seedDirectory('initiator', 'recipient', 'stranger');
  patient = await world.create(initiator, make.patient());
  const alone = { resourceType: 'PractitionerRole', id: 'nobodys', active: true };
  await world.ask(administrator, 'PUT', 'PractitionerRole/nobodys', alone);
  await world.ask(administrator, 'PUT', 'Practitioner/someone', {
    resourceType: 'Practitioner',
    id: 'someone',
  });
});
afterAll(() => world.close());

const RECIPIENT = make.to('PractitionerRole/recipient');
const BSER = 'http://hl7.org/fhir/us/bser/StructureDefinition/BSeR-ReferralTask';

const orderOf = (more: object = {}) =>
  make.serviceRequest(
    { subject: refOf(patient), requester: 'Organization/initiator', performer: 'PractitionerRole/recipient' },
    { status: 'draft', ...more },
  );

const taskOf = (focus: string, more: object = {}): object => {
  const parties = { requester: 'Organization/initiator', owner: 'Organization/recipient' };
  const {
    requester: _requester,
    owner: _owner,
    ...rest
  } = make.task({
    focus,
    for: refOf(patient),
    ...parties,
  });
  return { ...rest, ...more };
};

const partiesOf = (task: object | undefined) => {
  const { requester, owner } = (task ?? {}) as Record<string, { reference?: string } | undefined>;
  return [requester?.reference, owner?.reference];
};

describe('(rules 1.11) a Task without parties takes those of its order', () => {
  test.each<[string, object, object, readonly (string | undefined)[]]>([
    ['both', {}, {}, ['Organization/initiator', 'PractitionerRole/recipient']],
    [
      'its own owner stays',
      {},
      { owner: make.to('Organization/stranger') },
      ['Organization/initiator', 'Organization/stranger'],
    ],
    ['in a draft', {}, { status: 'draft' }, ['Organization/initiator', 'PractitionerRole/recipient']],
    [
      'one that claims BSeR’s profile',
      {},
      { meta: { profile: [BSER] } },
      ['Organization/initiator', 'PractitionerRole/recipient'],
    ],
  ])('%s', async (_what, inOrder, inTask, parties) => {
    const order = await world.create(initiator, orderOf(inOrder));
    const answer = await world.ask(initiator, 'POST', 'Task', taskOf(refOf(order), inTask));
    expect([answer.status, partiesOf(answer.json)]).toEqual([201, parties]);
    expect(answer.headers['Warning']).toMatch(/The server took Task\.\w+ from ServiceRequest\./);
  });

  test('in one transaction, and in a draft that is sent later', async () => {
    const order = {
      method: 'POST',
      url: 'ServiceRequest',
      fullUrl: 'urn:uuid:o',
      resource: orderOf(),
    } as const;
    const task = { method: 'POST', url: 'Task', resource: taskOf('urn:uuid:o') } as const;
    const { json } = await world.ask(initiator, 'POST', '', make.transaction(order, task));
    expect(JSON.stringify(json)).toContain('"owner":{"reference":"PractitionerRole/recipient"}');

    const request = await world.create(initiator, orderOf({ performer: undefined }));
    const draft = await world.create(initiator, taskOf(refOf(request), { status: 'draft' }));
    await world.ask(initiator, 'PUT', refOf(request), { ...request, performer: [RECIPIENT] });
    const sent = await world.ask(initiator, 'PATCH', refOf(draft), [
      { op: 'replace', path: '/status', value: 'requested' },
    ]);
    expect([sent.status, partiesOf(sent.json)]).toEqual([
      200,
      ['Organization/initiator', 'PractitionerRole/recipient'],
    ]);
  });

  test('nothing is taken from an order that may not be seen', async () => {
    const order = await world.create(initiator, orderOf());
    const claimed = { meta: { profile: [BSER] } };
    const answers = [];
    for (const focus of [refOf(order), 'ServiceRequest/never-used'])
      answers.push(await world.ask(recipient, 'POST', 'Task', taskOf(focus, claimed)));
    const [hidden, absent] = answers.map(({ text = '' }) => text.replaceAll(order.id, 'never-used'));
    expect(hidden).toBe(absent);
  });

  test('a party taken away from a Task that was sent is not put back in silence', async () => {
    const order = await world.create(initiator, orderOf());
    const task = await world.create(initiator, taskOf(refOf(order)));
    const { code } = await world.ask(initiator, 'PATCH', refOf(task), [{ op: 'remove', path: '/owner' }]);
    expect(code).toBe('field-frozen');
  });
});

describe('(rules 1.11) whoever is nobody is told so by name', () => {
  const NOBODIES: readonly (readonly [object | undefined, string])[] = [
    [make.to('PractitionerRole/nobodys'), "PractitionerRole/nobodys is nobody's role"],
    [make.to('Practitioner/someone'), 'Practitioner/someone stands for no organization'],
    [make.to('https://elsewhere.example.org/fhir/Organization/1'), 'elsewhere.example.org'],
    [{ identifier: { system: 'urn:oid:2.999.1', value: '1' } }, 'its identifier belongs to no organization'],
    [{ display: 'Dr. Nobody' }, 'neither the reference nor the identifier'],
  ];
  test.each(
    NOBODIES.flatMap(([nobody, says]) =>
      (['requester', 'owner'] as const).map((element) => [element, nobody, says] as const),
    ),
  )('Task.%s %j', async (element, nobody, says) => {
    const order = await world.create(initiator, orderOf());
    const answer = await world.ask(initiator, 'POST', 'Task', taskOf(refOf(order), { [element]: nobody }));
    expect([answer.status, answer.code, answer.issues[0]?.diagnostics]).toEqual([
      422,
      'referral-rule',
      expect.stringContaining(says),
    ]);
    expect(answer.issues[0]?.diagnostics).toContain(`Task.${element}`);
  });

  test.each<[string, object, string]>([
    ['several performers', { performer: [RECIPIENT, RECIPIENT] }, 'names no performer, or several'],
    ['no performer', { performer: undefined }, 'names no performer, or several'],
    ['no requester', { requester: undefined }, 'its order has no requester'],
  ])('an order with %s', async (_what, inOrder, says) => {
    const order = await world.create(initiator, orderOf(inOrder));
    const answer = await world.ask(initiator, 'POST', 'Task', taskOf(refOf(order)));
    expect([answer.code, answer.issues[0]?.diagnostics]).toEqual([
      'field-missing',
      expect.stringContaining(says),
    ]);
  });

  test.each<[string, object, string]>([
    ['no performer', { performer: undefined }, 'performer is missing'],
    ['several', { performer: [RECIPIENT, make.to('Organization/stranger')] }, 'performer names several'],
    ...NOBODIES.map(([nobody, says]): [string, object, string] => [says, { performer: [nobody] }, says]),
    ['no requester', { requester: undefined }, 'requester is missing'],
    [
      'a requester that is nobody',
      { requester: make.to('Practitioner/someone') },
      'stands for no organization',
    ],
    ['another requester', { requester: make.to('Organization/stranger') }, 'not the organization that asks'],
  ])('(rules 1.7) an active order that opens nothing says why: %s', async (_what, more, says) => {
    const answer = await world.ask(
      initiator,
      'POST',
      'ServiceRequest',
      orderOf({ status: 'active', ...more }),
      {
        prefer: { return: 'OperationOutcome' },
      },
    );
    expect(answer.status).toBe(201);
    expect(answer.headers['Warning']).toMatch(/No referral was opened/);
    expect(answer.json).toMatchObject({
      issue: [{ severity: 'information', code: 'informational', diagnostics: expect.stringContaining(says) }],
    });
  });

  test('(rules 1.7) an order that is none, or brings its Task, says nothing', async () => {
    for (const more of [{}, { status: 'active', intent: 'plan' }]) {
      const { headers } = await world.ask(
        initiator,
        'POST',
        'ServiceRequest',
        orderOf({ performer: undefined, ...more }),
      );
      expect(headers['Warning']).toBeUndefined();
    }
  });
});

test('(rules 1.12) a decline without a reason warns, with one it does not', async () => {
  const warnings: (string | undefined)[] = [];
  for (const more of [{}, { statusReason: { text: 'no capacity' } }]) {
    const order = await world.create(initiator, orderOf());
    const task = await world.create(initiator, taskOf(refOf(order)));
    const { headers } = await world.ask(recipient, 'PUT', refOf(task), {
      ...task,
      ...more,
      status: 'rejected',
      businessStatus: undefined,
    });
    warnings.push(headers['Warning']);
  }
  expect(warnings).toEqual([
    expect.stringContaining('declined without a reason'),
    expect.not.stringContaining('declined'),
  ]);
});
