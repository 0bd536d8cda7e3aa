/** $meta, $meta-add, $meta-delete (http://hl7.org/fhir/R4/resource-operations.html), over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import type { Coding, Meta } from '../../../src/fhir/types.ts';
import { addMeta, deleteMeta } from '../../../src/resources/meta.ts';
import * as make from '../../resources.ts';
import { openRest, type Rest, type Sending } from '../rest/client.ts';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

const tag = (code: string, more: Partial<Coding> = {}): Coding => ({
  system: 'http://example.org/tags',
  code,
  ...more,
});
const PROFILE = 'http://example.org/StructureDefinition/any';

const patient = (meta: Meta = {}) => rest.create(make.patient(Object.keys(meta).length > 0 ? { meta } : {}));
const given = (meta: Meta) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'meta', valueMeta: meta }],
});
const returned = ({ json }: { json: Record<string, unknown> }): Meta =>
  (json['parameter'] as readonly { valueMeta: Meta }[] | undefined)?.[0]?.valueMeta ?? {};

async function metaOf(at: string, sending: Sending = {}): Promise<Meta> {
  return returned(await rest.must(`GET ${at}/$meta`, sending));
}

describe('$meta', () => {
  test('of a resource is its meta, by GET and by POST', async () => {
    const { id, meta } = await patient({ tag: [tag('a')], profile: [PROFILE] });
    const answer = await rest.must(`GET Patient/${id}/$meta`);
    expect(returned(answer)).toEqual(meta);
    expect(answer.headers.get('etag')).toBe(`W/"${meta?.versionId}"`);
    expect(returned(await rest.must(`POST Patient/${id}/$meta`))).toEqual(meta);
  });

  test('of a version is that version’s', async () => {
    const { id, meta } = await patient({ tag: [tag('a')] });
    await rest.must(`POST Patient/${id}/$meta-add`, { body: given({ tag: [tag('b')] }) });
    expect(await metaOf(`Patient/${id}/_history/${meta?.versionId}`)).toEqual(meta);
    expect((await metaOf(`Patient/${id}`)).tag).toEqual([tag('a'), tag('b')]);
    expect((await rest.send(`GET Patient/${id}/_history/99999/$meta`)).status).toBe(404);
  });

  test('of a type and of the system: what the caller may see, each once', async () => {
    const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }];
    await patient({ tag: [tag('mine'), tag('both')], security });
    await rest.create({ ...make.patient(), meta: { tag: [tag('theirs'), tag('both')] } }, 'stranger');
    for (const at of ['Patient/$meta', '$meta']) {
      const mine = returned(await rest.must(`GET ${at}`));
      expect(mine.tag?.filter(({ code }) => code === 'both')).toHaveLength(1);
      expect(mine.tag?.map(({ code }) => code)).toContain('mine');
      expect(mine.tag?.map(({ code }) => code)).not.toContain('theirs');
      expect(mine.security).toEqual(security);
      expect([mine.versionId, mine.lastUpdated]).toEqual([undefined, undefined]);
    }
    expect(returned(await rest.must('GET Observation/$meta')).tag).toBeUndefined();
  });

  test.each([
    ['GET Patient/$meta', 'system/Patient.r', 403],
    ['GET Patient/$meta', 'system/Patient.s', 200],
    ['GET $meta', 'system/Patient.r', 403],
    ['GET $meta', 'system/Patient.s', 200],
    ['GET Patient/{id}/$meta', 'system/Patient.s', 403],
    ['GET Patient/{id}/$meta', 'system/Patient.r', 200],
    ['POST Patient/{id}/$meta-add', 'system/Patient.rs', 403],
    ['POST Patient/{id}/$meta-add', 'system/Patient.u', 200],
    ['POST Patient/{id}/$meta-delete', 'system/Patient.crs', 403],
  ])('%s with %s: %d', async (line, scope, status) => {
    const { id } = await patient({ tag: [tag('a')] });
    const headers = { authorization: `Bearer ${await rest.sign({ scope })}` };
    const body = line.startsWith('POST') ? { body: given({ tag: [tag('x')] }) } : {};
    expect((await rest.send(line.replace('{id}', id), { headers, ...body })).status).toBe(status);
  });

  test('of what bears nothing there is no value', async () => {
    const answer = await rest.must('GET Slot/$meta');
    expect(answer.json).toEqual({ resourceType: 'Parameters' });
  });

  test('of nothing, of what another keeps, and of what was deleted', async () => {
    const { id } = await patient();
    expect((await rest.send('GET Patient/none/$meta')).status).toBe(404);
    expect((await rest.send(`GET Patient/${id}/$meta`, { as: 'stranger' })).status).toBe(404);
    await rest.must(`DELETE Patient/${id}`);
    expect((await rest.send(`GET Patient/${id}/$meta`)).status).toBe(410);
  });
});

describe('$meta-add and $meta-delete', () => {
  test('change the sets, in a version of their own', async () => {
    const { id, meta } = await patient({ tag: [tag('a')] });
    const at = `Patient/${id}`;
    const added = await rest.must(`POST ${at}/$meta-add`, {
      body: given({
        tag: [tag('a', { display: 'again' }), tag('b')],
        profile: [PROFILE],
        security: [tag('s')],
      }),
    });
    expect(returned(added)).toMatchObject({
      tag: [tag('a'), tag('b')],
      profile: [PROFILE],
      security: [tag('s')],
    });
    expect(Number(returned(added).versionId)).toBeGreaterThan(Number(meta?.versionId));
    expect((await rest.must(`GET ${at}`)).json.meta).toEqual(returned(added));
    const less = given({
      tag: [tag('a', { version: '2' }), tag('none')],
      profile: [PROFILE],
      security: [tag('s')],
    });
    const left = returned(await rest.must(`POST ${at}/$meta-delete`, { body: less }));
    expect([left.tag, left.profile, left.security]).toEqual([[tag('b')], undefined, undefined]);
    expect((await rest.must(`GET ${at}`)).json['name']).toEqual(make.patient()['name']);
    expect((await rest.must(`GET ${at}/_history`)).bundle.total).toBe(3);
    const found = await rest.must(`GET Patient?_id=${id}&_tag=b`);
    expect(found.bundle.entry).toHaveLength(1);
  });

  test('what changes nothing writes nothing', async () => {
    const { id, meta } = await patient({ tag: [tag('a')] });
    for (const [name, body] of [
      ['meta-add', given({ tag: [tag('a')] })],
      ['meta-delete', given({ tag: [tag('b')], profile: [PROFILE] })],
    ] as const) {
      expect(returned(await rest.must(`POST Patient/${id}/$${name}`, { body }))).toEqual(meta);
    }
    expect((await rest.must(`GET Patient/${id}/_history`)).bundle.total).toBe(1);
  });

  test('If-Match names the version that is changed', async () => {
    const { id, meta } = await patient();
    const body = given({ tag: [tag('a')] });
    const stale = await rest.send(`POST Patient/${id}/$meta-add`, { body, headers: { 'if-match': 'W/"1"' } });
    expect([stale.status, stale.code]).toEqual([412, 'version-conflict']);
    await rest.must(`POST Patient/${id}/$meta-add`, {
      body,
      headers: { 'if-match': `W/"${meta?.versionId}"` },
    });
  });

  test('the same key gives the first answer again', async () => {
    const { id } = await patient();
    const sending = { body: given({ tag: [tag('a')] }), headers: { 'idempotency-key': `once-${id}` } };
    const first = await rest.must(`POST Patient/${id}/$meta-add`, sending);
    await rest.must(`POST Patient/${id}/$meta-delete`, { body: given({ tag: [tag('a')] }) });
    expect(returned(await rest.must(`POST Patient/${id}/$meta-add`, sending))).toEqual(returned(first));
    expect((await metaOf(`Patient/${id}`)).tag).toBeUndefined();
  });

  test('a decimal in the resource keeps its literal', async () => {
    const { id: subject } = await patient();
    const body = JSON.stringify(make.observation(`Patient/${subject}`, { valueQuantity: { value: 1 } }));
    const { json } = await rest.must('POST Observation', {
      body: body.replace('"value":1}', '"value":1.50}'),
    });
    await rest.must(`POST Observation/${json.id}/$meta-add`, { body: given({ tag: [tag('a')] }) });
    expect((await rest.must(`GET Observation/${json.id}`)).text).toContain('"value":1.50');
  });

  test.each([
    ['a stranger', 'stranger', 404, 'not-found'],
    ['who may read and keeps it not', 'recipient', 403, 'not-custodian'],
  ] as const)('not by %s', async (_says, as, status, code) => {
    const at = as === 'recipient' ? 'Organization/initiator' : `Patient/${(await patient()).id}`;
    const answer = await rest.send(`POST ${at}/$meta-add`, { as, body: given({ tag: [tag('a')] }) });
    expect([answer.status, answer.code]).toEqual([status, code]);
  });

  test.each([
    ['no meta', { resourceType: 'Parameters' }, 422, 'field-missing'],
    [
      'a meta that is none',
      { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { tag: 'a' } }] },
      422,
      'structure-invalid',
    ],
    [
      'another value',
      { resourceType: 'Parameters', parameter: [{ name: 'meta', valueString: 'a' }] },
      400,
      'parameter-invalid',
    ],
    [
      'two',
      {
        resourceType: 'Parameters',
        parameter: [1, 2].map(() => ({ name: 'meta', valueMeta: { tag: [tag('a')] } })),
      },
      400,
      'parameter-invalid',
    ],
    ['a tag that is none', given({ tag: [{ code: ' x ' }] }), 422, 'structure-invalid'],
  ])('%s is refused', async (_says, body, status, code) => {
    const { id } = await patient();
    const answer = await rest.send(`POST Patient/${id}/$meta-add`, { body });
    expect([answer.status, answer.code]).toEqual([status, code]);
  });

  test('on a resource that is rendered from the audit there is none', async () => {
    const body = given({ tag: [tag('a')] });
    expect((await rest.send('POST AuditEvent/1-0/$meta-add', { body })).code).toBe('operation-unknown');
    expect((await rest.send('POST Patient/$meta-add', { body })).code).toBe('operation-unknown');
  });

  test('the audit says by which operation', async () => {
    const { id } = await patient();
    await rest.must(`POST Patient/${id}/$meta-add`, { body: given({ tag: [tag('a')] }) });
    const { bundle } = await rest.must(`GET AuditEvent?entity=Patient/${id}&_count=1`);
    expect(bundle.entry?.[0]?.resource).toMatchObject({ action: 'U', outcome: '0' });
    expect(JSON.stringify(bundle)).toContain(Buffer.from('$meta-add').toString('base64'));
  });
});

describe('as sets', () => {
  const coding = fc.record({ system: fc.constantFrom('s', 't'), code: fc.constantFrom('a', 'b', 'c') });
  const meta = fc.record({
    tag: fc.uniqueArray(coding, { minLength: 1, selector: ({ system, code }) => `${system}${code}` }),
    profile: fc.uniqueArray(fc.constantFrom('p', 'q'), { minLength: 1 }),
  });
  const keys = ({ tag: tags = [], profile = [] }: Meta) =>
    [...tags.map(({ system, code }) => `${system}|${code}`), ...profile].toSorted();

  test('adding is union, deleting is difference, and twice is once', () => {
    fc.assert(
      fc.property(meta, meta, (own, other) => {
        const [added, deleted] = [addMeta(own, other), deleteMeta(own, other)];
        expect(keys(added)).toEqual([...new Set([...keys(own), ...keys(other)])].toSorted());
        expect(keys(deleted)).toEqual(keys(own).filter((key) => !keys(other).includes(key)));
        expect(addMeta(added, other)).toBe(added);
        expect(deleteMeta(deleted, other)).toBe(deleted);
      }),
    );
  });
});
