/**
 * Ways around a consent under 42 CFR Part 2 that are closed: a source that a client claims on a label, and words of a program
 * about an order that leave out whom they are about (compliance P2, P3, S4).
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Coding, Ref, Resource } from '../../../src/fhir/types.ts';
import { guardMarksOf, LABEL_SOURCE, sourcesOf } from '../../../src/policies/guards/marks.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { act, condition, conf, patientOf } from '../labels/scene.ts';
import { tpoConsent } from './scene.ts';

let server: TestServer;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient', 'detox']);
  const kind = { system: 'https://closeloop.dev/fhir/CodeSystem/party-kind', code: 'part2-program' };
  const program = { ...make.organization('detox'), type: [{ coding: [kind] }] };
  await server.ask('administrator', 'PUT', 'Organization/detox', program);
});
afterAll(() => server.close());

const from = (organization: string): Coding => ({
  ...act('42CFRPart2'),
  extension: [{ url: LABEL_SOURCE, valueReference: { reference: organization } }],
});
const CLAIMED = { security: [conf('R'), from('Organization/recipient')] };
const HONEST = { security: [conf('R'), act('42CFRPart2')] };

/** How a client claims on a label of a Condition of its own that the recipient said it. */
const CLAIMS: readonly (readonly [string, (ref: string) => Promise<unknown>])[] = [
  ['a PUT', (ref) => claimBy('PUT', ref, (stored) => ({ ...stored, meta: CLAIMED }))],
  [
    'a patch',
    (ref) =>
      claimBy('PATCH', ref, () => [{ op: 'add', path: '/meta/security/-', value: CLAIMED.security[1] }]),
  ],
  [
    '$meta-add',
    (ref) =>
      server.ask('initiator', 'POST', `${ref}/$meta-add`, {
        resourceType: 'Parameters',
        parameter: [{ name: 'meta', valueMeta: CLAIMED }],
      }),
  ],
  [
    'a transaction',
    (ref) =>
      claimBy('POST', ref, (stored) => ({
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ request: { method: 'PUT', url: ref }, resource: { ...stored, meta: CLAIMED } }],
      })),
  ],
];

async function claimBy(method: 'PUT' | 'PATCH' | 'POST', ref: string, body: (stored: Resource) => object) {
  return server.ask(
    'initiator',
    method,
    method === 'POST' ? '' : ref,
    body(await server.read('initiator', ref)),
  );
}

const orderNaming = (patient: Ref, named: string): Resource =>
  make.serviceRequest(
    { subject: patient, requester: 'Organization/initiator', performer: 'Organization/recipient' },
    { supportingInfo: [{ reference: named }] },
  );

describe('(compliance P2, S4) a source that a client claims on a label', () => {
  test('of a new resource is dropped, said so, and opens nothing', async () => {
    const patient = await patientOf(server);
    const stored = await server.ask(
      'initiator',
      'POST',
      'Condition',
      condition(patient, 'F11.20', { meta: CLAIMED }),
    );
    expect(stored.status).toBe(201);
    expect(JSON.stringify(stored.json)).not.toContain(LABEL_SOURCE);
    expect(stored.warning).toContain('Only the server names the source');
    const order = orderNaming(patient, `Condition/${stored.json.id}`);
    expect(await server.ask('initiator', 'POST', 'ServiceRequest', order)).toMatchObject({
      status: 422,
      code: 'consent-needed',
    });
  });

  test.each(CLAIMS)('by %s is dropped', async (_name, claim) => {
    const patient = await patientOf(server);
    const { id } = await server.create('initiator', condition(patient, 'F11.20', { meta: HONEST }));
    await claim(`Condition/${id}`);
    const stored = await server.read('initiator', `Condition/${id}`);
    expect(sourcesOf(stored)).toEqual([]);
    expect(
      (await server.ask('initiator', 'POST', 'ServiceRequest', orderNaming(patient, `Condition/${id}`))).code,
    ).toBe('consent-needed');
  });

  test('is dropped from what is inside a Bundle, and the Bundle is asked for as what it holds', async () => {
    const patient = await patientOf(server);
    const bundle = await server.create('initiator', {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ fullUrl: 'urn:uuid:1', resource: condition(patient, 'F11.20', { meta: CLAIMED }) }],
    });
    expect(JSON.stringify(await server.read('initiator', `Bundle/${bundle.id}`))).not.toContain(LABEL_SOURCE);
    const order = orderNaming(patient, `Bundle/${bundle.id}`);
    expect((await server.ask('initiator', 'POST', 'ServiceRequest', order)).code).toBe('consent-needed');
  });

  test('that the server wrote may be written back', async () => {
    const patient = `Patient/${(await server.create('detox', make.patient())).id}`;
    const { id } = await server.create('detox', condition(patient, 'I10'));
    const stored = await server.read('detox', `Condition/${id}`);
    const again = await server.ask('detox', 'PUT', `Condition/${id}`, {
      ...stored,
      recordedDate: '2026-01-01',
    });
    expect(sourcesOf(again.json)).toEqual(['Organization/detox']);
  });
});

