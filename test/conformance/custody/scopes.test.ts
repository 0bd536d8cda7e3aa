/** Scopes narrow what an organization may see and write; patient scopes leave one patient's compartment (SMART App Launch 2.2). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { IssueCode } from '../../../src/fhir/issue.ts';
import type { Ref } from '../../../src/fhir/types.ts';
import type { Caller } from '../../../src/operations/request.ts';
import * as make from '../../resources.ts';
import {
  callerOf,
  initiator,
  recipient,
  refOf,
  refsOf,
  type WorldReply,
  type Headers,
  type Method,
} from '../../world.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(async () => {
  await scene.world.close();
});

const ask = (...asked: Parameters<Scene['world']['ask']>): Promise<WorldReply> => scene.world.ask(...asked);
const withScope = (scope: string, more: Partial<Caller> = {}): Caller =>
  callerOf('initiator', { scope, ...more });
/** An application of `initiator` that one of its patients has opened. */
const opened = (scope: string, patient: Ref): Caller => withScope(scope, { patient, client: 'app' });

type RequestArguments = readonly [method: Method, url: string, body?: unknown, headers?: Headers];

describe('each interaction needs its right, and says which (scope-insufficient)', () => {
  const CASES: readonly (readonly [
    granted: string,
    asked: (scene: Scene) => RequestArguments,
    needed: string | undefined,
  ])[] = [
    ['system/Task.r', ({ task }) => ['GET', refOf(task)], undefined],
    ['system/Task.s', ({ task }) => ['GET', refOf(task)], 'system/Task.r'],
    ['system/Patient.cruds', ({ task }) => ['GET', refOf(task)], 'system/Task.r'],
    ['system/Task.r', ({ task }) => ['GET', `${refOf(task)}/_history/${task.meta?.versionId}`], undefined],
    [
      'system/Task.s',
      ({ task }) => ['GET', `${refOf(task)}/_history/${task.meta?.versionId}`],
      'system/Task.r',
    ],
    ['system/Task.s', ({ task }) => ['GET', `${refOf(task)}/_history`], 'system/Task.r'],
    ['system/Task.s', () => ['GET', 'Task/_history'], undefined],
    ['system/Task.r', () => ['GET', 'Task/_history'], 'system/Task.s'],
    ['system/Task.s', () => ['GET', '_history'], 'system/*.s'],
    ['system/*.s', () => ['GET', '_history'], undefined],
    ['system/Task.s', () => ['GET', 'Task'], undefined],
    ['system/Task.r', () => ['GET', 'Task'], 'system/Task.s'],
    ['system/Task.rs', () => ['GET', 'Task?patient.family=Chalmers'], 'system/Patient.s'],
    ['system/Patient.rs', () => ['GET', 'Patient?_has:Task:patient:status=received'], 'system/Task.s'],
    ['system/Patient.c', () => ['POST', 'Patient', make.patient()], undefined],
    ['system/Patient.ruds', () => ['POST', 'Patient', make.patient()], 'system/Patient.c'],
    [
      'system/Patient.c',
      () => ['POST', 'Patient', make.patient(), { ifNoneExist: 'identifier=1' }],
      'system/Patient.cs',
    ],
    ['system/Patient.crds', ({ patient }) => ['PUT', refOf(patient), patient], 'system/Patient.u'],
    ['system/Patient.u', () => ['PUT', 'Patient?identifier=12345', make.patient()], 'system/Patient.us'],
    ['system/Patient.u', () => ['PATCH', 'Patient?identifier=12345', []], 'system/Patient.us'],
    ['system/Patient.crus', ({ patient }) => ['DELETE', refOf(patient)], 'system/Patient.d'],
    ['system/Patient.d', () => ['DELETE', 'Patient?identifier=nobody'], 'system/Patient.ds'],
    [
      'system/Patient.cus',
      () => ['PUT', 'Patient?_has:Task:patient:status=received', make.patient()],
      'system/Task.s',
    ],
    ['system/Task.cruds', () => ['GET', 'AuditEvent'], 'system/AuditEvent.s'],
    [
      'system/Patient.c',
      ({ task }) => [
        'POST',
        '',
        make.transaction(
          { method: 'POST', url: 'Patient', resource: make.patient() },
          { method: 'GET', url: refOf(task) },
        ),
      ],
      'system/Task.r',
    ],
    ['system/Patient.rs?family=Chalmers', ({ patient }) => ['GET', refOf(patient)], undefined],
    ['system/Patient.rs?phase=Chalmers', ({ patient }) => ['GET', refOf(patient)], 'system/Patient.r'],
    ['openid fhirUser', ({ patient }) => ['GET', refOf(patient)], 'system/Patient.r'],
  ];

  test.each(CASES)('%s: %s', async (granted, asking, needed) => {
    const { status, code, issues } = await ask(withScope(granted), ...asking(scene));
    const refusal = [403, 'scope-insufficient', `needed: ${needed}`];
    expect(code === undefined ? [status < 300] : [status, code, issues[0]?.diagnostics]).toEqual(
      needed === undefined ? [true] : refusal,
    );
  });

  test('a batch refuses the entry alone', async () => {
    const { patient, task } = scene;
    const entries = [patient, task].map((one) => ({ method: 'GET', url: refOf(one) }) as const);
    const { json } = await ask(withScope('system/Patient.r'), 'POST', '', make.batch(...entries));
    expect(json).toMatchObject({ entry: [{ response: { status: '200' } }, { response: { status: '403' } }] });
  });

  test('an include of a type without its scope is left out', async () => {
    const url = 'Task?_include=Task:focus&_include=Task:patient';
    const found = refsOf(await scene.world.bundle(withScope('system/Task.rs system/Patient.s'), url));
    expect(found).toContain(refOf(scene.patient));
    expect(found).not.toContain(refOf(scene.request));
  });
});

