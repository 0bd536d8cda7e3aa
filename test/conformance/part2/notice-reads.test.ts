/** The statement of 42 CFR 2.32 in answers: its words, its place, and where it is not (compliance P14, P15, P30). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle, OperationOutcome, Resource } from '../../../src/fhir/types.ts';
import { STATEMENT_1 } from '../../../src/policies/part2/statements.ts';
import { openServer, type Response, type TestServer } from '../../server.ts';
import { condition } from '../labels/scene.ts';
import { part2Scene, SCOPE, type Part2Scene } from './scene.ts';

const DISPLAY = 'http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-display';

let server: TestServer;
let sent: Part2Scene;
let unsent: Part2Scene;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient']);
  sent = await part2Scene(server);
  unsent = await part2Scene(server, { isConsentSent: false });
});
afterAll(() => server.close());

const get = (who: string, url: string): Promise<Response> => server.ask(who, 'GET', url);

/** The words in `meta` that a reader is to be shown. */
const displayed = ({ meta }: Resource): readonly string[] =>
  (meta?.extension ?? []).flatMap(({ url, valueAnnotation }) =>
    url === DISPLAY ? (valueAnnotation?.text ?? []) : [],
  );

const labels = ({ meta }: Resource): string =>
  (meta?.security ?? [])
    .map(({ code }) => code ?? '')
    .toSorted()
    .join(' ');

/** The outcomes of a Bundle, with the code of each issue. */
const outcomes = (bundle: Resource): readonly (readonly [string, string])[] =>
  ((bundle as unknown as Bundle).entry ?? []).flatMap(({ search, resource }) =>
    search?.mode === 'outcome'
      ? (resource as unknown as OperationOutcome).issue.map(
          ({ details, diagnostics = '' }) => [details?.coding?.[0]?.code ?? '', diagnostics] as const,
        )
      : [],
  );

const included = (bundle: Resource): readonly string[] =>
  ((bundle as unknown as Bundle).entry ?? []).flatMap(({ search, resource }) =>
    search?.mode === 'include' ? [`${resource?.resourceType}/${resource?.id}`] : [],
  );

describe('(compliance P14, P30) a read of one resource', () => {
  test('has the statement in meta, the labels of the way, and a link to the consent', async () => {
    const { status, json, headers } = await get('recipient', sent.condition);
    expect(status).toBe(200);
    expect(displayed(json)).toEqual([`${STATEMENT_1}\n\n${SCOPE}`]);
    expect(labels(json)).toBe('42CFRPart2 ETH OPIOIDUD PERSISTLABEL R SUD');
    expect(headers['link']).toMatch(
      new RegExp(`<[^>]*/${sent.consent}>; rel="https://closeloop.dev/rel/consent"`),
    );
    expect((await get('recipient', sent.consent)).status).toBe(200);
  });

  test('explains a consent that the reader may not read', async () => {
    const { json, headers } = await get('recipient', unsent.condition);
    expect(displayed(json)).toEqual([`${STATEMENT_1}\n\n${SCOPE}`]);
    expect(headers['link']).toBeUndefined();
  });

  test('keeps it in a summary and among some elements', async () => {
    for (const query of ['_summary=true', '_elements=code', '_summary=text'])
      expect(displayed((await get('recipient', `${sent.condition}?${query}`)).json)).toHaveLength(1);
  });

  test('has it by version as well', async () => {
    const { version } = await get('recipient', sent.condition);
    expect(displayed((await get('recipient', `${sent.condition}/_history/${version}`)).json)).toHaveLength(1);
  });

  test.each<readonly [string, string, () => string]>([
    ['to who keeps it', 'initiator', () => sent.condition],
    ['where nothing is of Part 2', 'recipient', () => sent.plain],
    ['to an administrator', 'administrator', () => sent.condition],
  ])('(compliance P15) has none %s', async (_where, who, ref) => {
    const { json, headers } = await get(who, ref());
    expect([displayed(json), headers['link']]).toEqual([[], undefined]);
    expect(labels(json)).not.toContain('PERSISTLABEL');
  });
});