describe('(compliance L4) what an order names is asked for by whom it is about', () => {
  const labelled = { meta: HONEST };
  const report = { resourceType: 'DiagnosticReport', status: 'final', code: { text: 'x' }, ...labelled };
  const member = (resource: Resource) => ({ fullUrl: `urn:uuid:${resource.resourceType}`, resource });
  const URN = 'urn:uuid:0b0b0b0b-0000-4000-8000-000000000001';
  test.each<[string, number, (patient: Ref, other: Ref) => Resource]>([
    ['its own patient, who consents', 201, (patient) => condition(patient, 'F11.20', labelled)],
    ['another patient, who does not', 422, (_patient, other) => condition(other, 'F11.20', labelled)],
    ['nobody', 422, () => report],
    [
      'a contained patient',
      422,
      () => ({
        ...report,
        contained: [{ resourceType: 'Patient', id: 'p' }],
        subject: { reference: '#p' },
      }),
    ],
    [
      'both, in one Bundle',
      422,
      (patient, other) => ({
        resourceType: 'Bundle',
        type: 'collection',
        entry: [
          member(condition(patient, 'F11.20', labelled)),
          member({ ...report, subject: { reference: other } }),
        ],
      }),
    ],
    [
      'its own and an entry that is no Patient here, in one Bundle',
      422,
      (patient) => ({
        resourceType: 'Bundle',
        type: 'collection',
        entry: [
          member(condition(patient, 'F11.20', labelled)),
          { fullUrl: URN, resource: { resourceType: 'Patient' } },
          member({ ...report, subject: { reference: URN } }),
        ],
      }),
    ],
  ])('%s: %i', async (_name, status, named) => {
    const patient = await patientOf(server);
    const signed = await server.create(
      'initiator',
      make.documentReference(patient, 'https://example.org/paper'),
    );
    await server.create(
      'initiator',
      tpoConsent(patient, 'Organization/initiator', `DocumentReference/${signed.id}`),
    );
    const { resourceType, id } = await server.create('initiator', named(patient, await patientOf(server)));
    const answer = await server.ask(
      'initiator',
      'POST',
      'ServiceRequest',
      orderNaming(patient, `${resourceType}/${id}`),
    );
    expect(answer.status).toBe(status);
    const read = await server.ask('recipient', 'GET', `${resourceType}/${id}`);
    expect(read.status).toBe(status === 201 ? 200 : 404);
  });
});

describe('(compliance P2, D5) sources of a Bundle', () => {
  const holding = (members: readonly (readonly Coding[])[], more: object = {}): Resource => ({
    resourceType: 'Bundle',
    type: 'collection',
    entry: members.map((security) => ({ resource: { resourceType: 'Observation', meta: { security } } })),
    ...more,
  });
  const [mine, theirs] = ['Organization/mine', 'Organization/theirs'];
  test.each<[string, Resource, readonly string[]]>([
    ['one for all', holding([[from(mine)], [from(mine)], [conf('N')]]), [mine]],
    ['whose words each member holds', holding([[from(mine), from(theirs)], [from(theirs)]]), [theirs]],
    ['of several, none', holding([[from(mine)], [from(theirs)]]), ['Organization/']],
    ['of one that is not known, none', holding([[from(mine)], [act('42CFRPart2')]]), ['Organization/']],
    ['unknown', holding([[act('42CFRPart2')]]), []],
    ['signed by others: its own label', holding([[from(mine)]], { signature: {} }), []],
  ])('%s', (_name, bundle, sources) => {
    expect(sourcesOf(bundle)).toEqual(sources);
    expect(guardMarksOf(bundle).filter((mark) => mark.startsWith('Organization/'))).toEqual(sources);
  });
  test('of another label count for nothing', () => {
    const labelled = { ...from(mine), code: 'HIV' };
    expect(sourcesOf({ resourceType: 'Observation', meta: { security: [labelled] } })).toEqual([]);
  });
});

