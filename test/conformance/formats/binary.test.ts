/** Binary in its own type (http://hl7.org/fhir/R4/binary.html#rest, http://hl7.org/fhir/R4/http.html#read). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Bundle, Resource } from '../../../src/fhir/types.ts';
import { decodeXml } from '../../../src/xml/decode.ts';
import { openRest, type Rest } from '../rest/client.ts';

const FHIR_JSON = { accept: 'application/fhir+json' };
const FHIR_XML = { accept: 'application/fhir+xml' };
const BYTES = Uint8Array.from({ length: 256 }, (_each, n) => n);

let rest: Rest;
beforeAll(async () => {
  rest = await openRest();
});
afterAll(() => rest.close());

/** Raw bytes of an answer; the client of the other tests reads texts. */
async function fetchBytes(line: string, headers: Readonly<Record<string, string>> = {}, as = 'initiator') {
  const [method = 'GET', path] = line.split(' ');
  const organization = `Organization/${as}` as const;
  const token = await rest.sign({ subject: `subject-${as}`, client: `client-${as}`, organization });
  const response = await fetch(`${rest.at}/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  return {
    status: response.status,
    headers: response.headers,
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
}

const write = (
  line: string,
  body: string | Uint8Array<ArrayBuffer>,
  type: string,
  more: Readonly<Record<string, string>> = {},
) => rest.send(line, { body, headers: { 'content-type': type, ...FHIR_JSON, ...more } });

async function stored(contentType: string, body: string | Uint8Array<ArrayBuffer> = BYTES): Promise<string> {
  const created = await write('POST Binary', body, contentType);
  expect(created.status).toBe(201);
  return `Binary/${created.json.id}`;
}

describe('written in its own type', () => {
  test.each([
    ['application/pdf', BYTES],
    ['text/plain; charset=iso-8859-1', 'words'],
    ['application/hl7-cda+xml', '<!DOCTYPE x><ClinicalDocument/>'],
    ['application/xml', '<ClinicalDocument xmlns="urn:hl7-org:v3"/>'],
    ['text/xml; charset=iso-8859-1', '<a/>'],
    ['application/json', '{"not":"a resource"}'],
    ['application/json', '{'],
    ['application/json-patch+json', '[]'],
    ['application/x-www-form-urlencoded', 'a=b'],
    ['application/fhir+json', '{"resourceType":"Patient"}'],
    ['application/fhir+xml', '<Patient xmlns="http://hl7.org/fhir"/>'],
  ])('%s becomes the content, byte for byte', async (type, body) => {
    const created = await write('POST Binary', body, type);
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({
      resourceType: 'Binary',
      contentType: type,
      data: Buffer.from(body).toString('base64'),
    });
    const read = await fetchBytes(`GET Binary/${created.json.id}`);
    expect(Buffer.from(read.bytes)).toEqual(Buffer.from(body));
    expect(read.headers.get('content-type')).toBe(type);
  });

  test.each([
    ['application/fhir+json', '{"resourceType":"Binary","contentType":"a/b","data":"AAAA"}'],
    ['application/json', '{"resourceType":"Binary","contentType":"a/b","data":"AAAA"}'],
    [
      'application/fhir+xml',
      '<Binary xmlns="http://hl7.org/fhir"><contentType value="a/b"/><data value="AAAA"/></Binary>',
    ],
    [
      'text/xml',
      '<Binary xmlns="http://hl7.org/fhir"><contentType value="a/b"/><data value="AAAA"/></Binary>',
    ],
  ])('a Binary in %s is the resource', async (type, body) => {
    const created = await write('POST Binary', body, type);
    expect(created.json).toMatchObject({ resourceType: 'Binary', contentType: 'a/b', data: 'AAAA' });
  });

  test.each([
    ['no type at all', '', {}, 415, 'media-type-unsupported'],
    ['no type that is one', 'words', {}, 415, 'media-type-unsupported'],
    ['JSON of FHIR that is none', 'application/fhir+json', {}, 400, 'json-invalid'],
    ['XML of FHIR that is none', 'application/fhir+xml', {}, 400, 'xml-invalid'],
    [
      'a security context that is no reference',
      'application/pdf',
      { 'x-security-context': 'a b' },
      400,
      'header-invalid',
    ],
    [
      'a security context that is not there',
      'application/pdf',
      { 'x-security-context': 'Patient/none' },
      422,
      'reference-not-found',
    ],
  ])('%s is refused', async (_what, type, more, status, code) => {
    const answer = await write('POST Binary', BYTES, type, more);
    expect([answer.status, answer.code]).toEqual([status, code]);
  });

  test('nothing, and too much', async () => {
    expect((await write('POST Binary', '', 'application/pdf')).code).toBe('body-missing');
    const much = new Uint8Array(11 * 1024 * 1024);
    expect((await write('POST Binary', much, 'application/pdf')).code).toBe('body-too-large');
  });

  test('an update gets the id of its address, and honours If-Match', async () => {
    const ref = await stored('text/plain', 'one');
    const updated = await write(`PUT ${ref}`, 'two', 'text/plain');
    expect([updated.status, `Binary/${updated.json.id}`, updated.json['data']]).toEqual([
      200,
      ref,
      btoa('two'),
    ]);
    const stale = await write(`PUT ${ref}`, 'three', 'text/plain', {
      'if-match': `W/"${updated.version - 1}"`,
    });
    expect(stale.code).toBe('version-conflict');
    const first = await fetchBytes(`GET ${ref}/_history/${updated.version - 1}`);
    expect(Buffer.from(first.bytes).toString()).toBe('one');
  });

  test('X-Security-Context becomes the securityContext, and is told with the content', async () => {
    const { id } = await rest.create({ resourceType: 'Patient' });
    const created = await write('POST Binary', BYTES, 'application/pdf', {
      'x-security-context': `Patient/${id}`,
    });
    expect(created.json['securityContext']).toEqual({ reference: `Patient/${id}` });
    const read = await fetchBytes(`GET Binary/${created.json.id}`);
    expect(read.headers.get('x-security-context')).toBe(`Patient/${id}`);
  });

  test('other types take no content', async () => {
    const answer = await write('POST Patient', BYTES, 'application/pdf');
    expect([answer.status, answer.code]).toEqual([415, 'media-type-unsupported']);
  });
});

describe('read', () => {
  test.each([
    ['without Accept', {}, 200, 'application/pdf'],
    ['as anything', { accept: '*/*' }, 200, 'application/pdf'],
    ['in its type', { accept: 'application/pdf' }, 200, 'application/pdf'],
    ['in a range', { accept: 'text/html, application/*;q=0.5' }, 200, 'application/pdf'],
    ['as FHIR JSON', FHIR_JSON, 200, 'application/fhir+json; charset=utf-8'],
    ['as FHIR XML', FHIR_XML, 200, 'application/fhir+xml; charset=utf-8'],
    ['as JSON', { accept: 'application/json' }, 200, 'application/fhir+json; charset=utf-8'],
    ['as XML', { accept: 'text/xml' }, 200, 'application/fhir+xml; charset=utf-8'],
    ['as something else', { accept: 'image/png' }, 406, 'application/fhir+json; charset=utf-8'],
  ])('%s', async (_what, headers, status, type) => {
    const read = await fetchBytes(`GET ${await stored('application/pdf')}`, headers);
    expect([read.status, read.headers.get('content-type')]).toEqual([status, type]);
    if (type !== 'application/pdf') return;
    expect(read.bytes).toEqual(BYTES);
    expect(read.headers.get('content-length')).toBe('256');
  });

  test('by _format and by parts it is a resource', async () => {
    const ref = await stored('application/pdf');
    const inXml = await rest.must(`GET ${ref}?_format=xml`);
    expect(decodeXml(inXml.text).plain).toMatchObject({
      resourceType: 'Binary',
      data: Buffer.from(BYTES).toString('base64'),
    });
    const inJson = await rest.must(`GET ${ref}?_format=json`);
    expect(inJson.json.resourceType).toBe('Binary');
    const parts = await rest.must(`GET ${ref}?_elements=contentType`);
    expect(parts.json).not.toHaveProperty('data');
  });

  test('HEAD, ETag and If-None-Match', async () => {
    const ref = await stored('application/pdf');
    const read = await fetchBytes(`GET ${ref}`);
    const head = await fetchBytes(`HEAD ${ref}`);
    const etag = read.headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"\d+"$/);
    expect(read.headers.get('last-modified')).not.toBeNull();
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([
      200,
      '256',
      etag,
    ]);
    const unchanged = await fetchBytes(`GET ${ref}`, { 'if-none-match': etag });
    expect([unchanged.status, unchanged.bytes.length]).toEqual([304, 0]);
  });

  test.each([
    ['image/png', null],
    ['application/pdf', null],
    ['text/plain;charset=utf-8', null],
    ['text/html', 'attachment'],
    ['image/svg+xml', 'attachment'],
    ['application/xhtml+xml', 'attachment'],
    ['text/xml', 'attachment'],
    ['application/javascript', 'attachment'],
    ['application/x-unknown', 'attachment'],
  ])('%s in a browser: Content-Disposition %s', async (type, disposition) => {
    const read = await fetchBytes(`GET ${await stored(type)}`);
    expect(read.headers.get('content-disposition')).toBe(disposition);
    expect(read.headers.get('x-content-type-options')).toBe('nosniff');
    expect(read.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('a content type that is no header is told as octets', async () => {
    const { id } = await rest.create({ resourceType: 'Binary', contentType: 'a/b; x="é"', data: 'AAAA' });
    expect((await fetchBytes(`GET Binary/${id}`)).headers.get('content-type')).toBe(
      'application/octet-stream',
    );
  });

  test('a Binary without content has none', async () => {
    const { id } = await rest.create({ resourceType: 'Binary', contentType: 'application/pdf' });
    const read = await fetchBytes(`GET Binary/${id}`);
    expect([read.status, read.bytes.length]).toEqual([200, 0]);
  });

  test('who may not see it gets what is not there, whatever the type; and the audit names the read', async () => {
    const ref = await stored('application/pdf');
    const hidden = await fetchBytes(`GET ${ref}`, {}, 'stranger');
    expect([hidden.status, hidden.headers.get('content-type')]).toEqual([
      404,
      'application/fhir+json; charset=utf-8',
    ]);
    await fetchBytes(`GET ${ref}`);
    const events = await rest.server.auditOf('initiator', ref as 'Binary/1');
    expect(events.some(({ action }) => action === 'R')).toBe(true);
  });

  test('in a Bundle it is a resource', async () => {
    const ref = await stored('application/pdf');
    const body = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: ref } }] };
    const { entry } = (await rest.must('POST ', { body })).json as unknown as Bundle; // a batch answers one
    expect((entry?.[0]?.resource as Resource | undefined)?.resourceType).toBe('Binary');
  });
});
