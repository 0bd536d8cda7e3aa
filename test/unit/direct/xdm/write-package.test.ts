/** What we write is what XDM and 360X ask for, and the same bytes everywhere (direct-xdm 7, 7.1, 8; 360x 5; compliance P30). */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { XmlDocument } from 'libxml2-wasm';
import type { Submission } from '../../../../src/direct/xdm/submission.ts';
import { writeXdm } from '../../../../src/direct/xdm/write-package.ts';
import { STATEMENT_1 } from '../../../../src/policies/part2/statements.ts';
import * as fc from '../../../chance.ts';
import { openEbrim, readByXdCommon } from '../../../direct-judges.ts';
import { judged } from '../../../judges.ts';
import { unpack } from './archives.ts';
import { judge360x } from './rules-360x.ts';
import { ABOUT, anySubmission, NOTE, ORDER, REQUEST } from './submissions.ts';

const METADATA = 'IHE_XDM/SUBSET01/METADATA.XML';
const JAVA_MS = 60_000;

const fixture = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, '../../../fixtures/direct', name));

const OID_OF_RR = { value: 'T-9', assigner: '2.999.20.1.5' };
/** An answer: the message alone, with the number that the recipient of the answer has of the patient. */
const ANSWER: Submission = {
  ...REQUEST,
  uniqueId: '2.25.200',
  patientId: { value: 'MQ-40417', assigner: '2.999.10.1.5' },
  documents: [
    {
      ...ORDER,
      classCode: { code: 'OSU', system: '2.16.840.1.113883.18.30' },
      typeCode: { code: 'OSU_O51', system: '2.16.840.1.113883.18.214' },
      formatCode: { code: 'urn:ihe:pcc:360x:hl7:OSU:O51:2017', system: '1.3.6.1.4.1.19376.1.2.3' },
    },
  ],
};
const OUTCOME: Submission = { ...ANSWER, uniqueId: '2.25.300', documents: [...ANSWER.documents, NOTE] };
const KNOWN: Submission = { ...REQUEST, patientId: OID_OF_RR };

const { title: _title, ...UNTITLED } = REQUEST;

const SAMPLES = [
  ['request', REQUEST],
  ['request for a known patient', KNOWN],
  ['answer', ANSWER],
  ['outcome', OUTCOME],
  ['request without a title', UNTITLED],
] as const;

const metadataOf = async (submission: Submission): Promise<Buffer> =>
  (await unpack(await writeXdm(submission, ABOUT))).get(METADATA) ?? Buffer.alloc(0);

const textOf = async (name: string, notice?: readonly string[]): Promise<string> => {
  const about = notice === undefined ? ABOUT : { ...ABOUT, notice };
  return (await unpack(await writeXdm(REQUEST, about))).get(name)?.toString() ?? '';
};