describe('(compliance P3) what a program writes about an order without its patient', () => {
  const ANSWERS: readonly (readonly [string, (order: Ref, task: Ref) => Resource])[] = [
    [
      'Provenance',
      (_order, task) => ({
        resourceType: 'Provenance',
        target: [{ reference: task }],
        recorded: '2026-03-01T00:00:00Z',
        agent: [{ who: { reference: 'Organization/detox' } }],
      }),
    ],
    [
      'QuestionnaireResponse',
      (order) => ({
        resourceType: 'QuestionnaireResponse',
        status: 'completed',
        basedOn: [{ reference: order }],
      }),
    ],
    [
      'Media',
      (order) => ({
        resourceType: 'Media',
        status: 'completed',
        content: { contentType: 'text/plain', data: 'eA==' },
        basedOn: [{ reference: order }],
      }),
    ],
    [
      'DocumentReference',
      (order) => ({
        resourceType: 'DocumentReference',
        status: 'current',
        content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
        context: { related: [{ reference: order }] },
      }),
    ],
    [
      'RequestGroup',
      (order) => ({
        resourceType: 'RequestGroup',
        status: 'active',
        intent: 'plan',
        basedOn: [{ reference: order }],
      }),
    ],
    [
      'DiagnosticReport',
      (order) => ({
        resourceType: 'DiagnosticReport',
        status: 'final',
        code: { text: 'screening' },
        basedOn: [{ reference: order }],
      }),
    ],
  ];

  test.each(ANSWERS)('%s is one of Part 2, and the initiator reads none', async (type, answer) => {
    const patient = await patientOf(server);
    const order = await server.create(
      'initiator',
      make.serviceRequest({
        subject: patient,
        requester: 'Organization/initiator',
        performer: 'Organization/detox',
      }),
    );
    const [task] = await server.search('initiator', `Task?focus=ServiceRequest/${order.id}`);
    const { id } = await server.create(
      'detox',
      answer(`ServiceRequest/${order.id}`, `Task/${task?.id ?? ''}`),
    );
    expect(sourcesOf(await server.read('detox', `${type}/${id}`))).toEqual(['Organization/detox']);
    expect((await server.ask('initiator', 'GET', `${type}/${id}`)).status).toBe(404);
    expect((await server.ask('initiator', 'GET', `${type}/${id}/_history/1`)).status).toBe(404);
    expect(await server.search('initiator', `${type}?_id=${id}`)).toEqual([]);
  });
});

describe('(compliance P3) a Bundle that a program writes, whose members name nobody', () => {
  const words = {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'urine test' },
    valueString: 'x',
  };
  const place = { resourceType: 'Location', name: 'House 2' };
  const questions = { resourceType: 'Questionnaire', status: 'active' };
  const file = { resourceType: 'Binary', contentType: 'text/plain', data: 'eA==' };
  test.each<[string, string, readonly Resource[], readonly string[]]>([
    ['words', 'detox', [words], ['Organization/detox']],
    ['a file', 'detox', [file], ['Organization/detox']],
    ['words beside the directory', 'detox', [place, words], ['Organization/detox']],
    [
      'words in a Bundle inside',
      'detox',
      [{ resourceType: 'Bundle', type: 'collection', entry: [{ resource: words }] }],
      ['Organization/detox'],
    ],
    ['the directory alone', 'detox', [place, questions], []],
    ['words of who is none', 'initiator', [words], []],
  ])('%s, by %s', async (_name, writer, members, sources) => {
    const entry = members.map((resource, at) => ({
      fullUrl: `urn:uuid:0b0b0b0b-0000-4000-8000-00000000000${at}`,
      resource,
    }));
    const { id } = await server.create(writer, { resourceType: 'Bundle', type: 'collection', entry });
    expect(sourcesOf(await server.read(writer, `Bundle/${id}`))).toEqual(sources);
  });
});
