/** What a hostile or careless client tries with `$import-ccda`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { convertDocument } from '../../../src/ccda/read/convert.ts';
import type { Parameters, Resource } from '../../../src/fhir/types.ts';
import { openServer, type TestServer } from '../../server.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/ccda');
const NOTE = readFileSync(join(FOLDER, 'consultation-note.xml'), 'utf8');
const CDA = { 'content-type': 'application/hl7-cda+xml' };

let server: TestServer;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient', 'stranger']);
});
afterAll(() => server.close());

let made = 0;
/** The note as a document of its own: another id, no set, the patient with this number. */
const fresh = (patient = 'MQ-40417', source = NOTE): string =>
  source
    .replace(
      /<id root="[^"]*"\/>/,
      `<id root="99999999-2222-4333-8444-${String((made += 1)).padStart(12, '0')}"/>`,
    )
    .replace(/<setId [^>]*\/>\s*<versionNumber [^>]*\/>/, '')
    .replaceAll('MQ-40417', patient)
    .replaceAll('S88213', `S-${patient}`);

const importIt = (who: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
  server.ask(who, 'POST', '$import-ccda', body, { headers: { ...CDA, ...headers } });

const partOf = (json: Resource, name: string) =>
  (json as unknown as Parameters).parameter?.find((one) => one.name === name);
const remarksOf = (json: Resource): string =>
  JSON.stringify((json as unknown as Parameters).parameter?.filter(({ name }) => name === 'remark'));

/** Asks with a token of these claims. */
async function withToken(claims: object, path: string, body: string, headers: object = CDA, method = 'POST') {
  const { devIssuer, port } = server.running;
  const token = await devIssuer?.sign({
    subject: 's',
    client: 'c',
    scope: 'system/*.cruds',
    organization: 'Organization/initiator',
    ...claims,
  });
  const response = await fetch(`http://127.0.0.1:${port}/fhir/${path}`, {
    method,
    headers: { authorization: `Bearer ${token ?? ''}`, ...headers },
    ...(method === 'POST' && { body }),
  });
  const text = await response.text();
  return { status: response.status, text, headers: response.headers };
}

describe('parties that a document names (harmony Z45)', () => {
  test('a clinician and an organization of others: private records, and nobody is spoken for', async () => {
    await server.create('recipient', {
      resourceType: 'Practitioner',
      identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1888888884' }],
      name: [{ family: 'Lindqvist' }],
    });
    const before = await server.read('stranger', 'Organization/recipient');
    const body = fresh(
      'P-1',
      NOTE.replaceAll('root="2.999.20.1"', 'root="2.16.840.1.113883.4.6" extension="1234567893"'),
    );
    expect((await importIt('stranger', body)).status).toBe(200);
    expect(await server.read('stranger', 'Organization/recipient')).toEqual(before);
    const named = await server.search('stranger', 'Organization?identifier=1234567893');
    expect(named.map(({ meta }) => meta?.tag)).toEqual([[expect.objectContaining({ code: 'private' })]]);
    expect(await server.search('initiator', 'Organization?identifier=1234567893')).toEqual([]);
    expect(await server.search('administrator', 'Task?code=identifier-claim')).toEqual([]);
  });

  test('a patient of another organization is not matched, and not told of', async () => {
    const theirs = await server.create('initiator', {
      resourceType: 'Patient',
      identifier: [{ system: 'urn:oid:2.999.10.1.5', value: 'P-2' }],
      name: [{ family: 'Somebody', given: ['Else'] }],
    });
    const response = await importIt('stranger', fresh('P-2'));
    expect(response.status).toBe(200);
    expect(response.text).not.toContain(theirs.id);
    expect(await server.search('stranger', 'Patient?identifier=P-2')).toHaveLength(1);
    expect(await server.search('initiator', 'Patient?identifier=P-2')).toHaveLength(1);
  });

  test('an order of others is not linked, and not told of', async () => {
    const patient = await server.create('initiator', { resourceType: 'Patient', name: [{ family: 'A' }] });
    const order = await server.create('initiator', {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      identifier: [{ system: 'urn:oid:2.999.10.1.15', value: 'R-2025-00731' }],
      subject: { reference: `Patient/${patient.id}` },
      code: { text: 'Consultation' },
      requester: { reference: 'PractitionerRole/initiator' },
      performer: [{ reference: 'PractitionerRole/recipient' }],
    });
    const [task] = await server.search('recipient', `Task?focus=ServiceRequest/${order.id}`);
    const hidden = await importIt('stranger', fresh('P-3'));
    expect(hidden.text).not.toContain(order.id);
    expect(remarksOf(hidden.json)).toContain('not known here');
    const linked = await importIt('recipient', fresh('P-3'));
    const document = partOf(linked.json, 'document')?.valueReference?.reference ?? '';
    expect(await server.read('recipient', document)).toMatchObject({
      context: { related: [{ reference: `ServiceRequest/${order.id}` }] },
    });
    const [after] = await server.search('recipient', `Task?focus=ServiceRequest/${order.id}`);
    expect([after?.['status'], after?.['output']]).toEqual([task?.['status'], undefined]);
  });
});

describe('the same document', () => {
  test('twice at once is kept once', async () => {
    const body = fresh('P-4');
    const answers = await Promise.all([1, 2, 3].map(() => importIt('initiator', body)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const documents = answers.map(({ json }) => partOf(json, 'document')?.valueReference?.reference);
    expect(new Set(documents).size).toBe(1);
    expect(await server.search('initiator', 'Patient?identifier=P-4')).toHaveLength(1);
  });

  test('after its DocumentReference was deleted is kept again', async () => {
    const body = fresh('P-6');
    const first =
      partOf((await importIt('initiator', body)).json, 'document')?.valueReference?.reference ?? '';
    expect((await server.ask('initiator', 'DELETE', first)).status).toBeLessThan(300);
    const again = await importIt('initiator', body);
    const second = partOf(again.json, 'document')?.valueReference?.reference ?? '';
    expect(second).not.toBe(first);
    await server.read('initiator', second);
  });

  test('by its own DocumentReference changes nothing', async () => {
    const first = partOf((await importIt('initiator', fresh('P-7'))).json, 'document')?.valueReference
      ?.reference;
    const before = (await server.search('initiator', 'Condition')).length;
    const body = {
      resourceType: 'Parameters',
      parameter: [{ name: 'source', valueReference: { reference: first } }],
    };
    const again = await server.ask('initiator', 'POST', '$import-ccda', body);
    expect([again.status, partOf(again.json, 'document')?.valueReference?.reference]).toEqual([200, first]);
    expect(await server.search('initiator', 'Condition')).toHaveLength(before);
  });

  test('of another’s DocumentReference, which the caller does not see', async () => {
    const first = partOf((await importIt('initiator', fresh('P-8'))).json, 'document')?.valueReference
      ?.reference;
    const body = {
      resourceType: 'Parameters',
      parameter: [{ name: 'source', valueReference: { reference: first } }],
    };
    const response = await server.ask('stranger', 'POST', '$import-ccda', body);
    expect([response.status, response.code]).toEqual([422, 'reference-not-found']);
  });

  test('(compliance) reading a stored document is audited', async () => {
    const first = partOf((await importIt('initiator', fresh('P-9'))).json, 'document')?.valueReference
      ?.reference;
    const body = {
      resourceType: 'Parameters',
      parameter: [{ name: 'source', valueReference: { reference: first } }],
    };
    const before = (await server.auditOf('initiator', first as never)).length;
    await server.ask('initiator', 'POST', '$import-ccda', body);
    expect((await server.auditOf('initiator', first as never)).length).toBeGreaterThan(before);
  });
});

describe('a document that leads to a document', () => {
  const pointing = (url: string) => ({
    resourceType: 'DocumentReference',
    status: 'current',
    content: [{ attachment: { contentType: 'text/xml', url } }],
  });
  /** A DocumentReference that leads to what is made of its own reference. */
  async function leading(to: (own: string) => Promise<string>): Promise<string> {
    const { id } = await server.create('initiator', pointing('Organization/initiator'));
    const own = `DocumentReference/${id}`;
    const placed = await server.ask('initiator', 'PUT', own, { ...pointing(await to(own)), id });
    expect(placed.status).toBe(200);
    return own;
  }

  test.each<[string, (own: string) => Promise<string>]>([
    ['to itself', (own) => Promise.resolve(own)],
    [
      'to one that leads back',
      async (own) => `DocumentReference/${(await server.create('initiator', pointing(own))).id}`,
    ],
    ['to what is no document', () => Promise.resolve('Organization/initiator')],
  ])('%s: is refused, and the server lives', async (_what, to) => {
    const document = await leading(to);
    const shown = await server.ask('initiator', 'GET', `${document}/$render`);
    expect([shown.status, shown.code]).toEqual([400, 'resource-type-mismatch']);
    const body = {
      resourceType: 'Parameters',
      parameter: [{ name: 'source', valueReference: { reference: document } }],
    };
    const read = await server.ask('initiator', 'POST', '$import-ccda', body);
    expect([read.status, read.code]).toEqual([400, 'resource-type-mismatch']);
  });
});

describe('doors and headers', () => {
  test('scopes: each type that the document makes is asked for', async () => {
    const scope = 'system/Binary.cruds system/DocumentReference.cruds system/Patient.cruds';
    const response = await withToken({ scope }, '$import-ccda', fresh('P-10'));
    expect(response.status).toBe(403);
    expect(response.text).toContain('scope-insufficient');
    expect(await server.search('initiator', 'Patient?identifier=P-10')).toEqual([]);
  });

  test('a token for one patient keeps nothing beside that patient', async () => {
    const patient = await server.create('initiator', { resourceType: 'Patient', name: [{ family: 'B' }] });
    const claims = { scope: 'launch/patient patient/*.cruds', patient: patient.id };
    const response = await withToken(claims, '$import-ccda', fresh('P-11'));
    expect(response.status).toBe(403);
    expect(await server.search('initiator', 'Patient?identifier=P-11')).toEqual([]);
  });

  test.each([
    'application/hl7-cda+xml; charset=utf-8',
    'Application/HL7-CDA+XML',
    'text/xml;charset="UTF-8"',
    'text/xml; charset=ISO-8859-1',
  ])('Content-Type %s: the bytes say how they are encoded', async (type) => {
    const response = await importIt('initiator', fresh(`P-${encodeURIComponent(type)}`), {
      'content-type': type,
    });
    expect(response.status).toBe(200);
  });

  test.each(['GET', 'HEAD'] as const)('%s is not allowed', async (method) => {
    const response = await withToken({}, '$import-ccda', '', {}, method);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toContain('POST');
  });

  test.each(['return=minimal', 'return=OperationOutcome', 'respond-async'])('Prefer: %s', async (prefer) => {
    const response = await importIt('initiator', fresh(`P-${made}`), { prefer });
    expect([response.status, response.json.resourceType]).toEqual([200, 'Parameters']);
  });

  test.each(['batch', 'transaction'])('a %s holds no import', async (type) => {
    const bundle = {
      resourceType: 'Bundle',
      type,
      entry: [
        {
          request: { method: 'POST', url: '$import-ccda' },
          resource: {
            resourceType: 'Binary',
            contentType: 'text/xml',
            data: Buffer.from(fresh('P-12')).toString('base64'),
          },
        },
      ],
    };
    const response = await server.ask('initiator', 'POST', '', bundle);
    expect(response.text).toMatch(
      /"(?:bundle-invalid|interaction-unsupported|operation-unknown|not-found)"|"resourceType":"Parameters"/,
    );
    expect(response.status).toBeLessThan(500);
  });

  test('an Idempotency-Key with another document is refused', async () => {
    const key = { 'idempotency-key': 'one-key' };
    expect((await importIt('initiator', fresh('P-13'), key)).status).toBe(200);
    const other = await importIt('initiator', fresh('P-14'), key);
    expect([other.status, other.code]).toEqual([422, 'idempotency-key-reused']);
  });

  test('the zone of the body is not the zone of the address', async () => {
    const response = await server.ask('initiator', 'POST', '$import-ccda?zone=now', fresh('P-15'), {
      headers: CDA,
    });
    expect([response.status, response.code]).toEqual([400, 'parameter-invalid']);
  });
});

describe('size', () => {
  test('a hundred thousand elements are read off the main thread: others are served meanwhile', async () => {
    const rows = '<tr><td>1</td></tr>'.repeat(50_000);
    const large = fresh('P-16').replace('</paragraph>', `</paragraph><table><tbody>${rows}</tbody></table>`);
    const importing = importIt('initiator', large);
    let meanwhile = 0;
    let isDone = false;
    const finished = importing.then(() => (isDone = true));
    while (!isDone) {
      await server.ask('initiator', 'GET', 'metadata');
      meanwhile += 1;
    }
    await finished;
    expect((await importing).status).toBe(200);
    expect(meanwhile).toBeGreaterThan(3);
  });

  test('a large page is made off the main thread', async () => {
    const rows = '<tr><td>1</td></tr>'.repeat(50_000);
    const large = fresh('P-18').replace('</paragraph>', `</paragraph><table><tbody>${rows}</tbody></table>`);
    const data = Buffer.from(large).toString('base64');
    const { id } = await server.create('initiator', {
      resourceType: 'Binary',
      contentType: 'text/xml',
      data,
    });
    const showing = server.ask('initiator', 'GET', `Binary/${id}/$render`);
    let meanwhile = 0;
    let isDone = false;
    const finished = showing.then(() => (isDone = true));
    while (!isDone) {
      await server.ask('initiator', 'GET', 'metadata');
      meanwhile += 1;
    }
    await finished;
    expect((await showing).status).toBe(200);
    expect(meanwhile).toBeGreaterThan(2);
  });

  test('an image that is shown a thousand times is in the page once', async () => {
    const data = 'iVBORw0KGgo='.padStart(100_000, 'A');
    const image = `<entry><observationMedia classCode="OBS" moodCode="EVN" ID="img"><value mediaType="image/png" representation="B64">${data}</value></observationMedia></entry>`;
    const shown = `<renderMultiMedia referencedObject="${'img '.repeat(1000)}"/>`.repeat(100);
    const source = fresh('P-19')
      .replace('</paragraph>', `</paragraph><paragraph>${shown}</paragraph>`)
      .replace('</text>', `</text>${image}`);
    const binary = { resourceType: 'Binary', contentType: 'text/xml' };
    const { id } = await server.create('initiator', {
      ...binary,
      data: Buffer.from(source).toString('base64'),
    });
    const page = await withToken({}, `Binary/${id}/$render`, '', { accept: 'text/html' }, 'GET');
    expect(page.status).toBe(200);
    expect(page.text.split('<img ')).toHaveLength(2);
    expect((await importIt('initiator', source)).text.split('<img ').length).toBeLessThan(4);
  });

  test('a narrative that every entry refers to is not copied for each', async () => {
    const words = 'word '.repeat(100_000);
    const entry =
      '<entry><observation classCode="OBS" moodCode="EVN"><id root="2.999.1"/><code code="8480-6" codeSystem="2.16.840.1.113883.6.1"><originalText><reference value="#all"/></originalText></code><text><reference value="#all"/></text><statusCode code="completed"/></observation></entry>';
    const source = fresh('P-20')
      .replace('</paragraph>', `</paragraph><paragraph ID="all">${words}</paragraph>`)
      .replace('</text>', `</text>${entry.repeat(1000)}`);
    const converted = await convertDocument(Buffer.from(source), {
      newId: () => '00000000-0000-4000-8000-000000000001',
      now: '2025-04-01T00:00:00Z',
    });
    expect(JSON.stringify(converted.bundle).length).toBeLessThan(20 * 1024 * 1024);
    expect(converted.losses.some(({ what }) => what.includes('repeated too often'))).toBe(true);
  });

  test.each<[what: string, edit: (source: string) => string]>([
    [
      'a patient with thirty thousand numbers',
      (source) =>
        source.replace(
          '<patientRole>',
          `<patientRole>${Array.from({ length: 30_000 }, (_, index) => `<id root="2.999.7" extension="${index}"/>`).join('')}`,
        ),
    ],
    [
      'thirty thousand orders that it answers',
      (source) =>
        source.replace(
          '<documentationOf',
          `${Array.from({ length: 30_000 }, (_, index) => `<inFulfillmentOf><order><id root="2.999.7" extension="${index}"/></order></inFulfillmentOf>`).join('')}<documentationOf`,
        ),
    ],
    [
      'more entries than a transaction has',
      (source) =>
        source.replace(
          '</text>',
          `</text>${'<entry><observation classCode="OBS" moodCode="EVN"><code code="8480-6" codeSystem="2.16.840.1.113883.6.1"/><statusCode code="completed"/><value xsi:type="INT" value="1"/></observation></entry>'.repeat(6000)}`,
        ),
    ],
  ])('%s: the document is kept', async (what, edit) => {
    const source = fresh(`P-many-${what.length}`);
    const edited = edit(source);
    expect(edited).not.toBe(source);
    const response = await importIt('initiator', edited);
    expect([response.status, response.text.slice(0, 300)]).toEqual([200, expect.anything()]);
    const document = partOf(response.json, 'document')?.valueReference?.reference ?? '';
    await server.read('initiator', document);
  });

  test('more elements than a document may have are refused', async () => {
    const large = fresh('P-17').replace('</paragraph>', `</paragraph>${'<br/>'.repeat(200_001)}`);
    const response = await importIt('initiator', large);
    expect([response.status, response.code]).toEqual([400, 'xml-invalid']);
  });
});