describe('(compliance P14, P30) an answer with several resources has it once, beside them', () => {
  test.each<readonly [string, () => string]>([
    ['a search', () => `Condition?patient=${sent.patient}`],
    ['a search that includes', () => `Condition?patient=${sent.patient}&_include=Condition:subject`],
    ['a search of elements', () => `Condition?patient=${sent.patient}&_elements=code`],
    ['$everything', () => `${sent.patient}/$everything?_type=Condition`],
  ])('%s', async (_what, url) => {
    const { status, json } = await get('recipient', url());
    expect([status, JSON.stringify(json).includes('42CFRPart2')]).toEqual([200, true]);
    expect(outcomes(json).filter(([code]) => code === 'part2-notice')).toEqual([
      ['part2-notice', STATEMENT_1],
    ]);
    expect(JSON.stringify(json)).not.toContain('extension-display');
    expect(included(json)).toContain(sent.consent);
    expect(json.meta?.security?.map(({ code }) => code)).toEqual(['R']);
  });

  test('explains a consent that the reader may not read', async () => {
    const { json } = await get('recipient', `Condition?patient=${unsent.patient}`);
    expect(outcomes(json)).toEqual([
      ['part2-notice', STATEMENT_1],
      ['part2-notice', SCOPE],
    ]);
    expect(included(json)).toEqual([]);
  });

  test('a history has it in each version, because nothing may stand beside them', async () => {
    const { json } = await get('recipient', `${sent.condition}/_history`);
    const { entry = [] } = json as unknown as Bundle;
    expect(entry.map(({ resource }) => displayed(resource as unknown as Resource).length)).toEqual([1]);
  });

  test('a batch has it where its answers have it', async () => {
    const entry = [sent.condition, `Condition?patient=${sent.patient}`].map((url) => ({
      request: { method: 'GET', url },
    }));
    const { text } = await server.ask('recipient', 'POST', '', {
      resourceType: 'Bundle',
      type: 'batch',
      entry,
    });
    expect(text.split('This record which has been disclosed to you').length - 1).toBe(2);
  });

  test.each<readonly [string, string, () => string]>([
    ['for who keeps it', 'initiator', () => `Condition?patient=${sent.patient}`],
    ['where nothing is of Part 2', 'recipient', () => `Condition?code=I10`],
    ['in a count', 'recipient', () => `Condition?patient=${sent.patient}&_summary=count`],
  ])('has none %s', async (_where, who, url) => {
    const { json, text } = await get(who, url());
    expect(outcomes(json)).toEqual([]);
    expect(text).not.toContain('This record');
  });
});

describe('(compliance V1) the audit', () => {
  test.each<readonly [string, () => string]>([
    ['of a read', () => sent.condition],
    ['of a search', () => `Condition?_id=${sent.condition.slice(10)}`],
    ['of a history', () => `${sent.condition}/_history`],
    ['of $everything', () => `${sent.patient}/$everything?_type=Condition`],
    ['of $ccda', () => `${sent.order}/$ccda`],
  ])('%s says which statement went with it', async (_what, url) => {
    await get('recipient', url());
    const [newest] = await server.auditOf('initiator', sent.condition);
    expect(JSON.stringify(newest)).toContain('"type":"notice","valueString":"1"');
  });

  test('says nothing of it where none did', async () => {
    await get('recipient', sent.plain);
    const [newest] = await server.auditOf('initiator', sent.plain);
    expect(JSON.stringify(newest)).not.toContain('"notice"');
  });
});

describe('(compliance P33) what comes with a statement', () => {
  const statement = '42 CFR part 2 prohibits unauthorized disclosure of these records.';
  const communication = (more: object): Resource => ({
    resourceType: 'Communication',
    status: 'completed',
    subject: { reference: sent.patient },
    payload: [{ contentString: statement }],
    ...more,
  });

  test('a Communication is labelled, and is passed on with the statement of today', async () => {
    const { id } = await server.create('initiator', communication({}));
    expect(labels(await server.read('initiator', `Communication/${id}`))).toBe('42CFRPart2 R');
  });

  test('a transaction with a notice is labelled as a whole', async () => {
    const category = [
      { coding: [{ system: 'https://closeloop.dev/fhir/CodeSystem/message-content', code: 'notice' }] },
    ];
    const entry = [communication({ category }), condition(sent.patient, 'I10')].map((resource) => ({
      resource,
      request: { method: 'POST', url: resource.resourceType },
    }));
    const refs = await server.transact('initiator', { resourceType: 'Bundle', type: 'transaction', entry });
    for (const ref of refs)
      expect(labels(await server.read('initiator', ref.split('/_history/')[0] ?? ''))).toBe('42CFRPart2 R');
  });
});

describe('(compliance P30, P33) what was shown and is written back', () => {
  test('is stored without the words and without the labels of the way', async () => {
    const { json } = await get('recipient', sent.task);
    const { status } = await server.ask('initiator', 'PUT', sent.task, {
      ...json,
      meta: {
        ...json.meta,
        security: [...(json.meta?.security ?? []), { system: LABELS, code: '42CFRPart2' }],
      },
    });
    expect(status).toBe(200);
    const shown = await get('recipient', sent.task);
    expect(displayed(shown.json)).toHaveLength(1);
    const again = await server.ask('recipient', 'PUT', sent.task, { ...shown.json, description: 'x' });
    expect(again.status).toBe(200);
    expect(displayed(again.json)).toHaveLength(1);
    const kept = await get('initiator', sent.task);
    expect(displayed(kept.json)).toEqual([]);
    expect(labels(kept.json)).toBe('42CFRPart2 R');
  });
});

const LABELS = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
