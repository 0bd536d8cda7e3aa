/** What one organization may try with another's resources, case by case, and the exact answer (rules 2). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import * as make from '../../resources.ts';
import {
  administrator,
  administratorFor,
  callerOf,
  initiator,
  recipient,
  refOf,
  refsOf,
  resourcesOf,
  stranger,
  type WorldReply,
  type Headers,
  type Stored,
} from '../../world.ts';
import { ATTACKS } from './attacks.ts';
import { openScene, taskOn, type Scene } from './scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene();
});
afterAll(async () => {
  await scene.world.close();
});

const ask = (...asked: Parameters<Scene['world']['ask']>): Promise<WorldReply> => scene.world.ask(...asked);
const found = async (caller: Caller, url: string) => refsOf(await scene.world.bundle(caller, url));
const read = async (caller: Caller, ref: string): Promise<Stored> => {
  const { json } = await ask(caller, 'GET', ref);
  return json as Stored; // read by id
};

test.each(ATTACKS)('%s', async (_says, caller, asking, status, code) => {
  const asked = asking(scene);
  const answer = await ask(caller, ...asked);
  expect([answer.status, answer.code]).toEqual([status, code]);
  expect(answer.text).not.toContain('https://recipient.example.org');
});

describe('references to what is absent and to what is invisible', () => {
  test.each([
    ['alone', (resource: Resource) => ['POST', resource.resourceType, resource] as const],
    [
      'in a transaction',
      (resource: Resource) =>
        ['POST', '', make.transaction({ method: 'POST', url: resource.resourceType, resource })] as const,
    ],
  ])('get the same 422 %s', async (_says, asking) => {
    const { id } = scene.patient;
    const invisible = await ask(stranger, ...asking(make.observation(`Patient/${id}`)));
    const absent = await ask(stranger, ...asking(make.observation('Patient/absent')));
    expect(invisible.status).toBe(422);
    expect(invisible.text?.replaceAll(id, 'absent')).toBe(absent.text);
  });
});

describe('an Endpoint (rules 2.2c)', () => {
  const ADDRESS = /recipient\.example\.org|secret-of-recipient/;

  test.each([
    ['read', 'Endpoint/recipient'],
    ['search', 'Endpoint?organization=Organization/recipient'],
    ['include', 'PractitionerRole?_id=recipient&_include=PractitionerRole:endpoint'],
    ['revinclude', 'Organization?_id=recipient&_revinclude=Endpoint:organization'],
    ['elements', 'Endpoint?_id=recipient&_elements=address,header'],
    ['summary', 'Endpoint?_id=recipient&_summary=true'],
    ['history of the instance', 'Endpoint/recipient/_history'],
    ['history of the type', 'Endpoint/_history'],
    ['history of everything', '_history'],
  ])('is shown without its address to others: %s', async (_says, url) => {
    await ask(recipient, 'PATCH', 'PractitionerRole/recipient', [
      { op: 'add', path: '/endpoint', value: [make.to('Endpoint/recipient')] },
    ]);
    const theirs = await ask(stranger, 'GET', url);
    expect(theirs.status).toBe(200);
    expect(theirs.text).toContain('"Endpoint"');
    expect(theirs.text).not.toMatch(ADDRESS);
    expect((await ask(recipient, 'GET', url)).text).toMatch(ADDRESS);
    expect((await ask(administrator, 'GET', url)).text).toMatch(ADDRESS);
  });

  test('is shown without its address in a version, a batch and a transaction', async () => {
    const { version } = await ask(recipient, 'GET', 'Endpoint/recipient');
    const entry = { method: 'GET', url: 'Endpoint/recipient' } as const;
    const asked = [
      await ask(stranger, 'GET', `Endpoint/recipient/_history/${version}`),
      await ask(stranger, 'POST', '', make.batch(entry)),
      await ask(
        stranger,
        'POST',
        '',
        make.transaction(entry, { method: 'GET', url: 'Endpoint?_id=recipient' }),
      ),
    ];
    for (const { status, text } of asked) {
      expect(status).toBe(200);
      expect(text).toContain('masked');
      expect(text).not.toMatch(ADDRESS);
    }
  });
});

describe('what is deleted comes back only by whom it belonged to', () => {
  test("a victim's role: else its referrals would change hands", async () => {
    const { world } = scene;
    await world.seedDirectory('victim');
    const victim = callerOf('victim');
    expect((await ask(victim, 'DELETE', 'PractitionerRole/victim')).status).toBe(204);
    const stolen = make.practitionerRole('victim', { organization: make.to('Organization/stranger') });
    expect(await ask(stranger, 'PUT', 'PractitionerRole/victim', stolen)).toMatchObject({
      status: 403,
      code: 'not-custodian',
    });
    expect(
      (await ask(victim, 'PUT', 'PractitionerRole/victim', make.practitionerRole('victim'))).status,
    ).toBe(201);
  });

  test("another's work item that a referral reached", async () => {
    const { world, patient } = scene;
    const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' };
    const order = make.serviceRequest({ subject: refOf(patient), ...parties }, { status: 'draft' });
    const request = await world.create(initiator, order);
    const referred = { focus: refOf(request), for: refOf(patient), owner: 'Organization/recipient' };
    const task = await world.create(initiator, make.task({ ...parties, ...referred }));
    const item = await world.create(initiator, {
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      owner: make.to('Organization/initiator'),
    });
    expect(
      (
        await ask(initiator, 'PATCH', refOf(task), [
          { op: 'add', path: '/input', value: [make.parameter(refOf(item))] },
        ])
      ).status,
    ).toBe(200);
    expect(
      (await ask(recipient, 'PATCH', refOf(item), [{ op: 'replace', path: '/status', value: 'completed' }]))
        .code,
    ).toBe('not-custodian');
    expect((await ask(initiator, 'DELETE', refOf(item))).code).toBe('deletion-refused');
    const ended = [{ op: 'replace', path: '/status', value: 'entered-in-error' }];
    expect((await ask(initiator, 'PATCH', refOf(task), ended)).status).toBe(200);
    expect((await ask(initiator, 'DELETE', refOf(item))).status).toBe(204);
    expect((await ask(recipient, 'GET', refOf(item))).code).toBe('gone');
    const owned = { owner: make.to('Organization/recipient'), requester: make.to('Organization/recipient') };
    const forged = { ...item, ...owned };
    expect((await ask(recipient, 'PUT', refOf(item), forged)).code).toBe('not-custodian');
    const { focus, for: subject } = task as unknown as Record<string, object>;
    const referral = { ...forged, focus, for: subject, code: { coding: [{ code: 'fulfill' }] } };
    expect((await ask(recipient, 'PUT', refOf(item), referral)).code).toBe('not-custodian');
  });
});

describe('a draft (G11)', () => {
  test('is not taken over by whom a referral lets see it', async () => {
    const { world, hiddenDraft, hiddenPatient } = scene;
    const request = await world.create(
      initiator,
      make.serviceRequest(
        {
          subject: refOf(hiddenPatient),
          requester: 'Organization/initiator',
          performer: 'Organization/stranger',
          placer: 'R-carrier',
        },
        { supportingInfo: [make.to(refOf(hiddenDraft))] },
      ),
    );
    const seen = await read(stranger, refOf(hiddenDraft));
    const taken = {
      ...seen,
      requester: make.to('Organization/stranger'),
      owner: make.to('Organization/stranger'),
    };
    expect(await ask(stranger, 'PUT', refOf(hiddenDraft), taken)).toMatchObject({
      status: 403,
      code: 'not-your-move',
    });
    expect(await ask(stranger, 'DELETE', refOf(hiddenDraft))).toMatchObject({
      status: 403,
      code: 'not-your-move',
    });
    expect((await read(initiator, refOf(hiddenDraft)))['requester']).toEqual(
      make.to('Organization/initiator'),
    );
    const [carrier] = await found(initiator, `Task?focus=${refOf(request)}`);
    expect(await found(stranger, `Task?focus=${refOf(request)}`)).toEqual([carrier]);
  });
});

describe('another referral on the same order', () => {
  test('shows neither its Task nor its state to who sees the order alone', async () => {
    const { world, patient } = scene;
    const order = (performer: string) =>
      make.serviceRequest({
        subject: refOf(patient),
        requester: 'Organization/initiator',
        performer,
        placer: 'R-shared',
      });
    const request = await world.create(initiator, order('Organization/recipient'));
    const task = await taskOn(world, request);
    const referral = { focus: refOf(request), for: refOf(patient), requester: 'Organization/initiator' };
    await world.create(initiator, make.task({ ...referral, owner: 'Organization/stranger' }));
    const again = make.task({
      ...referral,
      requester: 'Organization/stranger',
      owner: 'Organization/recipient',
    });
    const asked = await ask(stranger, 'POST', 'Task', again);
    expect(asked.text).not.toContain(task.id);
    await ask(recipient, 'PATCH', refOf(task), [{ op: 'replace', path: '/status', value: 'accepted' }]);
    expect((await ask(stranger, 'POST', 'Task', again)).text).not.toContain(task.id);
  });
});

describe('a Communication', () => {
  test('about the referral travels, one about the Patient does not', async () => {
    const { question, hiddenTalk } = scene;
    const all = await found(recipient, 'Communication');
    expect(all).toContain(refOf(question));
    expect(all).not.toContain(refOf(hiddenTalk));
    expect(await found(initiator, 'Communication?_count=100')).toEqual(
      expect.arrayContaining([refOf(question), refOf(hiddenTalk)]),
    );
  });
});

describe('an Idempotency-Key', () => {
  test("is its caller's own: another's key with the same content is another request", async () => {
    const headers: Headers = { idempotencyKey: 'the-same' };
    const body = make.patient({ name: [{ family: 'Keyed' }] });
    const first = await ask(initiator, 'POST', 'Patient', body, headers);
    const again = await ask(initiator, 'POST', 'Patient', body, headers);
    const other = await ask(stranger, 'POST', 'Patient', body, headers);
    expect(again.text).toBe(first.text);
    expect(other.status).toBe(201);
    expect(other.location).not.toBe(first.location);
    expect(await ask(stranger, 'POST', 'Patient', make.patient(), headers)).toMatchObject({
      status: 422,
      code: 'idempotency-key-reused',
    });
  });
});

describe('an administrator', () => {
  test('who acts for an organization writes in its custody, and the audit says so', async () => {
    const { world } = scene;
    const created = await world.create(
      administratorFor('initiator'),
      make.patient({ name: [{ family: 'Byproxy' }] }),
    );
    expect((await ask(initiator, 'GET', refOf(created))).status).toBe(200);
    expect((await ask(stranger, 'GET', refOf(created))).status).toBe(404);
    const renamed = [{ op: 'replace', path: '/name/0/family', value: 'Own' }];
    expect((await ask(initiator, 'PATCH', refOf(created), renamed)).status).toBe(200);
    const [event] = resourcesOf(
      await world.bundle(initiator, `AuditEvent?entity=${refOf(created)}&action=C`),
    );
    expect(JSON.stringify(event)).toContain('an administrator acted for this organization');
  });
});
