/** What a community organization is told of a referral: the row of the payload table, and nothing else by any door. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { R4_TYPES } from '../../../src/resources/search-parameters.ts';
import * as make from '../../resources.ts';
import { administrator, initiator, refOf, resourcesOf, type Headers } from '../../world.ts';
import { cbo, ofKind, openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.world.close());

const get = (url: string, headers?: Headers) => scene.world.ask(cbo, 'GET', url, undefined, headers);

/** What stands in the chart, and must not come to the organization. */
const CANARIES = [
  'MRN-4711',
  '1962-07-19',
  '07-19',
  'diabetes',
  'E11.9',
  'empty stomach',
  'female',
  'mm[Hg]',
];

/** The practitioner is in the directory, and everybody finds it there. */
const DIRECTORY: ReadonlySet<string> = new Set([
  'Practitioner',
  'Practitioner?_revinclude=*',
  '',
  '_history',
]);

describe('(compliance M2) (harmony Z9) a community organization is told by its row', () => {
  test('of the patient', async () => {
    const { status, json } = await get(scene.patient);
    expect([status, json]).toEqual([
      200,
      {
        resourceType: 'Patient',
        id: expect.any(String),
        meta: expect.any(Object),
        name: [{ family: 'Everywoman', given: ['Eve'] }],
        birthDate: '1962',
      },
    ]);
  });

  test('of the order', async () => {
    const { json } = await get(scene.order);
    expect(Object.keys(json ?? {}).toSorted()).toEqual(
      ['authoredOn', 'category', 'code', 'id', 'identifier', 'intent', 'meta', 'performer', 'reasonCode']
        .concat(['requester', 'resourceType', 'status', 'subject'])
        .filter((name) => name !== 'category'),
    );
    expect(json?.['reasonCode']).toEqual([
      { coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'Z59.41' }], text: 'hungry' },
    ]);
  });

  test('of the task, as it is', async () => {
    const own = await scene.world.ask(initiator, 'GET', scene.task);
    expect((await get(scene.task)).text).toBe(own.text);
  });

  test('(compliance M3) what the row leaves out is not there, and nothing says so', async () => {
    for (const ref of scene.left) {
      for (const url of [ref, `${ref}/_history`, `${ref}/_history/1`])
        expect((await get(url)).status).toBe(404);
      const type = ref.split('/')[0] ?? '';
      const found = await scene.world.bundle(cbo, `${type}?_total=accurate`);
      expect([found.total, found.entry ?? []]).toEqual([0, []]);
    }
  });

  const urls = (): readonly string[] => [
    ...R4_TYPES.map((type) => type).filter((type) => type !== 'AuditEvent'),
    scene.patient,
    scene.order,
    scene.task,
    ...[scene.patient, scene.order, scene.task].map((ref) => `${ref}/_history`),
    'Patient?_include=*&_include=Patient:*',
    'ServiceRequest?_include=*',
    'ServiceRequest?_include:iterate=*&_revinclude=*',
    'Task?_include=Task:focus&_include:iterate=ServiceRequest:subject',
    'Practitioner?_revinclude=*',
    `${scene.patient}/Observation`,
    `${scene.patient}/*`,
    '_history',
    'Patient/_history',
    'ServiceRequest/_history',
    '',
    `${scene.order}/$ccda`,
    `${scene.order}/$timeline`,
    `${scene.task}/$timeline`,
    `${scene.patient}/$meta`,
    `${scene.order}/$meta`,
    `${scene.order}/$validate`,
    `${scene.patient}/$validate`,
    `${scene.patient}/$everything?justification=all+of+it`,
  ];

  test('(compliance L2) no door shows it', async () => {
    for (const url of urls()) {
      const { text = '', status } = await get(url);
      expect(status).toBeLessThan(500);
      const shown = text.replaceAll(/"data":"([A-Za-z0-9+/=]{20,})"/g, (_all, data: string) =>
        Buffer.from(data, 'base64').toString(),
      );
      const practitioner = DIRECTORY.has(url) ? '"reference":"Practitioner/gp"' : 'Practitioner/gp';
      const leaks = [...CANARIES, ...scene.left, practitioner].filter((canary) => shown.includes(canary));
      expect([url, leaks]).toEqual([url, []]);
    }
  });

  test('(compliance L2) nor does a Bundle, or a condition that finds it', async () => {
    const entries = [scene.patient, scene.order, 'Patient?name=Everywoman', `${scene.patient}/_history`].map(
      (url) => ({ method: 'GET', url }) as const,
    );
    const asked = [make.transaction(...entries), make.batch(...entries)];
    const answers = [
      ...(await Promise.all(asked.map((bundle) => scene.world.ask(cbo, 'POST', '', bundle)))),
      await scene.world.ask(cbo, 'POST', 'Patient', make.patient(), { ifNoneExist: 'name=Everywoman' }),
    ];
    for (const { status, text = '' } of answers) {
      expect([status, text.includes('Everywoman')]).toEqual([200, true]);
      expect(CANARIES.filter((canary) => text.includes(canary))).toEqual([]);
    }
    expect(answers.slice(0, 2).map(({ text = '' }) => /W\/\\"\d+m\\"/.test(text))).toEqual([true, true]);
  });

  test.each([
    'Patient?birthdate=1962-07-19',
    'Patient?birthdate:missing=false',
    'Patient?identifier=MRN-4711',
    'Patient?gender=female',
    'Patient?general-practitioner=Practitioner/gp',
    'Patient?_sort=birthdate',
    'Patient?_filter=birthdate eq 1962-07-19',
    'Patient?_content=MRN-4711',
    'Patient?_text=Eve',
    'Patient?_profile=http://example.org',
    'Patient?_include=Patient:general-practitioner',
    'Practitioner?_revinclude=Patient:general-practitioner',
    'Practitioner?_has:Patient:general-practitioner:name=Everywoman',
    'ServiceRequest?priority=urgent',
    'ServiceRequest?subject:identifier=MRN-4711',
    'ServiceRequest?subject.birthdate=1962-07-19',
    'Task?patient.identifier=MRN-4711',
    'Task?focus:ServiceRequest.priority=urgent',
    'Task?patient:identifier=MRN-4711',
    'Task?_has:Task:based-on:patient.gender=female',
    '?_type=Patient,Task&birthdate=1962-07-19',
  ])('(harmony Z27) %s is refused', async (url) => {
    const { status, code } = await get(url);
    expect([status, code]).toEqual([400, 'search-parameter-unknown']);
  });

  test.each([
    'Patient?name=Everywoman',
    'Patient?family=Everywoman&_sort=family',
    'ServiceRequest?code:text=food',
    'ServiceRequest?subject.family=Everywoman',
    'Task?patient.name=Everywoman',
    'Task?focus:ServiceRequest.status=active',
  ])('(compliance M2) %s finds it', async (url) => {
    expect(resourcesOf(await scene.world.bundle(cbo, url))).toHaveLength(1);
  });

  test('(harmony Z27) conditions and criteria are refused alike', async () => {
    const { world } = scene;
    const byCondition = await world.ask(cbo, 'DELETE', 'Patient?birthdate=1962-07-19');
    const ifNone = await world.ask(cbo, 'POST', 'Patient', make.patient(), {
      ifNoneExist: 'identifier=MRN-4711',
    });
    const subscription = await world.ask(cbo, 'POST', 'Subscription', {
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'test',
      criteria: 'Patient?birthdate=1962-07-19',
      channel: { type: 'rest-hook', endpoint: 'https://cbo.example.org/', payload: 'application/fhir+json' },
    });
    expect([byCondition, ifNone, subscription].map(({ code }) => code)).toEqual([
      'search-parameter-unknown',
      'search-parameter-unknown',
      'search-parameter-unknown',
    ]);
  });

  test('(compliance M2) its own records are whole', async () => {
    const own = await scene.world.create(cbo, make.patient({ birthDate: '2001-02-03' }));
    expect((await get(refOf(own))).json?.['birthDate']).toBe('2001-02-03');
    const [found] = resourcesOf(await scene.world.bundle(cbo, `Patient?_id=${own.id}`));
    expect(found?.['birthDate']).toBe('2001-02-03');
    const answered = await scene.world.ask(cbo, 'PUT', refOf(own), { ...own, gender: 'other' });
    expect([answered.status, answered.json?.['birthDate']]).toEqual([200, '2001-02-03']);
  });
});