describe('patient scopes', () => {
  const RIGHTS = 'patient/*.cruds';
  const app = (): Caller => opened(RIGHTS, refOf(scene.patient));

  test('see the compartment of the patient in the token, and the directory', async () => {
    const { world, patient, observation, hiddenObservation, hiddenPatient, hiddenDraft } = scene;
    expect(refsOf(await world.bundle(app(), 'Patient'))).toEqual([refOf(patient)]);
    expect(refsOf(await world.bundle(app(), 'Observation')).toSorted()).toEqual(
      [refOf(observation), refOf(hiddenObservation)].toSorted(),
    );
    expect((await ask(app(), 'GET', 'Organization/recipient')).status).toBe(200);
    for (const other of [hiddenPatient, hiddenDraft]) {
      expect((await ask(app(), 'GET', refOf(other))).status).toBe(404);
      expect((await ask(app(), 'GET', `${refOf(other)}/_history`)).status).toBe(404);
      expect((await world.bundle(app(), `${other.resourceType}?_id=${other.id}&_total=accurate`)).total).toBe(
        0,
      );
    }
    const all = (await world.bundle(app(), '_history?_count=1000')).entry ?? [];
    expect(all.filter(({ fullUrl }) => fullUrl?.endsWith(refOf(hiddenPatient)))).toEqual([]);
  });

  test('without a patient in the token see nothing', async () => {
    const nobody = withScope('system/Task.rs patient/Patient.cruds');
    expect(await ask(nobody, 'GET', refOf(scene.patient))).toMatchObject({
      status: 403,
      code: 'scope-insufficient',
    });
    expect(
      refsOf(await scene.world.bundle(nobody, 'Task?_include=Task:patient')).filter((ref) =>
        ref.startsWith('Patient/'),
      ),
    ).toEqual([]);
    expect((await ask(nobody, 'GET', 'Task?patient.family=Chalmers')).code).toBe('scope-insufficient');
  });

  test('narrow a chain, an include and a reverse include through their type', async () => {
    const { world, patient, task, hiddenDraft, hiddenPatient } = scene;
    const mixed = opened('system/Task.rs patient/Patient.rs', refOf(patient));
    expect(refsOf(await world.bundle(mixed, 'Task'))).toEqual(
      expect.arrayContaining([refOf(task), refOf(hiddenDraft)]),
    );
    expect(refsOf(await world.bundle(mixed, 'Task?patient.family=Unseen'))).toEqual([]);
    expect(refsOf(await world.bundle(mixed, 'Task?_include=Task:patient'))).not.toContain(
      refOf(hiddenPatient),
    );
    const back = opened('system/Patient.rs patient/Task.rs', refOf(patient));
    expect(refsOf(await world.bundle(back, 'Patient?_revinclude=Task:patient'))).not.toContain(
      refOf(hiddenDraft),
    );
    expect(refsOf(await world.bundle(back, 'Patient?_has:Task:patient:status=draft'))).toEqual([]);
  });

  const WRITES: readonly (readonly [
    string,
    (scene: Scene) => RequestArguments,
    number,
    IssueCode | undefined,
  ])[] = [
    [
      'an Observation of the patient',
      ({ patient }) => ['POST', 'Observation', make.observation(refOf(patient))],
      201,
      undefined,
    ],
    [
      'an Observation of another',
      ({ hiddenPatient }) => ['POST', 'Observation', make.observation(refOf(hiddenPatient))],
      403,
      'scope-insufficient',
    ],
    [
      'an Observation of nobody',
      () => ['POST', 'Observation', { ...make.observation('Patient/x'), subject: undefined }],
      403,
      'scope-insufficient',
    ],
    ['a new Patient', () => ['POST', 'Patient', make.patient()], 403, 'scope-insufficient'],
    [
      'an Organization',
      () => ['PATCH', 'Organization/initiator', [{ op: 'replace', path: '/name', value: 'x' }]],
      403,
      'scope-insufficient',
    ],
    [
      'an Observation moved to another',
      ({ observation, hiddenPatient }) => [
        'PATCH',
        refOf(observation),
        [{ op: 'replace', path: '/subject', value: make.to(refOf(hiddenPatient)) }],
      ],
      403,
      'scope-insufficient',
    ],
    [
      "another's draft",
      ({ hiddenDraft }) => ['PATCH', refOf(hiddenDraft), [{ op: 'add', path: '/description', value: 'x' }]],
      404,
      'not-found',
    ],
    ["another's draft, deleted", ({ hiddenDraft }) => ['DELETE', refOf(hiddenDraft)], 204, undefined],
    [
      'a reference to what is outside the compartment',
      ({ patient, hiddenDraft }) => [
        'POST',
        'Observation',
        make.observation(refOf(patient), { focus: [make.to(refOf(hiddenDraft))] }),
      ],
      422,
      'reference-not-found',
    ],
    [
      'the same by a condition',
      ({ patient }) => [
        'POST',
        'Observation',
        make.observation(refOf(patient), { focus: [make.to('Task?status=draft')] }),
      ],
      422,
      'reference-not-found',
    ],
  ];

  test.each(WRITES)('write %s', async (_says, asking, status, code) => {
    const answer = await ask(app(), ...asking(scene));
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect((await ask(initiator, 'GET', refOf(scene.hiddenDraft))).status).toBe(200);
  });

  test.each(WRITES)('write in a transaction %s', async (_says, asking, status, code) => {
    const [method, url, resource] = asking(scene);
    const entry =
      method === 'PATCH'
        ? {
            method,
            url,
            resource: {
              resourceType: 'Binary',
              contentType: 'application/json-patch+json',
              data: Buffer.from(JSON.stringify(resource)).toString('base64'),
            },
          }
        : { method, url, ...(resource !== undefined && { resource: resource as object }) };
    const answer = await ask(app(), 'POST', '', make.transaction(entry));
    expect([answer.status, answer.code]).toEqual([code === undefined ? 200 : status, code]);
    expect((await ask(initiator, 'GET', refOf(scene.hiddenDraft))).status).toBe(200);
  });

  test('keep the Idempotency-Keys of two patients apart', async () => {
    const { hiddenPatient, patient } = scene;
    const patch: RequestArguments = [
      'PATCH',
      refOf(hiddenPatient),
      [{ op: 'replace', path: '/gender', value: 'female' }],
      { idempotencyKey: 'one' },
    ];
    expect((await ask(opened(RIGHTS, refOf(hiddenPatient)), ...patch)).status).toBe(200);
    expect((await ask(opened(RIGHTS, refOf(patient)), ...patch)).status).toBe(404);
  });

  test('read the audit of the patient alone, and of that only what the compartment has', async () => {
    const { world, patient, hiddenPatient, hiddenDraft } = scene;
    await world.bundle(initiator, 'Task?status=received,draft');
    await world.bundle(initiator, 'Patient?family=Unseen,Chalmers');
    await ask(initiator, 'GET', refOf(hiddenPatient));
    const { text, status } = await ask(app(), 'GET', 'AuditEvent?_count=1000');
    expect(status).toBe(200);
    expect(text).toContain(refOf(patient));
    expect(text).not.toContain(refOf(hiddenPatient));
    expect(text).not.toContain(refOf(hiddenDraft));
    expect(text).not.toContain(Buffer.from('family=Unseen').toString('base64').slice(0, 12));
    const [event] = refsOf(
      await world.bundle(initiator, `AuditEvent?entity=${refOf(hiddenPatient)}&action=R`),
    );
    expect((await ask(initiator, 'GET', event ?? '')).status).toBe(200);
    expect((await ask(app(), 'GET', event ?? '')).status).toBe(404);
  });
});

