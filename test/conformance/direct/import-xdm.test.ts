/** `$import-xdm` at a real server (direct-xdm 7, 11). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Parameters, Resource } from '../../../src/fhir/types.ts';
import { writeXdm } from '../../../src/direct/xdm/write-package.ts';
import { CONSENT_CLASS } from '../../../src/direct/xdm/codes.ts';
import type { Submission } from '../../../src/direct/xdm/submission.ts';
import { PATTERNS } from '../../../src/resources/audit-patterns.ts';
import { openServer, type TestServer } from '../../server.ts';
import { ABOUT, NOTE, ORDER, REQUEST } from '../../unit/direct/xdm/submissions.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/direct');
const packageNamed = (name: string): Buffer => readFileSync(join(FOLDER, `${name}.ZIP`));
const ZIP = { 'content-type': 'application/zip' };

let server: TestServer;
beforeAll(async () => {
  server = await openServer(['initiator', 'recipient', 'stranger']);
});
afterAll(() => server.close());

const send = (who: string, body: Uint8Array | object, headers: Readonly<Record<string, string>> = ZIP) =>
  server.ask(who, 'POST', '$import-xdm', body, { headers });

interface Imported {
  readonly manifest: string;
  readonly documents: readonly string[];
  readonly remarks: readonly string[];
}

const read = (json: Resource): Imported => {
  const { parameter = [] } = json as unknown as Parameters;
  const all = (name: string) => parameter.filter((one) => one.name === name);
  const references = (name: string) =>
    all(name).map(({ valueReference }) => String(valueReference?.reference));
  return {
    manifest: references('manifest')[0] ?? '',
    documents: references('document'),
    remarks: all('remark').map(({ valueString }) => String(valueString)),
  };
};

async function imported(
  who: string,
  body: Uint8Array | object,
  headers?: Readonly<Record<string, string>>,
): Promise<Imported> {
  const response = await send(who, body, headers);
  if (response.status !== 200) throw new Error(response.text);
  return read(response.json);
}

const contentOf = async (who: string, document: string): Promise<Buffer> => {
  const kept = (await server.read(who, document)) as unknown as {
    content: readonly { attachment: { url: string } }[];
  };
  const url = kept.content[0]?.attachment.url ?? '';
  const binary = await server.read(who, url.split('/').slice(-2).join('/'));
  return Buffer.from(String(binary['data']), 'base64');
};

describe('a request (360x 5)', () => {
  let request: Imported;
  beforeAll(async () => {
    request = await imported('recipient', packageNamed('REQUEST'));
  });

  test('is a DocumentManifest with its documents, in their order', async () => {
    expect(await server.read('recipient', request.manifest)).toMatchObject({
      masterIdentifier: {
        system: 'urn:ietf:rfc:3986',
        value: 'urn:oid:2.25.270937532626722643499681716876004955342',
      },
      status: 'current',
      type: { coding: [{ system: 'http://loinc.org', code: '57133-1' }] },
      created: '2025-03-14T14:05:15.000Z',
      source: 'urn:oid:2.999.10.1',
      content: request.documents.map((reference) => ({ reference })),
      related: [{ identifier: { system: 'urn:oid:2.999.10.1.15', value: 'R-2025-00731' } }],
    });
    expect(request.documents).toHaveLength(2);
  });

  test('its message is kept byte for byte, about the patient of the note', async () => {
    const [message = '', note = ''] = request.documents;
    const kept = await server.read('recipient', message);

    expect((await contentOf('recipient', message)).toString()).toMatch(/^MSH\|.*OMG\^O19/);
    expect(kept).toMatchObject({
      content: [
        {
          attachment: { contentType: 'x-application/hl7-v2+er7' },
          format: { code: 'urn:ihe:pcc:360x:hl7:OMG:O19:2017' },
        },
      ],
      subject: (await server.read('recipient', note))['subject'],
    });
  });

  test('its clinical document is read as $import-ccda reads it, and its order is a draft', async () => {
    const orders = await server.search('recipient', 'ServiceRequest?identifier=R-2025-00731');

    expect(orders.map(({ status }) => status)).toEqual(['draft']);
    expect(await server.search('recipient', 'Patient?identifier=urn:oid:2.999.10.1.5|MQ-40417')).toHaveLength(
      1,
    );
    expect((await server.search('recipient', 'Condition')).length).toBeGreaterThan(0);
  });

  test('opens no referral, and says so', async () => {
    expect(await server.search('recipient', 'Task')).toEqual([]);
    expect(request.remarks.join(' ')).toContain('moves no referral');
  });

  test('is nobody else’s', async () => {
    for (const reference of [request.manifest, ...request.documents])
      for (const who of ['initiator', 'stranger'])
        expect((await server.ask(who, 'GET', reference)).status).toBe(404);
  });

  test('the same package again changes nothing', async () => {
    const before = await server.search('recipient', 'DocumentReference');
    const again = await imported('recipient', packageNamed('REQUEST'));

    expect(again).toMatchObject({ manifest: request.manifest, documents: request.documents });
    expect(again.remarks).toEqual(['The package is kept already.']);
    expect(await server.search('recipient', 'DocumentReference')).toHaveLength(before.length);
  });

  test('another organization may keep it, too', async () => {
    const other = await imported('stranger', packageNamed('REQUEST'));

    expect(other.manifest).not.toBe(request.manifest);
  });

  test('the audit has the import as ITI-32', async () => {
    const events = await server.search('recipient', 'AuditEvent?subtype=ITI-32');

    expect(events).toMatchObject([
      {
        type: { code: '110107' },
        subtype: [PATTERNS['import-package']?.subtype],
        action: 'C',
        outcome: '0',
      },
    ]);
    expect(await server.search('initiator', 'AuditEvent?subtype=ITI-32')).toEqual([]);
  });
});

test('an answer is kept about a patient whom its number, name and birth date name', async () => {
  await imported('initiator', packageNamed('REQUEST'));
  const { documents } = await imported('initiator', packageNamed('ACCEPT'));
  const [patient] = await server.search('initiator', 'Patient?identifier=urn:oid:2.999.10.1.5|MQ-40417');

  expect(await server.read('initiator', documents[0] ?? '')).toMatchObject({
    subject: { reference: `Patient/${patient?.id}` },
    context: { related: [{ reference: expect.stringMatching(/^ServiceRequest\//) }] },
  });
  expect(await server.search('initiator', 'Task')).toEqual([]);
});

test('a number alone names nobody', async () => {
  const submission: Submission = {
    ...REQUEST,
    uniqueId: '2.25.51',
    sourcePatientInfo: [
      ['PID-5', 'Somebody^Else'],
      ['PID-7', '19710308'],
    ],
    documents: [{ ...ORDER, uniqueId: '2.25.52' }],
  };
  const { documents } = await imported('initiator', await writeXdm(submission, ABOUT));

  expect(await server.read('initiator', documents[0] ?? '')).not.toHaveProperty('subject');
});

test('what is no clinical document is kept as a file; a restricted one keeps its label', async () => {
  const confidentiality = [{ code: 'R', system: '2.16.840.1.113883.5.25' }];
  const submission: Submission = {
    ...REQUEST,
    uniqueId: '2.25.61',
    documents: [
      { ...ORDER, uniqueId: '2.25.62' },
      { ...NOTE, uniqueId: '2.25.63' },
      {
        ...NOTE,
        kind: 'consent',
        classCode: CONSENT_CLASS,
        mimeType: 'application/pdf',
        bytes: Buffer.from('%PDF-1.7'),
        uniqueId: '2.999.10.1.7^consent-1',
        confidentiality,
      },
    ],
  };
  const { documents, remarks } = await imported('initiator', await writeXdm(submission, ABOUT));
  const [, note = '', consent = ''] = documents;

  expect(remarks.join(' ')).toContain('Document 2 is kept as a file, and was not read: ccda-invalid');
  expect((await contentOf('initiator', note)).equals(NOTE.bytes)).toBe(true);
  expect(await server.read('initiator', consent)).toMatchObject({
    masterIdentifier: { system: 'urn:oid:2.999.10.1.7', value: 'consent-1' },
    category: [{ coding: [{ code: '59284-0' }] }],
    securityLabel: [{ coding: [{ code: 'R' }] }],
    content: [{ attachment: { contentType: 'application/pdf', size: 8 } }],
  });
});

const bySource = (reference: string): object => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'source', valueReference: { reference } }],
});

test('a package comes as Parameters, too, and by reference', async () => {
  const bytes = await writeXdm({ ...REQUEST, uniqueId: '2.25.71', documents: [ORDER] }, ABOUT);
  const data = Buffer.from(bytes).toString('base64');
  const binary = { resourceType: 'Binary', contentType: 'application/zip', data };
  const json = { 'content-type': 'application/fhir+json' };
  const one = await imported(
    'initiator',
    { resourceType: 'Parameters', parameter: [{ name: 'package', resource: binary }] },
    json,
  );
  const stored = await server.ask('initiator', 'POST', 'Binary', binary, { headers: json });
  const other = await imported('initiator', bySource(`Binary/${stored.json.id}`), json);

  expect(other.manifest).toBe(one.manifest);

  // Beside a page for people, the archive is the package.
  const held = await server.ask(
    'initiator',
    'POST',
    'DocumentReference',
    {
      resourceType: 'DocumentReference',
      status: 'current',
      content: [
        { attachment: { contentType: 'text/xml', data: Buffer.from('<page/>').toString('base64') } },
        { attachment: { contentType: 'application/zip', data } },
      ],
    },
    { headers: json },
  );
  const beside = await imported('initiator', bySource(`DocumentReference/${held.json.id}`), json);
  expect(beside.manifest).toBe(one.manifest);
});

test('a source without content is no package, and says so', async () => {
  const json = { 'content-type': 'application/fhir+json' };
  const binary = { resourceType: 'Binary', contentType: 'application/zip' };
  const { json: stored } = await server.ask('initiator', 'POST', 'Binary', binary, { headers: json });
  const response = await send('initiator', bySource(`Binary/${stored.id}`), json);
  expect([response.status, response.text]).toEqual([422, expect.stringContaining('xdm-invalid')]);
});

describe('what is refused', () => {
  const ZIPPED = packageNamed('ACCEPT');
  const changed = Buffer.from(ZIPPED);
  const inMetadata = changed.indexOf('METADATA.XML') + 200;
  changed.writeUInt8(changed.readUInt8(inMetadata) ^ 1, inMetadata);

  test.each<readonly [string, Uint8Array | object, string, number, string?]>([
    ['no archive', Buffer.from('MSH|'), 'not-a-package', 422],
    ['a changed archive', changed, 'inconsistent', 422],
    [
      'nothing',
      { resourceType: 'Parameters' },
      'neither a package nor a source',
      422,
      'application/fhir+json',
    ],
  ])('%s', async (_name, body, says, status, type = 'application/zip') => {
    const before = await server.search('initiator', 'DocumentReference');
    const response = await send('initiator', body, { 'content-type': type });

    expect(response.status).toBe(status);
    expect(response.text).toContain(says);
    expect(await server.search('initiator', 'DocumentReference')).toHaveLength(before.length);
  });

  test('another package under a number that is kept', async () => {
    const submission: Submission = { ...REQUEST, uniqueId: '2.25.81', documents: [ORDER] };
    await imported('initiator', await writeXdm(submission, ABOUT));
    const other = { ...ORDER, bytes: Buffer.from('MSH|^~\\&|other') };
    const response = await send('initiator', await writeXdm({ ...submission, documents: [other] }, ABOUT));

    expect(response.status).toBe(422);
    expect(response.text).toContain('another package is kept under its number');
  });

  test.each([
    ['a caller who may not write', 'system/*.rs', 403],
    ['a token that was changed', 'none', 401],
  ])('%s', async (_name, scope, status) => {
    const token = await server.running.devIssuer?.sign({
      subject: 'somebody',
      client: 'somebody',
      organization: 'Organization/initiator',
      scope,
    } as never); // the claims of a demonstration
    const authorization = `Bearer ${token}${status === 401 ? 'x' : ''}`;
    const response = await send('initiator', packageNamed('OUTCOME'), { ...ZIP, authorization });

    expect(response.status).toBe(status);
  });
});
