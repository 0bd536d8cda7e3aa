/** What one organization may try with another's resources, case by case, and the exact answer (rules 2). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { IssueCode } from '../../../src/fhir/issue.ts';
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
  type Answer,
  type Headers,
  type Method,
  type Stored,
} from '../../world.ts';
import { openScene, taskOn, type Scene } from './scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene();
});
afterAll(async () => {
  await scene.world.close();
});

const ask = (...asked: Parameters<Scene['world']['ask']>): Promise<Answer> => scene.world.ask(...asked);
const found = async (caller: Caller, url: string) => refsOf(await scene.world.bundle(caller, url));
const read = async (caller: Caller, ref: string): Promise<Stored> => {
  const { json } = await ask(caller, 'GET', ref);
  return json as Stored; // read by id
};

/** Who tries what, and what comes of it. */
type Attack = readonly [
  says: string,
  caller: Caller,
  asked: (scene: Scene) => readonly [method: Method, url: string, body?: unknown, headers?: Headers],
  status: number,
  code?: IssueCode,
];

const ATTACKS: readonly Attack[] = [
  // — references (rules 2.3)
  [
    "another's Patient as subject",
    stranger,
    ({ patient }) => ['POST', 'Observation', make.observation(refOf(patient))],
    422,
    'reference-not-found',
  ],
  [
    'an absent Patient as subject',
    stranger,
    () => ['POST', 'Observation', make.observation('Patient/never-used')],
    422,
    'reference-not-found',
  ],
  [
    "another's Task in Communication.about",
    stranger,
    ({ task }) => ['POST', 'Communication', make.communication([refOf(task)])],
    422,
    'reference-not-found',
  ],
  [
    "another's Binary in a document",
    recipient,
    ({ patient, hiddenLetter }) => [
      'POST',
      'DocumentReference',
      make.documentReference(refOf(patient), refOf(hiddenLetter)),
    ],
    422,
    'reference-not-found',
  ],
  [
    "another's Binary in a document, by our own address",
    recipient,
    ({ patient, hiddenLetter }) => [
      'POST',
      'DocumentReference',
      make.documentReference(refOf(patient), `https://referrals.example.org/fhir/${refOf(hiddenLetter)}`),
    ],
    422,
    'reference-not-found',
  ],
  [
    "another's Binary added to one's own Task.input",
    recipient,
    ({ task, hiddenLetter }) => [
      'PATCH',
      refOf(task),
      [{ op: 'add', path: '/input', value: [make.parameter(refOf(hiddenLetter))] }],
    ],
    422,
    'reference-not-found',
  ],
  [
    "another's Observation as Task.reasonReference",
    recipient,
    ({ task, hiddenObservation }) => [
      'PATCH',
      refOf(task),
      [{ op: 'add', path: '/reasonReference', value: make.to(refOf(hiddenObservation)) }],
    ],
    422,
    'reference-not-found',
  ],
  [
    "another's draft in a contained resource",
    recipient,
    ({ patient, hiddenDraft }) => [
      'POST',
      'Observation',
      make.observation(refOf(patient), {
        contained: [{ ...make.observation(refOf(patient)), id: 'o', focus: [make.to(refOf(hiddenDraft))] }],
        hasMember: [make.to('#o')],
      }),
    ],
    422,
    'reference-not-found',
  ],
  [
    "another's Consent in an extension",
    recipient,
    ({ patient, hiddenConsent }) => [
      'POST',
      'Observation',
      make.observation(refOf(patient), {
        extension: [{ url: 'https://example.org/consent', valueReference: make.to(refOf(hiddenConsent)) }],
      }),
    ],
    422,
    'reference-not-found',
  ],
  [
    "a Task of one's own with another's order as focus",
    stranger,
    ({ request, patient }) => [
      'POST',
      'Task',
      make.task({
        focus: refOf(request),
        for: refOf(patient),
        requester: 'Organization/stranger',
        owner: 'Organization/stranger',
      }),
    ],
    422,
    'reference-not-found',
  ],
  [
    'an order that replaces the other one',
    stranger,
    ({ request, otherPatient }) => [
      'POST',
      'ServiceRequest',
      make.serviceRequest(
        {
          subject: refOf(otherPatient),
          requester: 'Organization/stranger',
          performer: 'Organization/stranger',
        },
        { replaces: [make.to(refOf(request))] },
      ),
    ],
    422,
    'reference-not-found',
  ],

  // — custody (rules 2.1)
  [
    'the recipient changes the order',
    recipient,
    ({ request }) => ['PATCH', refOf(request), [{ op: 'add', path: '/note', value: [{ text: 'mine' }] }]],
    403,
    'not-custodian',
  ],
  [
    'the recipient adds to what the order carries',
    recipient,
    ({ request, question }) => [
      'PATCH',
      refOf(request),
      [{ op: 'add', path: '/supportingInfo/-', value: make.to(refOf(question)) }],
    ],
    403,
    'not-custodian',
  ],
  [
    'the recipient replaces the Patient',
    recipient,
    ({ patient }) => ['PUT', refOf(patient), { ...patient, name: [{ family: 'Other' }] }],
    403,
    'not-custodian',
  ],
  [
    'the recipient deletes the Patient',
    recipient,
    ({ patient }) => ['DELETE', refOf(patient)],
    403,
    'not-custodian',
  ],
  [
    'the recipient replaces it by a condition',
    recipient,
    () => ['PUT', 'Patient?identifier=12345', make.patient()],
    403,
    'not-custodian',
  ],
  [
    'the recipient deletes it in a transaction',
    recipient,
    ({ patient }) => ['POST', '', make.transaction({ method: 'DELETE', url: refOf(patient) })],
    403,
    'not-custodian',
  ],
  [
    "the initiator changes the recipient's Communication",
    initiator,
    ({ question }) => [
      'PATCH',
      refOf(question),
      [{ op: 'replace', path: '/status', value: 'entered-in-error' }],
    ],
    403,
    'not-custodian',
  ],
  [
    'the recipient deletes the Task',
    recipient,
    ({ task }) => ['DELETE', refOf(task)],
    409,
    'deletion-refused',
  ],
  [
    'the recipient hands the Task to another organization',
    recipient,
    ({ task }) => [
      'PATCH',
      refOf(task),
      [{ op: 'replace', path: '/owner', value: make.to('Organization/stranger') }],
    ],
    422,
    'field-frozen',
  ],
  [
    'the recipient becomes the requester',
    recipient,
    ({ task }) => [
      'PATCH',
      refOf(task),
      [{ op: 'replace', path: '/requester', value: make.to('Organization/recipient') }],
    ],
    422,
    'field-frozen',
  ],
  [
    "a referral in another's name",
    recipient,
    ({ patient, request }) => [
      'POST',
      'Task',
      make.task({
        focus: refOf(request),
        for: refOf(patient),
        requester: 'PractitionerRole/initiator',
        owner: 'Organization/stranger',
      }),
    ],
    403,
    'not-your-move',
  ],
  [
    "a draft in another's name",
    recipient,
    ({ patient, request }) => [
      'POST',
      'Task',
      make.task(
        {
          focus: refOf(request),
          for: refOf(patient),
          requester: 'PractitionerRole/initiator',
          owner: 'Organization/stranger',
        },
        { status: 'draft' },
      ),
    ],
    403,
    'not-your-move',
  ],

  // — the directory (rules 2.4)
  [
    "another's Endpoint",
    stranger,
    () => ['PUT', 'Endpoint/recipient', make.endpoint('recipient')],
    403,
    'not-custodian',
  ],
  [
    "another's Endpoint, taken over",
    stranger,
    () => [
      'PUT',
      'Endpoint/recipient',
      make.endpoint('recipient', { managingOrganization: make.to('Organization/stranger') }),
    ],
    403,
    'not-custodian',
  ],
  [
    "another's Endpoint, made nobody's",
    stranger,
    () => ['PATCH', 'Endpoint/recipient', [{ op: 'remove', path: '/managingOrganization' }]],
    403,
    'not-custodian',
  ],
  [
    'a new Endpoint that another is said to manage',
    stranger,
    () => ['POST', 'Endpoint', make.endpoint('recipient')],
    403,
    'not-custodian',
  ],
  [
    "one's own Endpoint, given to another",
    stranger,
    () => [
      'PUT',
      'Endpoint/stranger',
      make.endpoint('stranger', { managingOrganization: make.to('Organization/recipient') }),
    ],
    403,
    'not-custodian',
  ],
  [
    'the hidden address, guessed by a patch that tests',
    stranger,
    () => [
      'PATCH',
      'Endpoint/recipient',
      [{ op: 'test', path: '/address', value: 'https://recipient.example.org/fhir' }],
    ],
    403,
    'not-custodian',
  ],
  [
    'the hidden address, guessed wrong',
    stranger,
    () => [
      'PATCH',
      'Endpoint/recipient',
      [{ op: 'test', path: '/address', value: 'https://wrong.example.org/fhir' }],
    ],
    403,
    'not-custodian',
  ],
  [
    'the hidden address, copied to where a refusal quotes it',
    stranger,
    () => ['PATCH', 'Endpoint/recipient', [{ op: 'copy', from: '/address', path: '/status' }]],
    403,
    'not-custodian',
  ],
  [
    'a role in a victim organization',
    stranger,
    () => [
      'POST',
      'PractitionerRole',
      make.practitionerRole('mine', { organization: make.to('Organization/recipient') }),
    ],
    403,
    'not-custodian',
  ],
  [
    'a role in a version of a victim organization',
    stranger,
    () => [
      'POST',
      'PractitionerRole',
      make.practitionerRole('mine', { organization: make.to('Organization/recipient/_history/4') }),
    ],
    403,
    'not-custodian',
  ],
  [
    'a role in a victim organization, by our own address',
    stranger,
    () => [
      'POST',
      'PractitionerRole',
      make.practitionerRole('mine', {
        organization: make.to('https://referrals.example.org/fhir/Organization/recipient'),
      }),
    ],
    403,
    'not-custodian',
  ],
  [
    'a role in a victim organization, by a condition',
    stranger,
    () => [
      'POST',
      'PractitionerRole',
      make.practitionerRole('mine', { organization: make.to('Organization?name=recipient') }),
    ],
    403,
    'not-custodian',
  ],
  [
    "another's role, moved to oneself",
    stranger,
    () => [
      'PUT',
      'PractitionerRole/recipient',
      make.practitionerRole('recipient', { organization: make.to('Organization/stranger') }),
    ],
    403,
    'not-custodian',
  ],
  [
    "one's own role, moved to a victim",
    stranger,
    () => [
      'PATCH',
      'PractitionerRole/stranger',
      [{ op: 'replace', path: '/organization/reference', value: 'Organization/recipient' }],
    ],
    403,
    'not-custodian',
  ],
  ["another's role, deleted", stranger, () => ['DELETE', 'PractitionerRole/recipient'], 403, 'not-custodian'],
  [
    "another's Organization",
    stranger,
    () => ['PATCH', 'Organization/recipient', [{ op: 'replace', path: '/name', value: 'mine' }]],
    403,
    'not-custodian',
  ],
  [
    'a new Organization',
    stranger,
    () => ['POST', 'Organization', make.organization('new')],
    403,
    'not-custodian',
  ],
  [
    'a service that a victim is said to provide',
    stranger,
    () => [
      'POST',
      'HealthcareService',
      { resourceType: 'HealthcareService', providedBy: make.to('Organization/recipient') },
    ],
    403,
    'not-custodian',
  ],
  [
    'an agreement under the authority of a victim',
    stranger,
    () => ['POST', 'Contract', { resourceType: 'Contract', authority: [make.to('Organization/recipient')] }],
    403,
    'not-custodian',
  ],

  // — the audit (rules 2.8)
  [
    'a made-up AuditEvent',
    initiator,
    () => ['POST', 'AuditEvent', { resourceType: 'AuditEvent' }],
    405,
    'interaction-unsupported',
  ],
  [
    'an AuditEvent, changed',
    initiator,
    () => ['PUT', 'AuditEvent/1-0', { resourceType: 'AuditEvent', id: '1-0' }],
    405,
    'interaction-unsupported',
  ],
  [
    'an AuditEvent, deleted',
    administrator,
    () => ['DELETE', 'AuditEvent/1-0'],
    405,
    'interaction-unsupported',
  ],
  [
    'the AuditEvent of a commit of others',
    stranger,
    ({ hiddenConsent }) => ['GET', `AuditEvent/${hiddenConsent.meta?.versionId}-0`],
    404,
    'not-found',
  ],

  // — who asks (rules 2.5)
  [
    'a caller without an organization',
    callerOf('nobody', { organization: undefined }),
    ({ task }) => ['GET', refOf(task)],
    403,
    'organization-unknown',
  ],
  [
    'a caller without an organization searches',
    callerOf('nobody', { organization: undefined }),
    () => ['GET', 'Task'],
    403,
    'organization-unknown',
  ],
  [
    'a caller without an organization writes',
    callerOf('nobody', { organization: undefined }),
    () => ['POST', 'Patient', make.patient()],
    403,
    'organization-unknown',
  ],
  [
    'a caller without an organization reads audit',
    callerOf('nobody', { organization: undefined }),
    () => ['GET', 'AuditEvent'],
    403,
    'organization-unknown',
  ],
  [
    'an organization that is not there',
    callerOf('unheard-of'),
    ({ task }) => ['GET', refOf(task)],
    404,
    'not-found',
  ],
  [
    'an administrator of nobody moves a referral',
    administrator,
    ({ task }) => ['PATCH', refOf(task), [{ op: 'replace', path: '/status', value: 'accepted' }]],
    403,
    'not-your-move',
  ],
  [
    'an administrator for a stranger moves a referral',
    administratorFor('stranger'),
    ({ task }) => ['PATCH', refOf(task), [{ op: 'replace', path: '/status', value: 'accepted' }]],
    403,
    'not-your-move',
  ],
];

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
    const { world, task } = scene;
    const item = await world.create(initiator, {
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      owner: make.to('Organization/initiator'),
    });
    const input = (value: unknown) => [{ op: 'add', path: '/input', value }];
    expect((await ask(initiator, 'PATCH', refOf(task), input([make.parameter(refOf(item))]))).status).toBe(
      200,
    );
    expect(
      (await ask(recipient, 'PATCH', refOf(item), [{ op: 'replace', path: '/status', value: 'completed' }]))
        .code,
    ).toBe('not-custodian');
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
