/** A referral to a community organization: what its sender may name, and what is written down of what stays. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { LIST_CODE } from '../../../src/resources/package-record.ts';
import { R4_TYPES } from '../../../src/resources/search-parameters.ts';
import * as make from '../../resources.ts';
import { administrator, BASE, callerOf, initiator, refOf, resourcesOf, type World } from '../../world.ts';
import { cbo, ofKind, openParties, SOCIAL } from './scene.ts';

const recipient = callerOf('recipient');
const FORM = Buffer.from('a signed form').toString('base64');

let world: World;
let patient: Ref;
beforeAll(async () => {
  world = await openParties();
  await world.ask(administrator, 'PUT', 'Organization/cbo', ofKind('cbo', 'community-organization'));
  await world.ask(administrator, 'PUT', 'Organization/stranger', ofKind('stranger', 'health-plan'));
  await world.ask(administrator, 'PUT', 'Organization/school', ofKind('school', 'school'));
  patient = await create(make.patient());
});
afterAll(() => world.close());

const create = async (resource: Resource): Promise<Ref> => refOf(await world.create(initiator, resource));

let sent = 0;
const send = (receiver: string, more: Readonly<Record<string, unknown>> = {}) =>
  world.ask(
    initiator,
    'POST',
    'ServiceRequest',
    make.serviceRequest(
      {
        subject: patient,
        requester: 'PractitionerRole/initiator',
        performer: `PractitionerRole/${receiver}`,
        placer: `R-${(sent += 1)}`,
      },
      { ...SOCIAL, ...more },
    ),
  );

const listsOf = async (caller = initiator): Promise<readonly Resource[]> =>
  resourcesOf(await world.bundle(caller, `List?code=${LIST_CODE}|left-out&_count=100`));

const taskOf = async (order: Ref): Promise<Ref> => {
  const [task] = resourcesOf(await world.bundle(initiator, `Task?focus=${order}`));
  return refOf(task as Resource);
};

describe('(harmony Z11) what the sender named is required', () => {
  test('an order that names more than the row is refused whole, with the elements', async () => {
    const before = await world.bundle(initiator, 'ServiceRequest?_summary=count');
    const { status, code, issues } = await send('cbo', {
      reasonReference: [make.to(await create(make.condition(patient)))],
      supportingInfo: [make.to(await create(make.observation(patient)))],
      insurance: [make.to(await create(make.coverage(patient, patient)))],
    });
    expect([status, code]).toEqual([422, 'minimum-necessary']);
    expect(issues.flatMap((one) => (one as { expression?: readonly string[] }).expression ?? [])).toEqual([
      'ServiceRequest.reasonReference',
      'ServiceRequest.insurance',
      'ServiceRequest.supportingInfo',
    ]);
    const after = await world.bundle(initiator, 'ServiceRequest?_summary=count');
    expect(after.total).toBe(before.total);
  });

  test('(compliance M4) a provider is told what the sender adds, and nothing is written down', async () => {
    const observation = await create(make.observation(patient));
    const lists = await listsOf();
    const { status, json } = await send('recipient', { supportingInfo: [make.to(observation)] });
    expect(status).toBe(201);
    expect((await world.ask(recipient, 'GET', observation)).status).toBe(200);
    expect(await listsOf()).toHaveLength(lists.length);
    const order = refOf(json as Resource);
    expect(resourcesOf(await world.bundle(initiator, `Provenance?target=${order}`))).toEqual([]);
  });
});

describe('(compliance M3) (harmony Z1) what stays is written down', () => {
  let order: Ref;
  let task: Ref;
  let note: string | undefined;
  const members: Ref[] = [];
  const stays: Ref[] = [];

  beforeAll(async () => {
    const binary = await create(make.binary('a signed form'));
    const form = await create(make.documentReference(patient, binary));
    const consent = await create(
      make.consent(patient, {
        dateTime: '2026-11-01',
        sourceReference: make.to(form),
        provision: { type: 'permit' },
      }),
    );
    const { json, headers } = await send('cbo', { supportingInfo: [make.to(consent)] });
    order = refOf(json as Resource);
    task = await taskOf(order);
    note = headers['Warning'];
    members.push(patient, consent, order, task);
    stays.push(form, binary);
  });

  const recorded = async () => {
    const [list] = resourcesOf(
      await world.bundle(initiator, `List?identifier=urn:ietf:rfc:3986|${BASE}/${task}`),
    );
    const [provenance] = resourcesOf(await world.bundle(initiator, `Provenance?target=${order}`));
    return { list: list as Resource, provenance: provenance as Resource };
  };

  test('the List and the package are what the referral reaches, and share nothing', async () => {
    const { list, provenance } = await recorded();
    expect(list).toMatchObject({
      status: 'current',
      mode: 'snapshot',
      code: { coding: [{ system: LIST_CODE, code: 'left-out' }] },
      subject: make.to(patient),
    });
    const entries = list['entry'] as readonly { item: { reference: Ref }; flag: unknown }[];
    expect(entries.map(({ item }) => item.reference).toSorted()).toEqual(stays.toSorted());
    expect(entries[0]?.flag).toEqual({ coding: [{ system: LIST_CODE, code: 'not-needed' }] });
    const targets = provenance['target'] as readonly { reference: Ref }[];
    expect(targets.map(({ reference }) => reference).toSorted()).toEqual(members.toSorted());
  });

  test('(compliance V5) the Provenance says who put it together, for whom, on which basis', async () => {
    const { list, provenance } = await recorded();
    expect(provenance).toMatchObject({
      policy: ['https://closeloop.dev/fhir/basis/treatment-own'],
      activity: { coding: [{ system: LIST_CODE, code: 'package' }] },
      agent: [{ who: { type: 'Device' }, onBehalfOf: make.to('Organization/initiator') }],
      entity: [{ what: make.to(refOf(list)) }, { what: make.to(members[1] ?? '/') }],
    });
    const found = await world.bundle(
      initiator,
      `ServiceRequest?_id=${order.split('/')[1]}&_revinclude=Provenance:target`,
    );
    expect(resourcesOf(found).map(({ resourceType }) => resourceType)).toEqual([
      'ServiceRequest',
      'Provenance',
    ]);
  });

  test('(compliance L4) the sender is told, the recipient is not', async () => {
    const { list } = await recorded();
    expect(note).toContain(refOf(list));
    expect(note).not.toContain(stays[0]);
  });

  test('the recipient finds neither the List nor what stays, on any path', async () => {
    const { list, provenance } = await recorded();
    const hidden = [...stays, refOf(list), refOf(provenance)];
    for (const ref of hidden)
      for (const url of [ref, `${ref}/_history`]) expect((await world.ask(cbo, 'GET', url)).status).toBe(404);
    const urls = [
      ...R4_TYPES.filter((type) => type !== 'AuditEvent').map((type) => `${type}?_include=*&_revinclude=*`),
      '',
      '_history',
      `${patient}/*`,
      `${order}/$timeline`,
      `${order}/$ccda`,
      'ServiceRequest?_has:Provenance:target:_id:missing=false',
      `ServiceRequest?_has:List:item:code=${LIST_CODE}|left-out`,
    ];
    // The Consent, which goes, names its form; the form does not go.
    const signs = [...hidden.map((ref) => `${BASE}/${ref}`), refOf(list), refOf(provenance), FORM];
    for (const url of urls) {
      const { text = '' } = await world.ask(cbo, 'GET', url);
      expect([url, signs.filter((sign) => text.includes(sign))]).toEqual([url, []]);
    }
  });

  test('a provider that is made a party later finds neither the List nor the Provenance', async () => {
    const { list, provenance } = await recorded();
    await world.ask(administrator, 'PUT', 'Organization/cbo', ofKind('cbo', 'provider'));
    for (const ref of [refOf(list), refOf(provenance)])
      expect((await world.ask(cbo, 'GET', ref)).status).toBe(404);
    await world.ask(administrator, 'PUT', 'Organization/cbo', ofKind('cbo', 'community-organization'));
  });

  test('the recipient accepts, and the package stays written down once', async () => {
    const lists = await listsOf();
    const { json } = await world.ask(cbo, 'GET', task);
    const accepted = await world.ask(cbo, 'PUT', task, { ...json, status: 'accepted' });
    expect(accepted.status).toBe(200);
    expect(await listsOf()).toHaveLength(lists.length);
  });
});

describe('(compliance M5) a disclosure without a row', () => {
  const BASIS = 'https://closeloop.dev/fhir/StructureDefinition/disclosure-basis';
  const claim = (code: string, justification?: string) => ({
    extension: [
      {
        url: BASIS,
        extension: [
          {
            url: 'code',
            valueCoding: { system: 'https://closeloop.dev/fhir/CodeSystem/disclosure-basis', code },
          },
          ...(justification === undefined ? [] : [{ url: 'justification', valueString: justification }]),
        ],
      },
    ],
  });

  test('is refused unless somebody says why all of it is needed', async () => {
    const refused = await send('stranger', claim('operations'));
    expect([refused.status, refused.code]).toEqual([422, 'minimum-necessary']);
    const { code } = await send('stranger', claim('operations', 'The review covers the whole episode.'));
    expect(code).not.toBe('minimum-necessary');
  });

  const UUID = 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e';
  /** A request document of BSeR that asks for what prevents diabetes, with one result. */
  const request = (code: string): Resource => ({
    resourceType: 'Bundle',
    type: 'document',
    identifier: { system: 'urn:ietf:rfc:3986', value: `${UUID}9` },
    timestamp: '2026-11-30T09:00:00Z',
    entry: [
      {
        fullUrl: `${UUID}0`,
        resource: {
          resourceType: 'Composition',
          status: 'final',
          type: { text: 'referral' },
          subject: make.to(patient),
          date: '2026-11-30',
          author: [make.to('PractitionerRole/initiator')],
          title: 'Referral',
          section: [
            {
              code: { coding: [{ system: 'http://hl7.org/fhir/us/bser/CodeSystem/bser', code: 'DPRSI' }] },
              entry: [make.to(`${UUID}1`)],
            },
          ],
        },
      },
      {
        fullUrl: `${UUID}1`,
        resource: make.observation(patient, { code: { coding: [{ system: 'http://loinc.org', code }] } }),
      },
    ],
  });

  test.each([
    ['what the section asks for goes', '4548-4', false],
    ['more is refused', '8480-6', true],
  ])('(compliance M2) with a request document: %s', async (_what, code, isRefused) => {
    const document = await create(request(code));
    const answer = await send('school', {
      ...claim('treatment-own'),
      supportingInfo: [make.to(document)],
    });
    expect(answer.code === 'minimum-necessary').toBe(isRefused);
  });
});