describe('the archive (direct-xdm 7)', () => {
  test('has the names of ISO 9660 level 1, and nothing else', async () => {
    const pdf = { ...NOTE, kind: 'other' as const, mimeType: 'application/pdf' };
    const odd = { ...NOTE, kind: 'other' as const, mimeType: 'application/x-unheard-of' };
    const files = await unpack(await writeXdm({ ...REQUEST, documents: [ORDER, NOTE, pdf, odd] }, ABOUT));

    expect([...files.keys()]).toEqual([
      'INDEX.HTM',
      'README.TXT',
      METADATA,
      'IHE_XDM/SUBSET01/DOC00001.TXT',
      'IHE_XDM/SUBSET01/DOC00002.XML',
      'IHE_XDM/SUBSET01/DOC00003.PDF',
      'IHE_XDM/SUBSET01/DOC00004.BIN',
    ]);
    for (const name of files.keys())
      for (const part of name.split('/')) expect(part).toMatch(/^[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?$/);
  });

  judged('python3', 'is read by another program, byte for byte', async () => {
    const program =
      'import io, sys, zipfile; z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())); z.testzip(); sys.stdout.buffer.write(z.read(sys.argv[1]))';
    const input = await writeXdm(REQUEST, ABOUT);
    const read = (name: string): Buffer =>
      execFileSync('python3', ['-c', program, `IHE_XDM/SUBSET01/${name}`], { input });

    expect(read('DOC00001.TXT').equals(ORDER.bytes)).toBe(true);
    expect(read('DOC00002.XML').equals(NOTE.bytes)).toBe(true);
  });
});

describe('the same submission is the same bytes (direct-xdm 6, 7)', () => {
  const zone = process.env['TZ'];
  afterEach(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  test('in any time zone, also in an hour that it does not have', async () => {
    const submission = { ...REQUEST, submissionTime: Date.UTC(2025, 2, 9, 2, 30) };
    const all = [];
    for (const name of ['UTC', 'America/New_York', 'Pacific/Kiritimati', 'Asia/Kathmandu']) {
      process.env['TZ'] = name;
      all.push(Buffer.from(await writeXdm(submission, ABOUT)).toString('base64'));
    }

    expect(new Set(all).size).toBe(1);
  });

  test('because nothing is compressed', async () => {
    const bytes = Buffer.from(await writeXdm(REQUEST, ABOUT));

    expect(bytes.includes(Buffer.from(NOTE.bytes))).toBe(true);
  });

  test('and what differs is other bytes', async () => {
    const bytes = Buffer.from(await writeXdm(REQUEST, ABOUT));

    expect(bytes.equals(await writeXdm({ ...REQUEST, uniqueId: '2.25.1001' }, ABOUT))).toBe(false);
  });

  test.each([
    [Date.UTC(2025, 2, 14, 14, 5, 15), '2025-03-14 14:05:14'],
    [0, '1980-01-02 00:00:00'],
    [Date.UTC(2200, 0), '2107-12-30 00:00:00'],
  ])('%d has a time of MS-DOS', async (submissionTime, expected) => {
    const bytes = Buffer.from(await writeXdm({ ...REQUEST, submissionTime }, ABOUT));
    const [time, date] = [bytes.readUInt16LE(10), bytes.readUInt16LE(12)];
    const two = (number: number): string => String(number).padStart(2, '0');

    expect(
      `${1980 + (date >> 9)}-${two((date >> 5) & 15)}-${two(date & 31)} ${two(time >> 11)}:${two((time >> 5) & 63)}:${two((time & 31) * 2)}`,
    ).toBe(expected);
  });

  test('also after an upgrade of what writes them', async () => {
    expect(
      createHash('sha256')
        .update(await writeXdm(REQUEST, ABOUT))
        .digest('hex'),
    ).toBe('3830e64afded698acb39f64b070e777ab232181ff102f0a87cfbab213f226c76');
  });
});

describe('METADATA.XML', () => {
  test.each(SAMPLES)('of a %s keeps the rules of 360X (360x 5.1, 5.2, 5.3)', async (_name, submission) => {
    const { asked, broken } = judge360x(await metadataOf(submission));

    expect(broken).toEqual([]);
    expect(asked).toBeGreaterThan(35);
  });

  test.each(['REQUEST.ZIP', 'ACCEPT.ZIP', 'OUTCOME.ZIP'])('of the sample %s does, too', async (name) => {
    const files = await unpack(fixture(name));

    expect(judge360x(files.get(METADATA) ?? Buffer.alloc(0)).broken).toEqual([]);
  });

  test.each([
    ['another content type', /(aa543740[^>]*nodeRepresentation=")57133-1/, '$134133-9'],
    ['a referral that differs', /R-2025-00731/, 'R-2025-00732'],
    ['a patient that differs', /MQ-40417\^/, 'MQ-40418^'],
    ['no address of the author', /authorTelecommunication/, 'authorPhone'],
    ['an association that leads nowhere', /targetObject="urn:uuid:./, 'targetObject="urn:uuid:x'],
    ['a confidentiality that reveals its cause', /nodeRepresentation="N"/, 'nodeRepresentation="ETH"'],
    ['a hash in capitals', /<rim:Value>[0-9a-f]{40}/, '<rim:Value>ABCDEF'],
  ])('the rules see %s', async (_name, what, by) => {
    const metadata = (await metadataOf(REQUEST)).toString();
    const changed = metadata.replace(what, by);

    expect(changed).not.toBe(metadata);
    expect(judge360x(Buffer.from(changed)).broken).not.toEqual([]);
  });

  judged(
    'ebrim',
    'is valid against the schema of ebRIM, whatever a submission says (direct-xdm 13)',
    async () => {
      const judge = openEbrim();
      for (const [, submission] of SAMPLES) expect(judge(await metadataOf(submission))).toEqual([]);
      await fc.assert(
        fc.asyncProperty(anySubmission, async (submission) => {
          expect(judge(await metadataOf(submission))).toEqual([]);
        }),
        { numRuns: 50 },
      );
    },
  );

  judged('ebrim', 'is valid with names that are too long for it, which are cut', async () => {
    const long = 'W\u00fc|^&'.repeat(200);
    const party = {
      institution: { name: long, id: { value: 'x', assigner: '2.999.1' } },
      person: { family: long, given: long, id: { value: '1', assigner: '2.999.2' } },
      telecom: 'intake@direct.tarn.example.org',
    } as const;
    const submission: Submission = {
      ...REQUEST,
      title: long,
      author: party,
      intendedRecipient: party,
      sourcePatientInfo: [['PID-5', long]],
      documents: [{ ...ORDER, title: long, author: party }],
    };
    const metadata = await metadataOf(submission);

    expect(openEbrim()(metadata)).toEqual([]);
    expect(metadata.toString()).toContain('intake@direct.tarn.example.org');
  });
});

describe('the pages for people (direct-xdm 7; ITI-32)', () => {
  test('INDEX.HTM is well-formed XHTML that names who sends it, and links README.TXT and every document', async () => {
    const page = await textOf('INDEX.HTM');
    const document = XmlDocument.fromString(page.replace(/<!DOCTYPE[^>]*>/, ''));
    const links = document.find('//h:a/@href', { h: 'http://www.w3.org/1999/xhtml' });

    expect(links.map(({ content }) => content)).toEqual([
      'README.TXT',
      'IHE_XDM/SUBSET01/DOC00001.TXT',
      'IHE_XDM/SUBSET01/DOC00002.XML',
    ]);
    expect(page).toContain('-//W3C//DTD XHTML Basic 1.1//EN');
    expect(page).toContain(ABOUT.institution);
    document.dispose();
  });

  test('INDEX.HTM is ASCII, and nothing in it is anything but text', async () => {
    const institution = 'M\u00fcller & <script>alert(1)</script> \ud83d\ude00';
    const files = await unpack(await writeXdm(REQUEST, { ...ABOUT, institution }));
    const page = files.get('INDEX.HTM')?.toString('latin1');

    expect(page).toContain('M&#252;ller &amp; &lt;script&gt;alert(1)&lt;/script&gt; &#128512;');
    expect(page).toMatch(/^[\n\x20-\x7e]*$/);
  });

  test('README.TXT says who sends it, how to reach them, and what made it', async () => {
    const text = await textOf('README.TXT');

    for (const part of [
      ABOUT.institution,
      ABOUT.application,
      'nokafor@direct.alder.example.org',
      'DOC00002.XML',
    ])
      expect(text).toContain(part);
    expect(text.split('\r\n').join('')).not.toMatch(/[\r\n]/);
  });

  test.each(['INDEX.HTM', 'README.TXT'])('%s names no patient', async (name) => {
    expect(await textOf(name)).not.toMatch(/Quintero|Marisol|40417|00731|1971/);
  });

  test('the notice of 42 CFR 2.32 is the first paragraph of both, where it is owed (compliance P30)', async () => {
    const notice = [STATEMENT_1, 'Consent of 2025-03-01: Alder may disclose what the referral needs.'];
    const page = await textOf('INDEX.HTM', notice);

    expect(/<body><p>([^<]*)<\/p>/.exec(page)?.[1]).toBe(STATEMENT_1);
    expect(await textOf('README.TXT', notice)).toMatch(new RegExp(`^${STATEMENT_1.slice(0, 40)}`));
    expect(await textOf('INDEX.HTM')).not.toContain('42 CFR');
  });
});

describe('what is no package of 360X is not written', () => {
  test.each<readonly [string, Partial<Submission>]>([
    ['no document', { documents: [] }],
    ['no message', { documents: [NOTE] }],
    ['a message that is not the first', { documents: [NOTE, ORDER] }],
    ['two messages', { documents: [ORDER, ORDER] }],
    ['too many documents', { documents: [ORDER, ...Array.from({ length: 100 }, () => NOTE)] }],
    ['a number that is no OID', { uniqueId: 'urn:uuid:1' }],
    ['a number that is too long', { uniqueId: `2.25.${'1'.repeat(64)}` }],
    ['a source that is no OID', { sourceId: 'alder' }],
    ['a referral of nobody', { referralId: { value: 'R-1', assigner: '' } }],
  ])('%s', async (_name, change) => {
    await expect(writeXdm({ ...REQUEST, ...change }, ABOUT)).rejects.toThrow(TypeError);
  });
});

describe('org.nhind:xd-common (direct-xdm 13)', () => {
  judged(
    'xd_common',
    'reads what we write as we meant it',
    async () => {
      const readings = readByXdCommon(
        await Promise.all(
          SAMPLES.map(async ([, submission]) => Buffer.from(await writeXdm(submission, ABOUT))),
        ),
      );

      expect(readings).toHaveLength(SAMPLES.length);
      for (const [index, [, submission]] of SAMPLES.entries()) {
        const { set, documents } = readings[index] ?? { set: {}, documents: [] };
        expect(set).toMatchObject({
          uniqueId: submission.uniqueId,
          sourceId: submission.sourceId,
          contentTypeCode: '57133-1',
        });
        expect(set['intendedRecipient']).toContain(submission.intendedRecipient.telecom);
        expect(documents.map(({ uniqueId, mimeType, uri }) => [uniqueId, mimeType, uri])).toEqual(
          submission.documents.map(({ uniqueId, mimeType }, at) => [
            uniqueId,
            mimeType,
            at === 0 ? 'DOC00001.TXT' : 'DOC00002.XML',
          ]),
        );
        for (const { hash, dataHash } of documents) expect(hash).toBe(dataHash);
      }
    },
    JAVA_MS,
  );
});
