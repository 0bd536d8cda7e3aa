/** Ways to invoke an operation (http://hl7.org/fhir/R4/operations.html#executing): methods, bodies, batches, formats. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import type { BundleEntry } from '../../../src/fhir/types.ts';
import { OPERATIONS } from '../../../src/operations/extended/index.ts';
import { RESOURCE_TYPES } from '../../../src/resources/index.ts';
import { isOn } from '../../../src/operations/extended/operation.ts';
import * as make from '../../resources.ts';
import { openRest, type Rest } from '../rest/client.ts';

let rest: Rest;
let at: string;
beforeAll(async () => {
  rest = await openRest();
  at = `Patient/${(await rest.create(make.patient())).id}`;
});
afterAll(() => rest.close());

const TAG = { system: 'http://example.org/tags', code: 'batched' };
const tagged = {
  resourceType: 'Parameters',
  parameter: [{ name: 'meta', valueMeta: { tag: [TAG] } }],
};

describe('by method and body', () => {
  test('primitive parameters in the query string of a GET, of a POST, and beside a body', async () => {
    const query = '_type=Patient&_count=1';
    const got = await rest.must(`GET ${at}/$everything?${query}`);
    expect((await rest.must(`POST ${at}/$everything?${query}`)).json).toEqual(got.json);
    const body = { resourceType: 'Parameters', parameter: [{ name: '_type', valueCode: 'Patient' }] };
    expect((await rest.must(`POST ${at}/$everything?_count=1`, { body })).json).toEqual(got.json);
    expect(
      (await rest.send(`POST ${at}/$everything?_count=1`, { body: { ...body, parameter: [] } })).status,
    ).toBe(200);
  });

  test('what is no primitive is not for the query string', async () => {
    const { status, code } = await rest.send(`POST ${at}/$meta-add?meta=x`);
    expect([status, code]).toEqual([400, 'parameter-invalid']);
  });

  test('HEAD says what GET says, without the body', async () => {
    const [get, head] = [await rest.must(`GET ${at}/$meta`), await rest.must(`HEAD ${at}/$meta`)];
    expect([head.status, head.text, head.headers.get('etag')]).toEqual([200, '', get.headers.get('etag')]);
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
    expect((await rest.send(`HEAD ${at}/$meta-add`)).status).toBe(405);
  });

  test('OPTIONS names the methods of each', async () => {
    expect((await rest.send(`OPTIONS ${at}/$meta`)).headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
    expect((await rest.send(`OPTIONS ${at}/$meta-add`)).headers.get('allow')).toBe('POST, OPTIONS');
  });

  test('in XML, in and out', async () => {
    const parameters =
      '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="meta"/><valueMeta><tag><system value="http://example.org/tags"/><code value="xml"/></tag></valueMeta></parameter></Parameters>';
    const headers = { 'content-type': 'application/fhir+xml', accept: 'application/fhir+xml' };
    const answer = await rest.must(`POST ${at}/$meta-add`, { body: parameters, headers });
    expect(answer.headers.get('content-type')).toMatch(/^application\/fhir\+xml/);
    expect(answer.text).toMatch(/<parameter><name value="return"\/><valueMeta>.*<code value="xml"\/>/s);
  });

  test('a FHIRPath Patch in XML', async () => {
    const part = (name: string, value: string) => `<part><name value="${name}"/>${value}</part>`;
    const patch = `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>${part('type', '<valueCode value="replace"/>')}${part('path', '<valueString value="Patient.gender"/>')}${part('value', '<valueCode value="other"/>')}</parameter></Parameters>`;
    const headers = { 'content-type': 'application/fhir+xml' };
    expect((await rest.must(`PATCH ${at}`, { body: patch, headers })).json['gender']).toBe('other');
  });
});

describe('in a batch', () => {
  const batch = async (entry: readonly object[], type = 'batch') =>
    rest.send('POST ', { body: { resourceType: 'Bundle', type, entry } });
  const call = (method: string, url: string, resource?: object) => ({
    ...(resource && { resource }),
    request: { method, url },
  });

  test('each is invoked by itself', async () => {
    const { bundle } = await batch([
      call('GET', `${at}/$everything?_type=Patient`),
      call('POST', `${at}/$meta-add`, tagged),
      call('GET', `${at}/$meta`),
      call('HEAD', `${at}/$meta`),
      call('GET', `${at}/$meta-add`),
      call('POST', `${at}/$nothing`),
      call('POST', `${at}/$meta-delete`),
      call('GET', 'Patient/none/$meta'),
    ]);
    const entries: readonly BundleEntry[] = bundle.entry ?? [];
    expect(entries.map(({ response }) => Number(response?.status.slice(0, 3)))).toEqual([
      200, 200, 200, 200, 405, 404, 422, 404,
    ]);
    expect(entries[0]?.resource).toMatchObject({ resourceType: 'Bundle', type: 'searchset' });
    // What is answered is no Patient: the entry does not bear the patient's address.
    for (const { fullUrl } of entries) expect(fullUrl).toBeUndefined();
    expect(JSON.stringify(entries[2]?.resource)).toContain('batched');
    expect(entries[3]?.resource).toBeUndefined();
  });

  test('a transaction takes none', async () => {
    const { status } = await batch([call('POST', `${at}/$meta-add`, tagged)], 'transaction');
    expect(Math.trunc(status / 100)).toBe(4);
  });
});

describe('whatever is sent', () => {
  const addresses = [...OPERATIONS.values()].flatMap(({ name, levels, resource }) => {
    const [type] = [...RESOURCE_TYPES.keys()].filter((one) => isOn(resource, one));
    return levels.map((level) =>
      level === 'system' ? `$${name}` : level === 'type' ? `${type}/$${name}` : `${type}/none/$${name}`,
    );
  });
  const names = [
    ...new Set([...OPERATIONS.values()].flatMap(({ parameters }) => parameters.map((one) => one.name))),
  ];

  const value = fc.oneof(
    fc.record({ valueString: fc.string() }),
    fc.record({ valueCode: fc.constantFrom('a', 'Patient', '') }),
    fc.record({ valueUri: fc.webUrl() }),
    fc.record({ valueInteger: fc.integer() }),
    fc.record({ valueBoolean: fc.boolean() }),
    fc.record({ valueCoding: fc.record({ system: fc.webUrl(), code: fc.string() }) }),
    fc.record({ valueMeta: fc.jsonValue() }),
    fc.record({
      resource: fc.oneof(
        fc.jsonValue(),
        fc.constantFrom(make.patient(), { resourceType: 'ValueSet', status: 'active' }),
      ),
    }),
    fc.record({ part: fc.jsonValue() }),
  );
  const parameter = fc
    .tuple(fc.oneof(fc.constantFrom(...names), fc.string()), value)
    .map(([name, one]) => ({ name, ...one }));
  const body = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        resourceType: fc.constant('Parameters'),
        parameter: fc.array(parameter, { maxLength: 3 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        resourceType: fc.constantFrom('Parameters', 'Basic', 'Bundle'),
        parameter: fc.jsonValue(),
      }),
    },
  );

  test('an operation answers, or says what is wrong', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...addresses),
        body,
        fc.boolean(),
        async (address, sent, isLenient) => {
          const headers = isLenient ? { prefer: 'handling=lenient' } : {};
          const { status, issues } = await rest.send(`POST ${address}`, { body: sent, headers });
          expect([address, status < 500]).toEqual([address, true]);
          expect(status < 400 || issues.length > 0).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  }, 120_000);
});
