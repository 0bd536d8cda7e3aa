/** What holds or lists resources is as confidential as the most confidential of them (compliance D5, S5, P30). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle, Coding, Parameters, Ref, Resource } from '../../../src/fhir/types.ts';
import { markOfTexts } from '../../../src/policies/labels/high-water.ts';
import { labelsInText } from '../../../src/policies/labels/stored-labels.ts';
import { patient as person, to } from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { administrator, refOf } from '../../world.ts';
import { larkspur, tidewater } from '../hl7v2/exchange.ts';
import { openPair } from '../hl7v2/pair.ts';
import { act, condition, conf, labelsOf, patientOf } from './scene.ts';

let server: TestServer;
let patient: Ref;
let restricted: Ref;
let plain: Ref;
let sensitive: Ref;
const keep = async (code: string, ...security: readonly Coding[]): Promise<Ref> => {
  const labels = security.length > 0 ? { meta: { security } } : {};
  return `Condition/${(await server.create('initiator', condition(patient, code, labels))).id}`;
};
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  patient = await patientOf(server);
  restricted = await keep('B20', conf('R'), act('42CFRPart2'));
  plain = await keep('I10');
  sensitive = await keep('F11.20');
});
afterAll(() => server.close());

const made = async (resource: Resource): Promise<string> =>
  labelsOf(await server.create('initiator', resource));

const list = (...items: readonly Ref[]): Resource => ({
  resourceType: 'List',
  status: 'current',
  mode: 'snapshot',
  entry: items.map((reference) => ({ item: { reference } })),
});

const composition = (items: readonly Ref[], more: object = {}): Resource => ({
  resourceType: 'Composition',
  status: 'final',
  type: { coding: [{ system: 'http://loinc.org', code: '11488-4' }] },
  subject: { reference: patient },
  date: '2026-03-15',
  author: [{ reference: 'Organization/initiator' }],
  title: 'Letter',
  section: [
    { title: 'Problems', section: [{ title: 'All', entry: items.map((reference) => ({ reference })) }] },
  ],
  ...more,
});

describe('(compliance D5, P30) a stored whole has the confidentiality of its parts, and no sensitivity', () => {
  test('a List and a Composition, by what they list', async () => {
    expect(await made(list(plain, sensitive))).toBe('');
    expect(await made(list(plain, restricted))).toBe('R');
    expect(await made(composition([restricted]))).toBe('R');
    expect(await made(composition([plain], { confidentiality: 'V' }))).toBe('V');
  });

  test('and by what the same transaction writes, whatever its order', async () => {
    const fullUrl = 'urn:uuid:5b0b6f4e-9a5c-4a5e-8c1f-2f8a3a1f5c12';
    const labelled = condition(patient, 'I10', { meta: { security: [act('42CFRPart2')] } });
    const entry = [list(fullUrl as Ref), labelled].map((resource, at) => ({
      ...(at === 1 && { fullUrl }),
      resource,
      request: { method: 'POST', url: resource.resourceType },
    }));
    const [at] = await server.transact('initiator', { resourceType: 'Bundle', type: 'transaction', entry });
    expect(labelsOf(await server.read('initiator', String(at)))).toBe('R');
  });

  test('and says nothing of what its writer may not read', async () => {
    const theirs = await server.create('recipient', { resourceType: 'Basic', code: { text: 'x' } });
    const at: Ref = `Basic/${theirs.id}`;
    const { json } = await server.ask('administrator for initiator', 'POST', 'List', list(at));
    await server.ask('recipient', 'PUT', at, { ...theirs, meta: { security: [conf('R')] } });
    const again = await server.ask('initiator', 'PUT', `List/${json.id ?? ''}`, { ...json, title: 'x' });
    expect([again.status, labelsOf(again.json)]).toEqual([200, '']);
  });

  test('a document: the Bundle and its Composition', async () => {
    const inside = condition(patient, 'F11.20', { meta: { security: [conf('V')] }, id: 'c' });
    const document = await server.create('initiator', {
      resourceType: 'Bundle',
      type: 'document',
      identifier: { system: 'urn:letters', value: 'h-1' },
      timestamp: '2026-03-15T10:00:00Z',
      entry: [composition([], { id: 'x', section: [{ title: 'None', text: NARRATIVE }] }), inside].map(
        (resource) => ({
          fullUrl: `http://example.org/fhir/${resource.resourceType}/${resource.id}`,
          resource,
        }),
      ),
    });
    const [first, second] = document['entry'] as readonly { resource: Resource }[];
    expect([document, first?.resource, second?.resource].map(labelsOf)).toEqual([
      'V',
      'V',
      'ETH OPIOIDUD SUD V',
    ]);
  });

  test('a DocumentReference: what it says of its file, and what its file says', async () => {
    const reference = (more: object): Resource => ({
      resourceType: 'DocumentReference',
      status: 'current',
      subject: { reference: patient },
      content: [{ attachment: { contentType: 'text/plain', title: 'note' } }],
      ...more,
    });
    expect(
      await made(reference({ securityLabel: [{ coding: [conf('R')] }, { coding: [act('HIV')] }] })),
    ).toBe('HIV R');
    const { id } = await server.create('initiator', {
      resourceType: 'Binary',
      meta: { security: [act('SUD'), conf('R')] },
      contentType: 'text/plain',
      data: 'eA==',
    });
    const content = [{ attachment: { contentType: 'text/plain', url: `Binary/${id}` } }];
    expect(await made(reference({ content }))).toBe('R SUD');
  });
});

const NARRATIVE = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div>' };

describe('(compliance P30) an answer has the confidentiality of what is in it', () => {
  const answer = async (url: string): Promise<string> => {
    const { json } = await server.ask('initiator', 'GET', url);
    return JSON.stringify(json.meta ?? null);
  };
  const mark = JSON.stringify({ security: [conf('R')] });

  // prettier-ignore
  test.each<readonly [what: string, url: () => string, meta: string]>([
    ['a search',                      () => `Condition?patient=${patient}`,                    mark],
    ['a search that includes',        () => `List?_include=List:item`,                         mark],
    ['a search of what is usual',     () => `Condition?code=I10&_security:not=R&_security:not=V`, 'null'],
    ['a search of what is sensitive', () => `Condition?_id=${sensitive.slice(10)}`,            'null'],
    ['a search of elements',          () => `Condition?_id=${restricted.slice(10)}&_elements=code`, mark],
    ['a history',                     () => `${restricted}/_history`,                          mark],
    ['$everything',                   () => `${patient}/$everything`,                          mark],
    ['a count',                       () => `Condition?_summary=count`,                        'null'],
  ])('%s', async (_what, url, meta) => {
    const said = await answer(url());
    expect(said.replace('"V"', '"R"')).toBe(meta);
  });

  test('a batch', async () => {
    const entry = [{ request: { method: 'GET', url: restricted } }];
    const batch = { resourceType: 'Bundle', type: 'batch', entry };
    const { json } = await server.ask('initiator', 'POST', '', batch);
    expect((json as unknown as Bundle).meta?.security).toEqual([conf('R')]);
  });

  test('labels are found in a text without reading it', () => {
    const text = (meta: object, more: object = {}) =>
      JSON.stringify({ resourceType: 'Basic', id: 'a', meta, ...more });
    const tricky = { tag: [{ display: 'a "quote" } and \\ {' }], security: [conf('V')] };
    expect(labelsInText(text(tricky, { text: '"security":[' }))).toEqual([conf('V')]);
    expect(labelsInText(text({ versionId: '1' }, { security: [conf('R')] }))).toEqual([]);
    expect(labelsInText('{"resourceType":"Basic"}')).toEqual([]);
    expect(markOfTexts([{ text: text({ security: [conf('N'), act('HIV')] }) }, {}])).toBeUndefined();
    expect(markOfTexts([{ text: text({ security: [conf('R')] }) }, { text: text(tricky) }])).toEqual(
      conf('V'),
    );
  });
});

describe('(compliance P30) what is rendered in another language', () => {
  test('a clinical document: its header', async () => {
    const { json } = await server.ask('initiator', 'GET', `${patient}/$ccda`);
    const { parameter = [] } = json as unknown as Parameters;
    const binary = parameter.find(({ name }) => name === 'document')?.resource as
      | { data?: string }
      | undefined;
    const text = Buffer.from(binary?.data ?? '', 'base64').toString('utf8');
    expect(/<confidentialityCode code="(.)"/.exec(text)?.[1]).toMatch(/[RV]/);
  });

  test('an order and its note in HL7 v2: ORC-28 and TXA-18, and no sensitivity anywhere (S8)', async () => {
    const pair = await openPair();
    try {
      const own = (await pair.larkspur.ask(administrator, 'GET', 'Organization/larkspur')).json;
      const contact = [{ name: { family: 'Okafor' }, telecom: [{ system: 'phone', value: '1' }] }];
      await pair.larkspur.ask(administrator, 'PUT', 'Organization/larkspur', { ...own, contact });
      const someone = await pair.larkspur.create(larkspur, {
        ...person(),
        meta: { security: [conf('R'), act('HIV')] },
      });
      await pair.larkspur.create(larkspur, {
        resourceType: 'ServiceRequest',
        status: 'active',
        intent: 'order',
        code: { text: 'Consultation' },
        subject: to(refOf(someone)),
        requester: to('Organization/larkspur'),
        performer: [to('Organization/tidewater')],
      });
      await pair.settle();
      const [task] = await pair.tidewater.all('Task', 'code=fulfill');
      const stored = await pair.tidewater.create(tidewater, {
        resourceType: 'DocumentReference',
        status: 'current',
        meta: { security: [conf('V'), act('SUD')] },
        content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
      });
      const move = (operations: object[]) =>
        pair.tidewater.ask(tidewater, 'PATCH', `Task/${task?.id}`, operations);
      await move([{ op: 'replace', path: '/status', value: 'accepted' }]);
      await move([
        { op: 'replace', path: '/status', value: 'completed' },
        {
          op: 'add',
          path: '/output',
          value: [{ type: { text: 'Outcome' }, valueReference: to(refOf(stored)) }],
        },
      ]);
      await pair.settle();
      const fields = (type: string, segment: string): readonly string[] =>
        pair.sent
          .map(({ text }) => text)
          .find((text) => text.includes(`|${type}`))
          ?.split(/[\r\n]+/)
          .find((line) => line.startsWith(segment))
          ?.split('|') ?? [];
      expect([fields('OMG^O19', 'ORC')[28], fields('MDM^T02', 'TXA')[18]]).toEqual(['R', 'V']);
      expect(pair.sent.map(({ text }) => text).join()).not.toMatch(/SUD|HIV|ETH\b/);
    } finally {
      await pair.close();
    }
  });
});
