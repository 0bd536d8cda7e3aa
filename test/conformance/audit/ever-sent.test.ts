/** "Did we ever send this to them?" is one query of the audit, by the record and by the bytes; zero is an answer. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Ref, Resource } from '../../../src/fhir/types.ts';
import { PARTY_KIND_SYSTEM } from '../../../src/resources/parties/kinds.ts';
import * as make from '../../resources.ts';
import { openServer, type TestServer } from '../../server.ts';
import { refOf } from '../../world.ts';
import { zipOf } from '../../unit/direct/xdm/archives.ts';

const DISCLOSE = 'subtype=http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle|disclose';
const FILE = Buffer.from('%PDF-1.7 what nobody else may have');
const SHA256 = createHash('sha256').update(FILE).digest('hex');

let server: TestServer;
let patient: Ref;
let document: Ref;
let unsent: Ref;

beforeAll(async () => {
  server = await openServer();
  patient = refOf(await server.create('initiator', make.patient()));
  document = refOf(await server.create('initiator', documentOf(FILE, 'report.pdf')));
  unsent = refOf(await server.create('initiator', documentOf(Buffer.from('stays here'), 'stays.txt')));
});
afterAll(() => server.close());

const documentOf = (bytes: Buffer, title: string): Resource => ({
  resourceType: 'DocumentReference',
  status: 'current',
  type: { text: 'report' },
  subject: { reference: patient },
  content: [
    { attachment: { contentType: 'application/octet-stream', title, data: bytes.toString('base64') } },
  ],
});

let placers = 0;
const refer = async (supportingInfo: readonly Ref[]): Promise<Ref> => {
  const order = make.serviceRequest(
    {
      subject: patient,
      requester: 'PractitionerRole/initiator',
      performer: 'Organization/recipient',
      placer: `E-${(placers += 1)}`,
    },
    supportingInfo.length === 0 ? {} : { supportingInfo: supportingInfo.map((reference) => ({ reference })) },
  );
  const { link, text } = await server.ask('initiator', 'POST', 'ServiceRequest', order);
  if (link === undefined) throw new Error(text);
  return link;
};

const count = async (who: string, query: string): Promise<unknown> => {
  const { status, json, text } = await server.ask(who, 'GET', `AuditEvent?${query}&_summary=count`);
  expect([status, text]).toEqual([200, text]);
  return json['total'];
};
const sentTo = (whom: string, what: Ref) => `agent=Organization/${whom}&entity=${what}&${DISCLOSE}`;

describe('(baa-messaging MS51) (baa-messaging MS53) did we ever send it to them', () => {
  test('is no before, and yes after they have read it; whoever asks sees its own half', async () => {
    expect(await count('initiator', sentTo('recipient', document))).toBe(0);
    await refer([document]);
    expect(await count('initiator', sentTo('recipient', document))).toBe(0);
    expect((await server.ask('recipient', 'GET', document)).status).toBe(200);
    await server.ask('initiator', 'GET', document);
    expect(await count('initiator', sentTo('recipient', document))).toBe(1);
    expect(await count('recipient', sentTo('recipient', document))).toBe(1);
    expect(await count('stranger', sentTo('recipient', document))).toBe(0);
    expect(await count('initiator', sentTo('recipient', unsent))).toBe(0);
    expect(await count('initiator', sentTo('initiator', document))).toBe(0);
  });

  test('what was delivered is found by the organization that was told, refused reads are not', async () => {
    const task = await refer([]);
    await server.sentTo('recipient', task, 1);
    const delivered = () =>
      count(
        'initiator',
        `${sentTo('recipient', task)}&type=http://dicom.nema.org/resources/ontology/DCM|110106`,
      );
    for (const end = Date.now() + 5000; (await delivered()) === 0 && Date.now() < end;);
    expect(await delivered()).toBe(1);
    expect((await server.ask('stranger', 'GET', task)).status).toBe(404);
    expect(await count('initiator', sentTo('stranger', task))).toBe(0);
  });
});

describe('(baa-messaging MS51) the same bytes are found', () => {
  const CASES: readonly (readonly [how: string, make: () => Resource])[] = [
    ['under another name', () => documentOf(FILE, 'holiday.jpg')],
    [
      'written otherwise as base64',
      () => ({
        ...documentOf(FILE, 'x'),
        content: [
          {
            attachment: { contentType: 'text/plain', data: FILE.toString('base64').replace(/(.{4})/, '$1 ') },
          },
        ],
      }),
    ],
    ['inside of an archive', () => documentOf(zipOf([{ name: 'a.pdf', bytes: FILE }]), 'archive.zip')],
    [
      'inside of an archive in an archive',
      () =>
        documentOf(
          zipOf([{ name: 'b.zip', bytes: zipOf([{ name: 'a.pdf', bytes: FILE }]) }]),
          'archives.zip',
        ),
    ],
  ];

  test.each(CASES)('%s, by a read and by a search', async (_, built) => {
    const copy = refOf(await server.create('initiator', built()));
    const query = `agent=Organization/recipient&content-hash=${SHA256}&entity=${copy}&${DISCLOSE}`;
    expect(await count('initiator', query)).toBe(0);
    await refer([copy]);
    await server.read('recipient', copy);
    expect(await server.search('recipient', `DocumentReference?_id=${copy.split('/')[1]}`)).toHaveLength(1);
    expect(await count('initiator', query)).toBe(2);
    expect(await count('recipient', query)).toBe(2);
  });

  test('in a Binary of a document', async () => {
    const binary = refOf(
      await server.create('initiator', {
        resourceType: 'Binary',
        contentType: 'application/pdf',
        data: FILE.toString('base64'),
      }),
    );
    const shown = { ...documentOf(FILE, 'x'), content: [{ attachment: { url: binary } }] };
    await refer([refOf(await server.create('initiator', shown))]);
    await server.ask('recipient', 'GET', binary);
    const held = `content-hash=${SHA256}&entity=${binary}`;
    expect(await count('initiator', `${held}&${DISCLOSE}`)).toBe(1);
    // That it was ever here says the row of its upload, with its hash, to its keeper alone.
    expect(await count('initiator', `${held}&action=C`)).toBe(1);
    expect(await count('recipient', held)).toBe(1);
  });

  test('by a hash in upper case; what can be no hash is refused, for zero is an answer', async () => {
    const copy = refOf(await server.create('initiator', documentOf(FILE, 'upper')));
    await refer([copy]);
    await server.read('recipient', copy);
    expect(await count('initiator', `content-hash=${SHA256.toUpperCase()}&entity=${copy}&${DISCLOSE}`)).toBe(
      1,
    );
    const base64 = encodeURIComponent(Buffer.from(SHA256, 'hex').toString('base64'));
    for (const no of [SHA256.slice(1), `|${SHA256}`, `sha256:${SHA256}`, base64, `${SHA256},abc`]) {
      const reply = await server.ask('initiator', 'GET', `AuditEvent?content-hash=${no}&_summary=count`);
      expect([no, reply.status]).toEqual([no, 400]);
    }
  });

  test('and not where only a part without the file was shown', async () => {
    const report = {
      resourceType: 'DiagnosticReport',
      status: 'final',
      code: { text: 'report' },
      subject: { reference: patient },
      presentedForm: [{ contentType: 'application/pdf', data: FILE.toString('base64') }],
    };
    const copy = refOf(await server.create('initiator', report));
    await refer([copy]);
    await server.ask('recipient', 'GET', `${copy}?_elements=status`);
    expect(await count('initiator', `content-hash=${SHA256}&entity=${copy}&${DISCLOSE}`)).toBe(0);
    await server.ask('recipient', 'GET', copy);
    expect(await count('initiator', `content-hash=${SHA256}&entity=${copy}&${DISCLOSE}`)).toBe(1);
    expect(await count('initiator', sentTo('recipient', copy))).toBe(2);
  });
});

describe('(baa-messaging MS52) what the gate of agreements refused', () => {
  test('is three events of three attempts, and was never sent', async () => {
    const { type: _type, ...stranger } = await server.read('administrator', 'Organization/stranger');
    const type = [{ coding: [{ system: PARTY_KIND_SYSTEM, code: 'business-associate' }] }];
    const written = await server.ask('administrator', 'PUT', 'Organization/stranger', { ...stranger, type });
    expect(written.status).toBe(200);
    const bytes = Buffer.from('for nobody without an agreement');
    const attachment = { contentType: 'text/plain', data: bytes.toString('base64') };
    const message = {
      resourceType: 'Communication',
      status: 'completed',
      subject: { reference: patient },
      sender: { reference: 'Organization/initiator' },
      recipient: [{ reference: 'Organization/stranger' }],
      payload: [{ contentAttachment: attachment }, { contentReference: { reference: unsent } }],
    };
    const codes: (string | undefined)[] = [];
    for (let tries = 0; tries < 3; tries += 1)
      codes.push((await server.ask('initiator', 'POST', 'Communication', message)).code);
    expect(codes).toEqual(codes.map(() => 'agreement-not-active'));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    for (const what of [`entity=${unsent}`, `content-hash=${sha256}`]) {
      expect(await count('initiator', `agent=Organization/stranger&${what}&outcome=4`)).toBe(3);
      expect(await count('initiator', `agent=Organization/stranger&${what}&${DISCLOSE}`)).toBe(0);
      expect(await count('stranger', `agent=Organization/stranger&${what}`)).toBe(0);
    }
  });
});
