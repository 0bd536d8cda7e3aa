/** `$convert` (http://hl7.org/fhir/R4/resource-operation-convert.html), and other operations that speak XML. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/fhir/types.ts';
import { decodeXml } from '../../../src/xml/decode.ts';
import { encodeXml } from '../../../src/xml/encode.ts';
import { openRest, type Rest } from '../rest/client.ts';
import { SAMPLES } from '../validation/samples.ts';

const JSON_TYPE = 'application/fhir+json';
const XML_TYPE = 'application/fhir+xml';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

const convert = (body: string, from: string, to: string, line = 'POST $convert') =>
  rest.send(line, { body, headers: { 'content-type': from, accept: to } });

describe('$convert', () => {
  test.each(Object.entries(SAMPLES).filter(([type]) => type !== 'Parameters'))(
    '%s goes to XML and back, unchanged',
    async (_type, sample) => {
      const toXml = await convert(JSON.stringify(sample), JSON_TYPE, XML_TYPE);
      expect([toXml.status, toXml.headers.get('content-type')]).toEqual([200, `${XML_TYPE}; charset=utf-8`]);
      expect(toXml.text).toBe(encodeXml(sample));
      const toJson = await convert(toXml.text, XML_TYPE, JSON_TYPE);
      expect(toJson.json).toEqual(sample);
    },
  );

  test('types that are not served, and content that would not be stored', async () => {
    const substance =
      '{"resourceType":"Substance","code":{"text":"x"},"instance":[{"quantity":{"value":1.50}}]}';
    const toXml = await convert(substance, JSON_TYPE, XML_TYPE);
    expect(toXml.text).toContain('<value value="1.50"/>');
    expect((await convert(toXml.text, XML_TYPE, JSON_TYPE)).text).toBe(substance);
    const wrong = await convert('{"resourceType":"Patient","gender":"nobody"}', JSON_TYPE, XML_TYPE);
    expect(decodeXml(wrong.text).plain).toEqual({ resourceType: 'Patient', gender: 'nobody' });
  });

  test('by _format, and from Parameters', async () => {
    const { text } = await convert(
      '{"resourceType":"Basic"}',
      JSON_TYPE,
      JSON_TYPE,
      'POST $convert?_format=xml',
    );
    expect(decodeXml(text).plain).toEqual({ resourceType: 'Basic' });
    const inner = { resourceType: 'Parameters', parameter: [{ name: 'x', valueDecimal: 1.5 }] };
    const parameters = { resourceType: 'Parameters', parameter: [{ name: 'input', resource: inner }] };
    const answer = await convert(encodeXml(parameters), XML_TYPE, JSON_TYPE);
    expect(answer.json).toEqual(inner);
  });

  test.each([
    ['nothing', '', 422, 'field-missing'],
    ['what is no resource', '<a/>', 400, 'xml-invalid'],
    ['a resource of no type of R4', '<Nothing xmlns="http://hl7.org/fhir"/>', 400, 'xml-invalid'],
  ])('%s is refused', async (_what, body, status, code) => {
    const answer = await convert(body, XML_TYPE, JSON_TYPE);
    expect([answer.status, answer.code]).toEqual([status, code]);
  });

  test('what XML cannot say is refused', async () => {
    const answer = await convert('{"resourceType":"Patient","nope":1}', JSON_TYPE, XML_TYPE);
    expect([answer.status, answer.text.includes('xml-inexpressible')]).toEqual([406, true]);
  });

  test('it is claimed, and audited', async () => {
    const { json } = await rest.must('GET metadata');
    const [{ operation = [] } = {}] = json['rest'] as readonly { operation?: readonly { name: string }[] }[]; // of R4
    expect(operation.map(({ name }) => name)).toContain('convert');
    const nobody = await rest.send('POST $convert', { as: 'nobody', body: { resourceType: 'Basic' } });
    expect(nobody.code).toBe('token-missing');
  });
});

const part = (name: string, value: object) => ({ name, ...value });

test('a FHIRPath Patch and $validate in XML', async () => {
  const { id } = await rest.create({ resourceType: 'Patient', gender: 'male' });
  const patch: Resource = {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: [
          part('type', { valueCode: 'replace' }),
          part('path', { valueString: 'Patient.gender' }),
          part('value', { valueCode: 'female' }),
        ],
      },
    ],
  };
  const headers = { 'content-type': XML_TYPE, accept: XML_TYPE };
  const patched = await rest.send(`PATCH Patient/${id}`, { body: encodeXml(patch), headers });
  expect(patched.status).toBe(200);
  expect(decodeXml(patched.text).plain).toMatchObject({ id, gender: 'female' });
  const judged = await rest.send('POST Patient/$validate', {
    body: encodeXml({ resourceType: 'Patient', gender: 'x' }),
    headers,
  });
  expect(judged.status).toBe(200);
  expect(decodeXml(judged.text).plain.resourceType).toBe('OperationOutcome');
});