describe('(harmony Z6) what is shown in part is not written as a whole', () => {
  test('an update is refused, whatever it holds', async () => {
    const shown = (await get(scene.patient)).json;
    const { status, code } = await scene.world.ask(cbo, 'PUT', scene.patient, shown);
    expect([status, code]).toEqual([422, 'masked-write']);
  });

  test('the task moves', async () => {
    const { world, task } = scene;
    const { json } = await get(task);
    const accepted = await world.ask(cbo, 'PUT', task, { ...json, status: 'accepted' });
    expect([accepted.status, accepted.json?.['status']]).toEqual([200, 'accepted']);
  });

  test('a number of the patient in a task is hidden, tried by no patch, and kept', async () => {
    const { world, patient, order } = await openScene();
    const [sent] = resourcesOf(await world.bundle(initiator, `Task?focus=${order}`));
    const task = refOf(sent as Resource);
    const numbered = { ...make.to(patient), identifier: { value: 'MRN-4711' } };
    const wrote = await world.ask(initiator, 'PUT', task, { ...sent, for: numbered });
    expect(wrote.status).toBe(200);
    const shown = await world.ask(cbo, 'GET', task);
    expect(shown.json?.['for']).toEqual(make.to(patient));
    expect((await world.ask(cbo, 'PUT', task, { ...shown.json, status: 'accepted' })).code).toBe(
      'masked-write',
    );
    const tried = await world.ask(cbo, 'PATCH', task, [
      { op: 'test', path: '/for/identifier/value', value: 'MRN-4711' },
    ]);
    expect(tried.status).toBe(422);
    const accepted = await world.ask(cbo, 'PATCH', task, [
      { op: 'replace', path: '/status', value: 'accepted' },
    ]);
    expect([accepted.status, accepted.json?.['for']]).toEqual([200, make.to(patient)]);
    expect((await world.ask(initiator, 'GET', task)).json?.['for']).toEqual(numbered);
    await world.close();
  });
});

