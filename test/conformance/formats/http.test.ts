/** Formats over HTTP (http://hl7.org/fhir/R4/http.html#mime-type): what is sent and wanted in XML is the same in all else. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Fhir } from 'fhir-xml-codec';
import type { Bundle, OperationOutcome, Resource } from '../../../src/fhir/types.ts';
import { decodeXml } from '../../../src/xml/decode.ts';
import { encodeXml } from '../../../src/xml/encode.ts';
import { openRest, type Answer, type Rest } from '../rest/client.ts';
import { SAMPLES } from '../validation/samples.ts';

const XML = 'application/fhir+xml';
const NS = 'xmlns="http://hl7.org/fhir"';

let rest: Rest;
beforeAll(async () => {
  rest = await openRest('--open-task-for-service-request', 'off');
});
afterAll(() => rest.close());

const accepting = (type: string) => ({ headers: { accept: type } });
const sending = (xml: string, more: Readonly<Record<string, string>> = {}) => ({
  body: xml,
  headers: { 'content-type': XML, ...more },
});

/** The body of an answer in XML, by our reading. */
function treeOf(answer: Answer): Resource {
  expect(answer.headers.get('content-type')).toBe(`${XML}; charset=utf-8`);
  return decodeXml(answer.text).plain;
}

const bundleOf = (answer: Answer): Bundle => treeOf(answer) as unknown as Bundle; // where one was asked for

/** Our code of a refusal. */
const codeIn = (answer: Answer): string | undefined =>
  (treeOf(answer) as unknown as OperationOutcome).issue[0]?.details?.coding?.[0]?.code;

