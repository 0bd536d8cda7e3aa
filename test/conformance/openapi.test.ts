/** The OpenAPI document: valid by a judge from outside, complete, and true of the server. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { RESOURCE_TYPES } from '../../src/resources/index.ts';
import { openRest, type Rest } from './rest/client.ts';
import { richOf, WRITTEN_TYPES } from './rest/rich.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { operationId: string }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

let rest: Rest;
let document: Document;
beforeAll(async () => {
  rest = await openRest();
  const { text } = await rest.must('GET openapi.json', { as: 'nobody' });
  document = JSON.parse(text) as Document; // judged below
});
afterAll(() => rest.close());

test('is OpenAPI 3.1', async () => {
  const { headers } = await rest.must('HEAD openapi.json', { as: 'nobody' });
  expect(headers.get('content-type')).toBe('application/json');
  const { valid, errors } = await new Validator().validate(document as never); // its own type of the document
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
});

test('every reference within it leads somewhere, and every operation has a name of its own', () => {
  const tree: unknown = document;
  const refs = new Set(
    [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, at = '']) => at),
  );
  const missing = [...refs].filter((at) => {
    return (
      at.split('/').reduce((node, part) => (node as Record<string, unknown> | undefined)?.[part], tree) ===
      undefined
    );
  });
  expect(missing).toEqual([]);
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test('every type has its addresses, and every address is served', async () => {
  for (const type of RESOURCE_TYPES.keys()) expect(document.paths).toHaveProperty([`/${type}/{id}`, 'get']);
  for (const at of ['', ...[...RESOURCE_TYPES.keys()].map((type) => `/${type}`)]) {
    expect(document.paths).toHaveProperty([`${at}/_search`, 'get']);
    expect(document.paths).toHaveProperty([`${at}/_search`, 'post']);
  }
  const gets = Object.entries(document.paths).filter(([, item]) => 'get' in item);
  for (const [path] of gets) {
    const { status, code } = await rest.send(
      `GET ${path.slice(1).replace('{id}', 'nobody').replace('{version}', '1')}`,
    );
    expect([path, status === 405 || code === 'operation-unknown' || code === 'type-unknown']).toEqual([
      path,
      false,
    ]);
  }
});

test('its schemas accept what the server stores', async () => {
  const ajv = new Ajv2020({
    strict: false,
    validateSchema: false,
    inlineRefs: false,
    code: { optimize: false },
  });
  ajv.addSchema({ $id: 'https://example.org/openapi', components: document.components });
  for (const type of WRITTEN_TYPES) {
    const validate = ajv.compile({ $ref: `https://example.org/openapi#/components/schemas/${type}` });
    for (const resource of richOf(type)) {
      const valid = validate(resource);
      expect([type, valid, validate.errors ?? []]).toEqual([type, true, []]);
    }
  }
});

test('(ccda 12) operations name the media types of their own that they take and give', () => {
  const at = (path: string) => JSON.stringify((document.paths[path] as Record<string, object>)['post']);
  expect(at('/$import-ccda')).toMatch(/"requestBody":.*"application\/hl7-cda\+xml":.*"text\/xml":/);
  expect(at('/ServiceRequest/{id}/$ccda')).toMatch(/"200":.*"application\/hl7-cda\+xml":/);
});