describe('(compliance D1) what it is told follows what it is', () => {
  test('as soon as an administrator says so, and no longer', async () => {
    const { world, patient, left } = await openScene();
    const [condition = '/'] = left;
    const seen = async (): Promise<readonly unknown[]> => [
      (await world.ask(cbo, 'GET', condition)).status,
      (await world.ask(cbo, 'GET', patient)).json?.['birthDate'],
    ];
    expect(await seen()).toEqual([404, '1962']);
    const provider = ofKind('cbo', 'community-organization', 'provider');
    await world.ask(administrator, 'PUT', 'Organization/cbo', provider);
    expect(await seen()).toEqual([200, '1962-07-19']);
    await world.ask(administrator, 'PUT', 'Organization/cbo', ofKind('cbo', 'community-organization'));
    expect(await seen()).toEqual([404, '1962']);
    await world.close();
  });

  test('a provider reads everything byte for byte', async () => {
    const { world, patient, order, left } = await openScene('recipient');
    const recipient = { ...cbo, organization: 'Organization/recipient' } as const;
    for (const ref of [patient, order, ...left]) {
      const [own, told] = await Promise.all(
        [initiator, recipient].map((caller) => world.ask(caller, 'GET', ref)),
      );
      expect(told?.text).toBe(own?.text);
    }
    await world.close();
  });
});
