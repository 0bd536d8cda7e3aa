/** What roles are shown, and what their limits leave, over HTTP (identity 4.1, 4.3; harmony Z5, Z6, Z27). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle, Ref, Resource } from '../../../src/fhir/types.ts';
import * as make from '../../resources.ts';
import { upgradeCommit } from '../../../src/operations/upgrade.ts';
import { planWorkItem } from '../../../src/operations/work-item.ts';
import { buildWrite } from '../../../src/operations/write/commit.ts';
import { openServer, type TestServer } from '../../server.ts';
import { askAs, type Person } from './people.ts';

const MASKED = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
};
const SECRET = 'Suspected asthma of a child';

let server: TestServer;
let patient: Ref;
let order: Ref;
let task: Ref;

beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  const ann = { resourceType: 'Practitioner', id: 'ann', name: [{ family: 'Ann' }] };
  await server.ask('administrator', 'PUT', 'Practitioner/ann', ann);
  patient = await made('initiator', make.patient());
  const parties = { requester: 'Organization/initiator', performer: 'Organization/recipient' } as const;
  const words = { reasonCode: [{ text: SECRET }], note: [{ text: SECRET }], orderDetail: [{ text: SECRET }] };
  order = await made('initiator', make.serviceRequest({ subject: patient, ...parties }, words));
  const [found] = await server.search('initiator', `Task?focus=${order}`);
  task = `Task/${found?.id}`;
});
afterAll(() => server.close());

const made = async (who: string, resource: Resource): Promise<Ref> =>
  `${resource.resourceType}/${(await server.create(who, resource)).id}`;

const desk: Person = { roles: 'front-desk' };
const coordinator: Person = { roles: 'coordinator' };
const clinician: Person = { roles: 'clinician' };
const compliance: Person = { roles: 'compliance' };
const entriesOf = (json: Resource): readonly Resource[] =>
  ((json as unknown as Bundle).entry ?? []).flatMap(
    ({ resource }) => (resource as Resource | undefined) ?? [],
  );

const byName = (a = '', b = ''): number => (a < b ? -1 : 1);
const inOrder = (...refs: readonly (Ref | undefined)[]) => refs.toSorted(byName);

describe('(identity 4.3) masked elements', () => {
  test.each([desk, compliance])('%j reads an order without its reasons', async (who) => {
    const { json, headers, status } = await askAs(server, who, `GET ${order}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ reasonCode: [MASKED], note: [MASKED], status: 'active' });
    expect(JSON.stringify(json)).not.toContain(SECRET);
    expect(headers.get('etag')).toMatch(/^W\/"\d+m"$/);
  });

  test.each([
    ['a search', () => `GET ServiceRequest?_id=${order.slice(15)}`],
    ['its history', () => `GET ${order}/_history`],
    [
      'a version',
      async () => `GET ${order}/_history/${(await server.read('initiator', order)).meta?.versionId}`,
    ],
    ['some elements', () => `GET ${order}?_elements=note,reasonCode`],
    ['a summary', () => `GET ${order}?_summary=data`],
    ['an include', () => `GET Task?_id=${task.slice(5)}&_include=Task:focus`],
    ['the timeline', () => `GET ${order}/$timeline`],
  ])('not by %s either', async (_what, asked) => {
    const { status, json } = await askAs(server, desk, await asked());
    expect(status).toBe(200);
    expect(JSON.stringify(json)).not.toContain(SECRET);
  });

  test('(identity ID-5) whoever has several roles is shown what one of them is shown', async () => {
    const { json, headers } = await askAs(server, { roles: ['front-desk', 'coordinator'] }, `GET ${order}`);
    expect(json).toMatchObject({ note: [{ text: SECRET }] });
    expect(headers.get('etag')).toMatch(/^W\/"\d+"$/);
  });

  test('(harmony Z8) a reason lifts the masks of compliance, and none of the front desk', async () => {
    const headers = { 'X-Access-Reason': 'A complaint of the patient' };
    expect((await askAs(server, compliance, `GET ${order}`, undefined, headers)).json).toMatchObject({
      note: [{ text: SECRET }],
    });
    expect((await askAs(server, desk, `GET ${order}`, undefined, headers)).json).toMatchObject({
      note: [MASKED],
    });
  });

  test.each([
    'Patient?_has:ServiceRequest:subject:code=x',
    'ServiceRequest?_text=asthma',
    'ServiceRequest?_content=asthma',
    'Appointment?_filter=reason-code%20eq%20%22x%22',
    'Appointment?reason-code=x',
    'Appointment?_sort=reason-code',
    'Appointment?_include=Appointment:reason-reference',
    'Slot?_has:Appointment:slot:reason-code=x',
  ])('(harmony Z27) nothing is learned by asking: %s', async (url) => {
    const [atDesk, atPost] = [
      await askAs(server, desk, `GET ${url}`),
      await askAs(server, coordinator, `GET ${url}`),
    ];
    const isMasked = !url.startsWith('Patient');
    expect([url, atDesk.code]).toEqual([url, isMasked ? 'search-parameter-unknown' : undefined]);
    expect(atPost.code).toBeUndefined();
  });

  test('(harmony Z6) an update would delete what is masked; a patch does not, and tries nothing out', async () => {
    const visit = await made(
      'recipient',
      make.appointment(order, patient, { status: 'proposed', reasonCode: [{ text: SECRET }] }),
    );
    const who = { ...desk, organization: 'recipient' };
    const { json } = await askAs(server, who, `GET ${visit}`);
    expect(json).toMatchObject({ reasonCode: [MASKED] });
    expect((await askAs(server, who, `PUT ${visit}`, json)).code).toBe('masked-write');
    const tried = [{ op: 'test', path: '/reasonCode/0/text', value: SECRET }];
    expect((await askAs(server, who, `PATCH ${visit}`, tried)).code).toBe('patch-invalid');
    const moved = [{ op: 'add', path: '/comment', value: 'Bring the card' }];
    const patched = await askAs(server, who, `PATCH ${visit}`, moved);
    expect([patched.status, JSON.stringify(patched.json).includes(SECRET)]).toEqual([200, false]);
    expect(await server.read('recipient', visit)).toMatchObject({
      comment: 'Bring the card',
      reasonCode: [{ text: SECRET }],
    });
  });

  test('(harmony Z5) what is for clinicians alone', async () => {
    const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'V' }];
    const finding = await made(
      'initiator',
      make.condition(patient, { meta: { security }, code: { text: SECRET } }),
    );
    expect((await askAs(server, clinician, `GET ${finding}`)).json).toMatchObject({ code: { text: SECRET } });
    const { json } = await askAs(server, coordinator, `GET ${finding}`);
    expect(json).toMatchObject({ id: finding.slice(10), code: MASKED, subject: MASKED });
    expect(JSON.stringify(json)).not.toContain(SECRET);
    // What it is found by would tell what is masked.
    const found = async (who: Person, url: string) =>
      entriesOf((await askAs(server, who, `GET Condition?_id=${finding.slice(10)}&${url}`)).json).length;
    expect(await found(clinician, 'code:text=Suspected')).toBe(1);
    expect([await found(coordinator, 'code:text=Suspected'), await found(coordinator, '')]).toEqual([0, 0]);
  });
});

describe('(identity 4.1) what limits leave', () => {
  test('a clinician works on what is hers or the organization’s; compliance and administrators on work items of their kinds', async () => {
    const items = (['code-unmapped', 'consent-needed'] as const).map((kind) => ({
      kind,
      says: 'Somebody must look',
      authoredOn: '2026-12-01T09:00:00Z',
      owner: 'Organization/initiator' as const,
    }));
    const plain = {
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      code: { coding: [{ code: 'call' }] },
    };
    const hers = await made('initiator', {
      ...plain,
      owner: { reference: 'Practitioner/ann', type: 'Practitioner' },
    });
    const others = await made('initiator', { ...plain, owner: { reference: 'PractitionerRole/initiator' } });
    const [unmapped, consent] = await Promise.all(
      items.map(async (item, at): Promise<Ref> => {
        const planned = planWorkItem(`item-${at}`, item);
        await server.running.store.commit(upgradeCommit([buildWrite(planned)], [], []));
        return planned.ref;
      }),
    );
    const all = [hers, others, unmapped, consent].map((ref) => ref?.slice(5)).join();
    const seen = async (who: Person) =>
      entriesOf((await askAs(server, who, `GET Task?_id=${all}`)).json)
        .map(({ id }) => `Task/${id}`)
        .toSorted(byName);
    expect(await seen(coordinator)).toEqual(inOrder(hers, others, unmapped, consent));
    expect(await seen(clinician)).toEqual(inOrder(hers, unmapped, consent));
    expect(await seen(compliance)).toEqual([consent]);
    expect(await seen({ roles: 'org-admin' })).toEqual([unmapped]);
    expect(await seen(desk)).toEqual([]);
    expect(await seen({ ...coordinator, scope: 'user/*.cruds closeloop/admin' })).toEqual(
      inOrder(hers, others, unmapped, consent),
    );
    expect((await askAs(server, clinician, `GET ${others}`)).code).toBe('not-found');
    expect((await askAs(server, { roles: 'org-admin' }, `GET ${task}`)).code).toBe('not-found');
  });

  test('the front desk reads administrative documents alone', async () => {
    const document = (code: string) =>
      make.documentReference(patient, 'https://example.org/paper', { category: [{ coding: [{ code }] }] });
    const [bill, note] = [
      await made('initiator', document('administrative')),
      await made('initiator', document('clinical-note')),
    ];
    expect((await askAs(server, desk, `GET ${bill}`)).status).toBe(200);
    expect((await askAs(server, desk, `GET ${note}`)).code).toBe('not-found');
  });

  test('(harmony Z16) a coordinator keeps private parties, and changes no other', async () => {
    const other = make.organization('elsewhere');
    const { status, json } = await askAs(server, coordinator, 'POST Organization', {
      ...other,
      id: undefined,
    });
    expect(status).toBe(201);
    const again = await askAs(server, coordinator, `PUT Organization/${json.id}`, {
      ...json,
      alias: ['North'],
    });
    expect(again.status).toBe(200);
    const own = await server.read('initiator', 'Organization/initiator');
    const { code } = await askAs(server, coordinator, 'PUT Organization/initiator', {
      ...own,
      alias: ['North'],
    });
    expect(code).toBe('role-insufficient');
  });

  test('(identity 4.1) logins are for administrators, records for coordinators', async () => {
    const types = async (who: Person) =>
      new Set(
        entriesOf((await askAs(server, who, 'GET AuditEvent?_count=200')).json).map(
          (event) => (event as unknown as { type: { code: string } }).type.code,
        ),
      );
    const asCoordinator = await types(coordinator);
    expect(asCoordinator).toContain('rest');
    expect([...asCoordinator].filter((code) => ['110100', '110113', '110114'].includes(code))).toEqual([]);
    expect([...(await types({ roles: 'org-admin' }))]).not.toContain('rest');
  });
});

describe('the audit', () => {
  const lastOf = async (ref: Ref) => (await server.auditOf('initiator', ref))[0];
  const rolesIn = (event: unknown): readonly unknown[] =>
    (
      event as {
        agent: readonly { role?: readonly { coding?: readonly { code: string }[]; text?: string }[] }[];
      }
    ).agent.flatMap(({ role = [] }) => role.map(({ coding, text }) => coding?.[0]?.code ?? text));

  test('(identity ID-5) names the hat that permitted it, and all that one has when it is refused', async () => {
    const hats = { roles: ['org-admin', 'clinician'] };
    await askAs(server, hats, `GET ${order}`);
    expect(rolesIn(await lastOf(order))).toEqual(['clinician']);
    await askAs(server, { roles: ['org-admin', 'executive'] }, `GET ${patient}`);
    expect(rolesIn(await lastOf(patient))).toEqual(['org-admin', 'executive']);
  });

  test('(harmony Z8) keeps the reason that was stated', async () => {
    const reason = 'A complaint of the patient';
    await askAs(server, compliance, `GET ${order}`, undefined, { 'X-Access-Reason': reason });
    expect(rolesIn(await lastOf(order))).toEqual(['compliance', `reason: ${reason}`]);
  });

  test('(harmony Z19) whoever does nothing but bill asks for payment', async () => {
    await askAs(server, { roles: 'biller' }, `GET ${patient}`);
    expect(JSON.stringify(await lastOf(patient))).toContain('HPAYMT');
  });
});

describe('(identity 4.2) moves of a referral', () => {
  const accept = [{ op: 'replace', path: '/status', value: 'accepted' }];
  const move = async (person: Person) =>
    askAs(server, { ...person, organization: 'recipient' }, `PATCH ${task}`, accept);

  test('who may not accept changes nothing; who may does', async () => {
    expect((await move(desk)).code).toBe('role-insufficient');
    expect((await move({ roles: 'executive' })).code).toBe('role-insufficient');
    expect((await move({ roles: 'compliance' })).code).toBe('role-insufficient');
    expect((await server.read('recipient', task))['status']).toBe('received');
    expect((await move(coordinator)).status).toBe(200);
  });

  test('the front desk schedules, by a visit or by the Task, and edits nothing else', async () => {
    const who = { ...desk, organization: 'recipient' };
    const visit = make.appointment(order, patient);
    expect((await askAs(server, who, 'POST Appointment', visit)).status).toBe(201);
    expect((await server.read('recipient', task))['businessStatus']).toMatchObject({
      coding: [{ code: '5.1.1' }],
    });
    const edit = [{ op: 'add', path: '/note', value: [{ text: 'x' }] }];
    expect((await askAs(server, who, `PATCH ${task}`, edit)).code).toBe('role-insufficient');
  });
});