describe('the audit (rules 2.8)', () => {
  test("a peer sees that another organization touched what it keeps, and of the other's business nothing", async () => {
    const { world, task, patient, otherTask, otherPatient } = scene;
    const who = callerOf('recipient', { user: 'Practitioner/dr-r', subject: 'dr-r' });
    await world.bundle(who, 'Task?status=received&_include=Task:patient&_include=Task:focus');
    const seen = async (caller: Caller, ref: Ref) =>
      JSON.stringify(await world.bundle(caller, `AuditEvent?entity=${ref}&agent=Organization/recipient`));
    const peer = await seen(initiator, refOf(task));
    expect(peer).toContain('Organization/recipient');
    expect(peer).toContain(refOf(patient));
    expect(peer).not.toContain(refOf(otherTask));
    expect(peer).not.toContain(refOf(otherPatient));
    expect(peer).not.toContain('dr-r');
    expect(await seen(recipient, refOf(task))).toContain(refOf(otherTask));
    expect(await seen(recipient, refOf(task))).toContain('dr-r');
    expect(refsOf(await world.bundle(initiator, `AuditEvent?entity=${refOf(otherTask)}`))).toEqual([]);
    expect(refsOf(await world.bundle(initiator, `AuditEvent?patient=${refOf(otherPatient)}`))).toEqual([]);
  });

  test('a refusal is its own organization to see', async () => {
    const { world, hiddenConsent } = scene;
    await ask(recipient, 'GET', refOf(hiddenConsent));
    const url = `AuditEvent?entity=${refOf(hiddenConsent)}&outcome=4`;
    expect(refsOf(await world.bundle(recipient, url)).length).toBe(1);
    expect(refsOf(await world.bundle(initiator, url))).toEqual([]);
  });
});