const patientXml = (family: string, more = ''): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Patient ${NS}>${more}<name><family value="${family}"/></name></Patient>`;

/** What the server adds is taken away. */
const content = ({ id: _id, meta, ...elements }: Resource): object => {
  const { versionId: _v, lastUpdated: _l, ...kept } = { ...meta } as Record<string, unknown>; // of R4
  return { ...elements, ...(Object.keys(kept).length > 0 && { meta: kept }) };
};

/** Types that anyone may write. */
const WRITABLE: ReadonlySet<string> = new Set(
  'Basic Binary Communication Condition Location Observation Patient Practitioner RelatedPerson'.split(' '),
);

/** A sample without what would have to be there, and without its claims. */
function standalone(sample: Resource): Resource {
  const text = JSON.stringify(sample, (name, value: unknown) => (GONE.has(name) ? undefined : value));
  return JSON.parse(text) as Resource; // as it was
}
// Without a recipient a Communication is no message, so that the server adds nothing to it.
const GONE: ReadonlySet<string> = new Set(['id', 'meta', 'reference', 'contained', 'sender', 'recipient']);

const twoCreates = (type: string): string => `<Bundle ${NS}><type value="${type}"/>
  <entry><fullUrl value="urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6e"/><resource><Patient><name><family value="T"/></name></Patient></resource>
    <request><method value="POST"/><url value="Patient"/></request></entry>
  <entry><resource><Basic><code><text value="about"/></code>${type === 'batch' ? '' : '<subject><reference value="urn:uuid:0f2a7c1e-6d5b-4d63-9c3f-1d2b3a4c5d6e"/></subject>'}</Basic></resource>
    <request><method value="POST"/><url value="Basic"/></request></entry></Bundle>`;

describe('sent in XML', () => {
  test.each([XML, 'application/xml', 'text/xml', `${XML}; charset=UTF-8`, `${XML}; fhirVersion=4.0`])(
    'as %s: the same resource as in JSON',
    async (type) => {
      const created = await rest.send(
        'POST Patient',
        sending(patientXml('Ünsal & Söhne'.replace('&', '&amp;')), { 'content-type': type }),
      );
      expect(created.status).toBe(201);
      expect(created.json).toMatchObject({ resourceType: 'Patient', name: [{ family: 'Ünsal & Söhne' }] });
      const read = await rest.must(`GET Patient/${created.json.id}`);
      expect(read.json).toEqual(created.json);
    },
  );

  test.each(Object.entries(SAMPLES).filter(([type]) => WRITABLE.has(type)))(
    '%s: stored as if it had come in JSON, and read back in both formats',
    async (_type, sample) => {
      const resource = standalone(sample);
      const { resourceType } = resource;
      const [inJson, inXml] = [
        await rest.must(`POST ${resourceType}`, { body: resource }),
        await rest.must(`POST ${resourceType}`, sending(encodeXml(resource))),
      ];
      expect(content(inXml.json)).toEqual(content(inJson.json));
      const again = await rest.must(`GET ${resourceType}/${inJson.json.id}`, accepting(XML));
      expect(treeOf(again)).toEqual(inJson.json);
      expect(again.version).toBe(inJson.version);
      expect(new Fhir().xmlToObj(again.text).resourceType).toBe(resourceType);
    },
  );

  test('a decimal keeps its literal through both formats', async () => {
    const xml = `<Basic ${NS}><extension url="http://example.org/d"><valueDecimal value="1.50"/></extension><extension url="http://example.org/e"><valueDecimal value="100E-2"/></extension><code><text value="x"/></code></Basic>`;
    const created = await rest.must('POST Basic', sending(xml));
    expect(created.text).toContain('"valueDecimal":1.50');
    const at = `GET Basic/${created.json.id}`;
    expect((await rest.must(at)).text).toContain('"valueDecimal":100E-2');
    expect((await rest.must(at, accepting(XML))).text).toContain('<valueDecimal value="1.50"/>');
  });

  test('update, conditional update, and their conditions', async () => {
    const created = await rest.must('POST Patient', sending(patientXml('Before')));
    const { id = '' } = created.json;
    const at = `PUT Patient/${id}`;
    const xml = patientXml('After', `<id value="${id}"/>`);
    const updated = await rest.send(at, sending(xml, { 'if-match': `W/"${created.version}"`, accept: XML }));
    expect(updated.status).toBe(200);
    expect(treeOf(updated)).toMatchObject({ id, name: [{ family: 'After' }] });
    expect(updated.headers.get('etag')).toBe(`W/"${updated.version}"`);
    const stale = await rest.send(at, sending(xml, { 'if-match': `W/"${created.version}"`, accept: XML }));
    expect([stale.status, codeIn(stale)]).toEqual([412, 'version-conflict']);
    const other = await rest.send(at, sending(patientXml('X', '<id value="other"/>'), { accept: XML }));
    expect([other.status, codeIn(other)]).toEqual([400, 'id-mismatch']);
    const identified = patientXml(
      'Once',
      '<identifier><system value="urn:x"/><value value="xml-1"/></identifier>',
    );
    const once = await rest.must('PUT Patient?identifier=urn:x|xml-1', sending(identified));
    const twice = await rest.must('PUT Patient?identifier=urn:x|xml-1', sending(identified));
    expect([once.status, twice.status, twice.json.id]).toEqual([201, 200, once.json.id]);
  });

  test('conditional create, and an idempotency key', async () => {
    const xml = patientXml('Cond', '<identifier><system value="urn:x"/><value value="xml-2"/></identifier>');
    const once = await rest.must('POST Patient', sending(xml, { 'if-none-exist': 'identifier=urn:x|xml-2' }));
    const twice = await rest.must(
      'POST Patient',
      sending(xml, { 'if-none-exist': 'identifier=urn:x|xml-2' }),
    );
    expect([once.status, twice.status]).toEqual([201, 200]);
    const key = { 'idempotency-key': 'xml-key-1' };
    const first = await rest.must('POST Patient', sending(patientXml('Key'), key));
    const repeated = await rest.must('POST Patient', sending(patientXml('Key'), key));
    expect(repeated.json.id).toBe(first.json.id);
    const other = await rest.send('POST Patient', sending(patientXml('Other'), key));
    expect(other.code).toBe('idempotency-key-reused');
  });

  test('a transaction and a batch', async () => {
    for (const type of ['transaction', 'batch']) {
      const answer = await rest.send('POST ', sending(twoCreates(type), { accept: XML }));
      const { type: told, entry = [] } = bundleOf(answer);
      expect([answer.status, told]).toEqual([200, `${type}-response`]);
      expect(entry.map(({ response }) => response?.status.slice(0, 3))).toEqual(['201', '201']);
      const about = entry[1]?.resource as unknown as { subject?: { reference: string } }; // a Basic
      expect(about.subject?.reference).toBe(
        type === 'batch' ? undefined : `Patient/${entry[0]?.resource?.id}`,
      );
    }
  });

  test.each([
    ['an unknown code', 'POST Patient', { resourceType: 'Patient', gender: 'nobody' }],
    ['a missing element', 'POST Basic', { resourceType: 'Basic' }],
    ['a date that does not exist', 'POST Patient', { resourceType: 'Patient', birthDate: '2026-02-31' }],
    [
      'a narrative that acts',
      'POST Patient',
      {
        resourceType: 'Patient',
        text: {
          status: 'generated',
          div: '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>',
        },
      },
    ],
    ['another type than the address says', 'POST Patient', { resourceType: 'Basic', code: { text: 'x' } }],
    [
      'a reference to nothing',
      'POST Basic',
      { resourceType: 'Basic', code: { text: 'x' }, subject: { reference: 'Patient/none' } },
    ],
  ])('%s is refused as in JSON', async (_what, line, resource) => {
    const inJson = await rest.send(line, { body: resource });
    const inXml = await rest.send(line, sending(encodeXml(resource)));
    expect(inXml.status).toBeGreaterThanOrEqual(400);
    expect([inXml.status, inXml.json]).toEqual([inJson.status, inJson.json]);
  });

  test.each([
    ['not well-formed', `<Patient ${NS}>`, 400, 'xml-invalid'],
    [
      'with a DOCTYPE',
      `<!DOCTYPE Patient [<!ENTITY x SYSTEM "file:///etc/passwd">]>${patientXml('&x;').slice(38)}`,
      400,
      'xml-invalid',
    ],
    ['of no namespace', '<Patient/>', 400, 'xml-invalid'],
    ['with an unknown element', `<Patient ${NS}><nope value="x"/></Patient>`, 422, 'structure-invalid'],
    [
      'in another order',
      `<Patient ${NS}><gender value="male"/><active value="true"/></Patient>`,
      400,
      'xml-invalid',
    ],
    ['with a control character', patientXml('a\u0001'), 400, 'xml-invalid'],
    [
      'in another encoding',
      `<?xml version="1.0" encoding="ISO-8859-1"?><Patient ${NS}/>`,
      415,
      'media-type-unsupported',
    ],
    ['JSON after all', '{"resourceType":"Patient"}', 400, 'xml-invalid'],
    ['nothing', '', 400, 'body-missing'],
    ['too deep', `<Patient ${NS}>${'<extension url="u">'.repeat(5000)}`, 400, 'xml-invalid'],
    ['too much', patientXml('x'.repeat(6 * 1024 * 1024)), 413, 'body-too-large'],
  ])('%s is refused, in the format asked for', async (_what, xml, status, code) => {
    const answer = await rest.send('POST Patient', sending(xml, { accept: XML }));
    expect([answer.status, codeIn(answer)]).toEqual([status, code]);
  });

  test('XML where JSON is claimed, and the reverse', async () => {
    const asJson = await rest.send('POST Patient', {
      body: patientXml('x'),
      headers: { 'content-type': 'application/fhir+json' },
    });
    expect(asJson.code).toBe('json-invalid');
    const turtle = await rest.send('POST Patient', {
      body: 'x',
      headers: { 'content-type': 'text/turtle', accept: XML },
    });
    expect([turtle.status, codeIn(turtle)]).toEqual([415, 'media-type-unsupported']);
  });
});

const withoutFormats = (bundle: Bundle): string =>
  JSON.stringify(bundle).replaceAll(/[?&]_format=(?:json|xml)/g, '');

const manyCreates = (count: number) => ({
  resourceType: 'Bundle',
  type: 'batch',
  entry: Array.from({ length: count }, (_each, n) => ({
    resource: {
      resourceType: 'Basic',
      code: { text: `page ${n} "quoted" \\ {[` },
      extension: [{ url: 'http://example.org/entry":[', valueDecimal: 1.5 }],
    },
    request: { method: 'POST', url: 'Basic' },
  })),
});

describe('wanted in XML', () => {
  let id = '';
  beforeAll(async () => {
    ({ id = '' } = (
      await rest.must('POST Patient', {
        body: { resourceType: 'Patient', name: [{ family: 'Wanted' }], gender: 'female' },
      })
    ).json);
  });

  test.each([
    ['Accept', () => `GET Patient/${id}`, accepting(XML)],
    ['a generic type', () => `GET Patient/${id}`, accepting('application/xml')],
    [
      'q-values',
      () => `GET Patient/${id}`,
      accepting('application/fhir+json;q=0.4, application/fhir+xml;q=0.9'),
    ],
    ['_format over Accept', () => `GET Patient/${id}?_format=xml`, accepting('application/fhir+json')],
    ['_format as a type', () => `GET Patient/${id}?_format=application/fhir%2Bxml`, {}],
    ['_format with a plus', () => `GET Patient/${id}?_format=application/fhir+xml`, {}],
  ])('by %s', async (_what, line, asked) => {
    const answer = await rest.must(line(), asked);
    expect(treeOf(answer)).toMatchObject({ resourceType: 'Patient', id, gender: 'female' });
    expect(answer.text).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?><Patient xmlns="http:\/\/hl7\.org\/fhir">/,
    );
  });

  test('a version, parts, and an indented text', async () => {
    const read = await rest.must(`GET Patient/${id}`, accepting(XML));
    const version = await rest.must(`GET Patient/${id}/_history/${read.version}`, accepting(XML));
    expect(version.text).toBe(read.text);
    const parts = await rest.must(`GET Patient/${id}?_elements=gender`, accepting(XML));
    expect(treeOf(parts)).toMatchObject({ gender: 'female', meta: { tag: [{ code: 'SUBSETTED' }] } });
    expect(treeOf(parts)).not.toHaveProperty('name');
    const pretty = await rest.must(`GET Patient/${id}?_pretty=true`, accepting(XML));
    expect(pretty.text).toContain('\n  <gender value="female"/>\n');
    expect(treeOf(pretty)).toEqual(treeOf(read));
  });

  test('HEAD has the length of XML, and 304 none', async () => {
    const read = await rest.must(`GET Patient/${id}`, accepting(XML));
    const head = await rest.must(`HEAD Patient/${id}`, accepting(XML));
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(read.text)));
    expect(head.headers.get('content-type')).toBe(`${XML}; charset=utf-8`);
    const unchanged = await rest.send(`GET Patient/${id}`, {
      headers: { accept: XML, 'if-none-match': `W/"${read.version}"` },
    });
    expect([unchanged.status, unchanged.text]).toEqual([304, '']);
  });

  test('searches, by GET and by forms, and histories', async () => {
    const inJson = await rest.must('GET Patient?name=Wanted&_format=json');
    const inXml = await rest.must('GET Patient?name=Wanted&_format=xml');
    expect(withoutFormats(bundleOf(inXml))).toBe(withoutFormats(inJson.bundle));
    const form = await rest.must('POST Patient/_search', { body: 'name=Wanted&_format=xml' });
    expect(bundleOf(form).entry).toHaveLength(1);
    const accepted = await rest.must('POST Patient/_search', {
      body: 'name=Wanted',
      headers: { accept: XML },
    });
    expect(bundleOf(accepted).entry).toHaveLength(1);
    const none = await rest.must('GET Patient?name=nobody-of-that-name&_total=accurate', accepting(XML));
    expect(bundleOf(none)).toMatchObject({ type: 'searchset', total: 0 });
    const history = await rest.must(`GET Patient/${id}/_history`, accepting(XML));
    expect(bundleOf(history)).toMatchObject({ type: 'history', total: 1 });
  });

  test('a large page is the same in both formats', async () => {
    await rest.must('POST ', { body: manyCreates(300) });
    const inJson = await rest.must('GET Basic?_count=500');
    const inXml = await rest.must('GET Basic?_count=500', accepting(XML));
    expect(treeOf(inXml)).toEqual(inJson.json);
    expect(inJson.bundle.entry?.length).toBeGreaterThanOrEqual(300);
  });

  test('what the server says of itself', async () => {
    const answer = await rest.must('GET metadata', { as: 'nobody', ...accepting(XML) });
    const inJson = await rest.must('GET metadata', { as: 'nobody' });
    expect(treeOf(answer)).toEqual(inJson.json);
    expect(inJson.json['format']).toEqual(
      expect.arrayContaining(['json', 'xml', XML, 'application/fhir+json']),
    );
    const again = await rest.must('GET metadata?_pretty=true&_format=xml', { as: 'nobody' });
    expect(treeOf(again)).toEqual(inJson.json);
  });

  test.each([
    ['what is not there', 'GET Patient/none', {}, 404, 'not-found'],
    ['an unknown type', 'GET Nothing/1', {}, 404, 'type-unknown'],
    ['a method that is not offered', 'PUT Patient', { body: {} }, 405, 'method-not-allowed'],
    ['an unknown parameter', 'GET Patient?nope=1', {}, 400, 'search-parameter-unknown'],
    ['nobody', 'GET Patient/none', { as: 'nobody' }, 401, 'token-missing'],
    ['a JSON that is none', 'POST Patient', { body: '{' }, 400, 'json-invalid'],
  ])(
    '%s is refused in XML',
    async (_what, line, { as, body }: { as?: string; body?: object | string }, status, code) => {
      const answer = await rest.send(line, {
        ...accepting(XML),
        ...(as !== undefined && { as }),
        ...(body !== undefined && { body }),
      });
      expect([answer.status, codeIn(answer)]).toEqual([status, code]);
    },
  );

  test.each(['text/turtle', 'text/html', 'application/fhir+xml;q=0', `${XML}; fhirVersion=5.0`])(
    '%s alone is not acceptable',
    async (accept) => {
      const answer = await rest.send(`GET Patient/${id}`, accepting(accept));
      expect([answer.status, answer.code]).toEqual([406, 'not-acceptable']);
    },
  );

  test('what JSON says and XML cannot is refused in XML, read in JSON, and told in JSON when it was written', async () => {
    const coding = [{ system: 'urn:x', code: 'a\u0001b' }]; // only texts are without control characters
    const basic = { resourceType: 'Basic', code: { coding } };
    const created = await rest.send('POST Basic', { body: basic, ...accepting(XML) });
    expect([created.status, created.json]).toMatchObject([201, basic]);
    const at = `GET Basic/${created.json.id}`;
    const answer = await rest.send(at, accepting(XML));
    expect([answer.status, codeIn(answer)]).toEqual([406, 'xml-inexpressible']);
    expect((await rest.must(at)).json).toEqual(created.json);
  });
});
