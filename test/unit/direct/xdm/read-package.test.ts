/** Packages as others make them: what is taken all the same, what a person has to look at, and what is refused (direct-xdm 7; 360x 5, 8). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { ZipFile } from 'yazl';
import { PACKAGE_FAULTS, type PackageFaultCode } from '../../../../src/direct/xdm/faults.ts';
import { PACKAGE_LIMITS, readXdm, type PackageReading } from '../../../../src/direct/xdm/read-package.ts';
import type { ReceivedSubmission } from '../../../../src/direct/xdm/submission.ts';
import { readDtm, readReferralCx } from '../../../../src/direct/xdm/values.ts';
import { sha1Of } from '../../../../src/direct/xdm/write-metadata.ts';
import { writeXdm } from '../../../../src/direct/xdm/write-package.ts';
import { unpack, zipOf, type Part } from './archives.ts';
import { ABOUT, NOTE, ORDER, REQUEST } from './submissions.ts';

const fixture = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, '../../../fixtures/direct', name));

const FOLDER = 'IHE_XDM/SUBSET01/';
const METADATA = `${FOLDER}METADATA.XML`;
const FILES = await unpack(await writeXdm(REQUEST, ABOUT));
const XML = FILES.get(METADATA)?.toString() ?? '';
const ORDER_FILE = FILES.get(`${FOLDER}DOC00001.TXT`) ?? Buffer.alloc(0);
const NOTE_FILE = FILES.get(`${FOLDER}DOC00002.XML`) ?? Buffer.alloc(0);

/** The package with other names for its files; a file without a name is left out. */
const named = (rename: (name: string) => string | undefined): Buffer =>
  zipOf(
    [...FILES].flatMap(([name, bytes]): readonly Part[] => {
      const other = rename(name);
      return other === undefined ? [] : [{ name: other, bytes }];
    }),
  );

/** The package with other metadata. */
const saying = (change: (xml: string) => string, xml = XML): Buffer => {
  const changed = change(xml);
  if (changed === xml) throw new TypeError('nothing was changed');
  return zipOf([
    { name: METADATA, bytes: Buffer.from(changed) },
    { name: `${FOLDER}DOC00001.TXT`, bytes: ORDER_FILE },
    { name: `${FOLDER}DOC00002.XML`, bytes: NOTE_FILE },
  ]);
};

const swap =
  (what: string | RegExp, by: string) =>
  (xml: string): string =>
    xml.replaceAll(typeof what === 'string' ? what : new RegExp(what.source, 'g'), by);

const first =
  (what: string | RegExp, by: string) =>
  (xml: string): string =>
    xml.replace(what, by);

const submissionOf = (reading: PackageReading): ReceivedSubmission | undefined => reading.submission;

const ORIGINAL = submissionOf(await readXdm(await writeXdm(REQUEST, ABOUT)));

describe('the samples', () => {
  test.each([
    [
      'REQUEST.ZIP',
      '2.25.270937532626722643499681716876004955342',
      ['message', 'clinical-document'],
      undefined,
    ],
    ['ACCEPT.ZIP', '2.25.249058564522081742287430088924435347798', ['message'], 'MQ-40417'],
    ['OUTCOME.ZIP', undefined, ['message', 'clinical-document'], 'MQ-40417'],
  ])('%s is read without a remark', async (name, uniqueId, kinds, patient) => {
    const reading = await readXdm(fixture(name));
    const submission = submissionOf(reading);

    expect(reading).toMatchObject({ kind: 'package', remarks: [] });
    expect(submission?.uniqueId).toBe(uniqueId ?? submission?.uniqueId);
    expect(submission?.documents.map(({ kind }) => kind)).toEqual(kinds);
    expect(submission?.patientId?.value).toBe(patient);
    expect(submission?.referralId).toEqual({ value: 'R-2025-00731', assigner: '2.999.10.1.15' });
    for (const document of submission?.documents ?? []) expect(document.hash).toBe(sha1Of(document.bytes));
  });
});

describe('other names and places (direct-xdm 7)', () => {
  test.each<readonly [string, () => Uint8Array]>([
    ['lower case', () => named((name) => name.toLowerCase())],
    ['METADATA.xml', () => named((name) => name.replace('METADATA.XML', 'METADATA.xml'))],
    ['backslashes', () => named((name) => name.replaceAll('/', '\\'))],
    ['a folder on top', () => named((name) => `package 7/${name}`)],
    [
      'a folder on top, and litter of a desktop',
      () =>
        zipOf([
          ...[...FILES].map(([name, bytes]) => ({ name: `package/${name}`, bytes })),
          { name: `__MACOSX/package/IHE_XDM/SUBSET01/METADATA.XML`, bytes: Buffer.from('litter') },
          { name: `package/IHE_XDM/SUBSET01/._METADATA.XML`, bytes: Buffer.from('litter') },
        ]),
    ],
    ['another name of the set', () => named((name) => name.replace('SUBSET01', 'Referral 1'))],
    ['no IHE_XDM', () => named((name) => name.replace('IHE_XDM/', ''))],
    ['no folder at all', () => named((name) => name.slice(name.lastIndexOf('/') + 1))],
    ['no INDEX.HTM and no README.TXT', () => named((name) => (name.includes('/') ? name : undefined))],
    [
      'names joined without the slash, as org.nhind:xd-common writes them',
      () => named((name) => name.replace('SUBSET01/', 'SUBSET01').replace('METADATA.XML', 'METADATA.xml')),
    ],
    ['a leading dot', () => named((name) => `./${name}`)],
    [
      'a program at the root',
      () =>
        zipOf([
          ...[...FILES].map(([name, bytes]) => ({ name, bytes })),
          { name: 'AUTORUN.INF', bytes: ORDER_FILE },
        ]),
    ],
  ])('%s', async (_name, bytes) => {
    const reading = await readXdm(bytes());

    expect(reading.kind).toBe('package');
    expect(submissionOf(reading)).toEqual(ORIGINAL);
  });

  test('a file in a subfolder, with another extension', async () => {
    const bytes = zipOf([
      { name: METADATA, bytes: Buffer.from(XML.replace('DOC00001.TXT', 'parts/order.hl7')) },
      { name: `${FOLDER}PARTS/ORDER.HL7`, bytes: ORDER_FILE },
      { name: `${FOLDER}DOC00002.XML`, bytes: NOTE_FILE },
    ]);

    expect(submissionOf(await readXdm(bytes))).toEqual(ORIGINAL);
  });
});

/** The package with a note in another place, and another URI of it. */
const placed = (name: string, uri: string): Buffer =>
  zipOf([
    { name: METADATA, bytes: Buffer.from(XML.replace('<rim:Value>DOC00002.XML</rim:Value>', uri)) },
    { name: `${FOLDER}DOC00001.TXT`, bytes: ORDER_FILE },
    { name, bytes: NOTE_FILE },
  ]);

const uri = (...values: readonly string[]): string =>
  values.map((value) => `<rim:Value>${value}</rim:Value>`).join('');

describe('URIs (direct-xdm 7, 7.1)', () => {
  test.each([
    ['in lower case', 'DOC00002.XML', uri('doc00002.xml')],
    ['with percents', 'REFERRAL NOTE.XML', uri('Referral%20Note.xml')],
    ['with percents that are part of the name', '100%25.XML', uri('100%25.XML')],
    ['with a percent that is none', '100%.XML', uri('100%.XML')],
    ['from IHE_XDM', 'DOC00002.XML', uri('SUBSET01/DOC00002.XML')],
    ['with a way up', '../NOTES/N.XML', uri('../NOTES/N.XML')],
    ['with an encoded way up', '../NOTES/N.XML', uri('%2e%2e/NOTES/N.XML')],
    ['with backslashes', 'PARTS/N.XML', uri('PARTS\\N.XML')],
    ['with a dot', 'DOC00002.XML', uri('./DOC00002.XML')],
    ['in parts', 'DOC00002.XML', uri('1|DOC0', '2|0002.XML')],
    ['in parts that are out of order', 'DOC00002.XML', uri('2|0002.XML', '1|DOC0')],
    ['with blanks around', 'DOC00002.XML', uri(' DOC00002.XML\n')],
  ])('%s', async (_name, file, value) => {
    const name = `${FOLDER}${file}`.replace('SUBSET01/../', '');

    expect(submissionOf(await readXdm(placed(name, value)))).toEqual(ORIGINAL);
  });

  test.each([
    ['out of the archive', '../../../etc/passwd'],
    ['out of the archive, encoded', '%2e%2e/%2e%2e/%2e%2e/etc/passwd'],
    ['an absolute path', '/IHE_XDM/SUBSET01/DOC00002.XML'],
    ['a URL', 'https://example.org/DOC00002.XML'],
    ['a file', 'file:///etc/passwd'],
    ['another file', 'DOC00003.XML'],
    ['nothing', ''],
  ])('%s is no file of it', async (_name, value) => {
    expect(await readXdm(placed(`${FOLDER}DOC00002.XML`, uri(value)))).toMatchObject({
      kind: 'fault',
      fault: { code: 'file-missing' },
    });
  });
});

const RIM_NS = 'urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0';
const asDefault = (xml: string): string =>
  xml
    .replace(` xmlns:rim="${RIM_NS}"`, '')
    .replaceAll(/<(\/?)lcm:/g, '<$1')
    .replace('xmlns:lcm=', 'xmlns=')
    .replaceAll(/<(\/?)rim:/g, '<$1')
    .replace('<RegistryObjectList', `<RegistryObjectList xmlns="${RIM_NS}"`);

const REQUEST_TO = { intendedRecipient: REQUEST.intendedRecipient };

const ENTRY_1 = /(<rim:ExtrinsicObject id=")([^"]*)/.exec(XML)?.[2] ?? '';
const REFERENCE = 'R-2025-00731^^^&amp;2.999.10.1.15&amp;ISO^urn:ihe:iti:xds:2013:referral';

describe('other metadata that say the same (direct-xdm 7.1; seen in the wild)', () => {
  test.each<readonly [string, (xml: string) => string]>([
    ['default namespaces', asDefault],
    [
      'other prefixes',
      (xml) => xml.replaceAll(/(<\/?|xmlns:)rim:?/g, '$1ns2:').replaceAll('xmlns:ns2:', 'xmlns:ns2'),
    ],
    [
      'comments and instructions',
      first('<rim:RegistryObjectList>', '<!-- made by --><?style x?><rim:RegistryObjectList>'),
    ],
    ['line breaks', swap('><', '>\n  <')],
    ['no declaration', (xml) => xml.slice(xml.indexOf('<lcm'))],
    ['a mark of the byte order', (xml) => `\ufeff${xml}`],
    ['hashes in capitals', (xml) => xml.replaceAll(/[0-9a-f]{40}/g, (hash) => hash.toUpperCase())],
    [
      'schemes in capitals',
      (xml) =>
        xml.replaceAll(/(Scheme=")([^"]*)/g, (_all, name: string, id: string) => name + id.toUpperCase()),
    ],
    ['status Submitted', swap('StatusType:Approved', 'StatusType:Submitted')],
    [
      'an ObjectRef in front',
      first(
        '<rim:RegistryObjectList>',
        '<rim:RegistryObjectList><rim:ObjectRef id="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>',
      ),
    ],
    ['no association', (xml) => xml.replaceAll(/<rim:Association .*?<\/rim:Association>/g, '')],
    [
      'no node that makes it a set',
      (xml) => xml.replaceAll(/<rim:Classification [^>]*classificationNode="[^"]*"\/>/g, ''),
    ],
    [
      'the node in the set',
      (xml) =>
        xml
          .replace(/(<rim:Classification [^>]*classificationNode="[^"]*"\/>)/, '')
          .replace(
            '</rim:RegistryPackage>',
            '<rim:Classification id="x" classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/></rim:RegistryPackage>',
          ),
    ],
    [
      'limited metadata',
      first(
        '</rim:RegistryPackage>',
        '<rim:Classification id="l" classificationNode="urn:uuid:5003a9db-8d8d-49e6-bf0c-990e34ac7707"/></rim:RegistryPackage>',
      ),
    ],
    [
      'a request of XDR around it',
      (xml) =>
        xml
          .replace('<lcm:', '<x:ProvideAndRegisterDocumentSetRequest xmlns:x="urn:ihe:iti:xds-b:2007"><lcm:')
          .replace(/\s*$/, '</x:ProvideAndRegisterDocumentSetRequest>'),
    ],
    [
      'a folder beside the set',
      first(
        '<rim:RegistryPackage ',
        '<rim:RegistryPackage id="f"><rim:Classification id="g" classificationNode="urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"/></rim:RegistryPackage><rim:RegistryPackage ',
      ),
    ],
    ['types of media in capitals', first('mimeType="text/xml"', 'mimeType="Text/XML; charset=utf-8"')],
    [
      'misplaced delimiters of the referral (360x A10)',
      swap(REFERENCE, 'R-2025-00731^^&amp;2.999.10.1.15&amp;ISO^^urn:ihe:iti:xds:2013:referral'),
    ],
    [
      'other references beside the referral',
      swap(
        REFERENCE,
        `A1^^^&amp;2.999.1&amp;ISO^urn:ihe:iti:xds:2013:accession</rim:Value><rim:Value>${REFERENCE}`,
      ),
    ],
    ['a referral of no type', swap(REFERENCE, 'R-2025-00731^^^&amp;2.999.10.1.15&amp;ISO')],
  ])('%s', async (_name, change) => {
    const reading = await readXdm(saying(change));

    expect(reading.kind).toBe('package');
    expect(submissionOf(reading)).toEqual(ORIGINAL);
  });

  test.each<readonly [string, (xml: string) => string, object]>([
    ['ids that are no UUIDs', swap(ENTRY_1, 'Document01'), { documents: [{ entryUuid: 'Document01' }, {}] }],
    [
      'a name of a coding system',
      first('>2.16.840.1.113883.18.30<', '>HL7<'),
      { documents: [{ classCode: { code: 'OMG', system: 'HL7' } }, {}] },
    ],
    [
      'a day as time',
      swap('20250314140512', '20250314'),
      { documents: [{ creationTime: Date.UTC(2025, 2, 14) }, {}] },
    ],
    [
      'another recipient behind',
      first(
        '</rim:Value></rim:ValueList></rim:Slot><rim:Slot name="urn:ihe:iti:xds:2013:referenceIdList"><rim:ValueList><rim:Value>R-2025-00731^^^&amp;2.999.10.1.15&amp;ISO^urn:ihe:iti:xds:2013:referral</rim:Value></rim:ValueList></rim:Slot><rim:Name><rim:LocalizedString value="Referral request"',
        '</rim:Value><rim:Value>Other^^^^^^^^^2.999.7||^^Internet^other@direct.tarn.example.org$&',
      ),
      { otherRecipients: [{ telecom: 'other@direct.tarn.example.org' }] },
    ],
    ['a recipient by its address alone', swap('||^^Internet^intake', '^^Internet^intake'), REQUEST_TO],
    [
      'an address without its parts',
      first('^^Internet^nokafor@', 'mailto:NOkafor@'),
      { author: { telecom: 'nokafor@direct.alder.example.org' } },
    ],
    [
      'only a referral of the documents',
      (xml) => {
        const at = xml.indexOf('<rim:RegistryPackage');
        return xml.slice(0, at) + xml.slice(at).replace(REFERENCE, '');
      },
      { referralId: REQUEST.referralId },
    ],
  ])('%s', async (_name, change, expected) => {
    expect(await readXdm(saying(change))).toMatchObject({ kind: 'package', submission: expected });
  });

  test('a document that says next to nothing', async () => {
    const bare = `<ExtrinsicObject id="Document01" mimeType="application/pdf"><Slot name="URI"><ValueList><Value>A.PDF</Value></ValueList></Slot><Slot name="size"><ValueList><Value>6</Value></ValueList></Slot><Slot name="hash"><ValueList><Value>${sha1Of(ORDER_FILE.subarray(0, 6)).toUpperCase()}</Value></ValueList></Slot></ExtrinsicObject>`;
    const set =
      '<RegistryPackage id="Set01"><ExternalIdentifier id="i" identificationScheme="urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8" value="1.2.3"/></RegistryPackage>';
    const xml = `<SubmitObjectsRequest xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"><RegistryObjectList xmlns="${RIM_NS}">${bare}${set}</RegistryObjectList></SubmitObjectsRequest>`;
    const reading = await readXdm(
      zipOf([
        { name: 'METADATA.XML', bytes: Buffer.from(xml) },
        { name: 'a.pdf', bytes: ORDER_FILE.subarray(0, 6) },
      ]),
    );

    expect(reading).toMatchObject({
      kind: 'package',
      submission: {
        uniqueId: '1.2.3',
        documents: [{ kind: 'other', confidentiality: [], uniqueId: expect.stringMatching(/^2\.25\.\d+$/) }],
      },
    });
    expect(reading.kind === 'package' && reading.remarks.length).toBeGreaterThan(3);
  });
});

const secondSet = (content: string): Buffer => {
  const other = XML.replaceAll(/urn:uuid:(?=[0-9a-f])/g, 'urn:uuid:9')
    .replaceAll(/(Scheme|Node|objectType)="urn:uuid:9/g, '$1="urn:uuid:')
    .replace('"2.25.100"', '"2.25.900"')
    .replace(/(aa543740[^>]*nodeRepresentation=")57133-1/, `$1${content}`);
  return zipOf([
    { name: 'IHE_XDM/SUBSET00/METADATA.XML', bytes: Buffer.from(other) },
    { name: 'IHE_XDM/SUBSET00/DOC00001.TXT', bytes: ORDER_FILE },
    { name: 'IHE_XDM/SUBSET00/DOC00002.XML', bytes: NOTE_FILE },
    ...[...FILES].map(([name, bytes]) => ({ name, bytes })),
  ]);
};

describe('several submission sets (direct-xdm 7)', () => {
  test('the only one that is about a referral is read', async () => {
    expect(submissionOf(await readXdm(secondSet('34133-9')))).toEqual(ORIGINAL);
  });

  test('a person looks at two', async () => {
    expect(await readXdm(secondSet('57133-1'))).toMatchObject({
      kind: 'fault',
      fault: { code: 'several-sets', weight: 'quarantine' },
      submission: { uniqueId: '2.25.900' },
    });
  });

  test('in one METADATA.XML the documents are told apart by their associations', async () => {
    const second = /<rim:RegistryPackage .*<\/rim:RegistryPackage>/s.exec(XML)?.[0] ?? '';
    const [, setId = ''] = / id="(urn:uuid:[^"]*)"/.exec(second) ?? [];
    const twoSets = (xml: string): string =>
      xml
        .replace(
          '</rim:RegistryPackage>',
          `</rim:RegistryPackage>${second.replaceAll(setId, 'Other').replace('57133-1', '34133-9').replace('2.25.100', '2.25.900')}<rim:Classification id="n" classifiedObject="Other" classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>`,
        )
        .replace(
          /(<rim:Association [^>]*sourceObject=")[^"]*("[^>]*?>(?:(?!<rim:Association).)*)$/s,
          '$1Other$2',
        );

    expect(await readXdm(saying(twoSets))).toMatchObject({
      kind: 'package',
      submission: { uniqueId: '2.25.100', documents: [{ kind: 'message' }] },
    });
  });
});

const without = (slot: string): ((xml: string) => string) =>
  first(new RegExp(`<rim:Slot name="${slot}">.*?</rim:Slot>`), '');

const NOTHING_OF_IT: readonly string[] = ['Quintero', 'MQ-40417', 'R-2025', 'DOC0', '2.25.', 'alder'];

describe('what is refused, and what a person looks at (direct-xdm 7, 8, 11; 360x 8)', () => {
  test.each<readonly [string, PackageFaultCode, () => Uint8Array]>([
    ['no metadata', 'no-metadata', () => named((name) => (name === METADATA ? undefined : name))],
    ['metadata that are no XML', 'metadata-unreadable', () => saying(() => 'MSH|')],
    ['metadata that are cut off', 'metadata-unreadable', () => saying((xml) => xml.slice(0, -20))],
    ['other XML', 'metadata-unreadable', () => saying(() => '<ClinicalDocument xmlns="urn:hl7-org:v3"/>')],
    ['metadata of another version', 'metadata-unreadable', () => saying(swap('rim:3.0', 'rim:2.1'))],
    [
      'a DOCTYPE',
      'metadata-unreadable',
      () => saying(first('<lcm', '<!DOCTYPE lcm SYSTEM "http://evil.example/x"><lcm')),
    ],
    [
      'an entity',
      'metadata-unreadable',
      () =>
        saying((xml) =>
          xml
            .replace('<lcm', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><lcm')
            .replace('Referral request', '&e;'),
        ),
    ],
    [
      'deep metadata',
      'metadata-unreadable',
      () =>
        saying(
          first(
            '<rim:RegistryObjectList>',
            `<rim:RegistryObjectList>${'<rim:Slot>'.repeat(100)}${'</rim:Slot>'.repeat(100)}`,
          ),
        ),
    ],
    [
      'many elements',
      'metadata-unreadable',
      () => saying(first('<rim:RegistryObjectList>', `<rim:RegistryObjectList>${'<a/>'.repeat(30_001)}`)),
    ],
    [
      'two objects of one id',
      'metadata-unreadable',
      () => saying((xml) => xml.replaceAll(/(<rim:ExtrinsicObject id=")[^"]*/g, '$1same')),
    ],
    [
      'many sets',
      'too-many-files',
      () =>
        saying((xml) =>
          xml
            .replaceAll(/<rim:Classification [^>]*classificationNode="[^"]*"\/>/g, '')
            .replace('<rim:RegistryPackage ', `${'<rim:RegistryPackage/>'.repeat(201)}<rim:RegistryPackage `),
        ),
    ],
    [
      'many entries',
      'too-many-files',
      () =>
        saying(
          first('<rim:ExtrinsicObject ', `${'<rim:ExtrinsicObject/>'.repeat(201)}<rim:ExtrinsicObject `),
        ),
    ],
    [
      'no set',
      'no-submission-set',
      () => saying((xml) => xml.replaceAll(/<rim:RegistryPackage .*<\/rim:RegistryPackage>/g, '')),
    ],
    [
      'a set without a number',
      'no-submission-set',
      () => saying(first(/<rim:ExternalIdentifier [^>]*96fdda7c.*?<\/rim:ExternalIdentifier>/, '')),
    ],
    [
      'a document that is not there',
      'file-missing',
      () => named((name) => (name.endsWith('TXT') && name.includes('DOC') ? undefined : name)),
    ],
    ['a document without a URI', 'file-missing', () => saying(without('URI'))],
    [
      'another size',
      'size-differs',
      () => saying(first(/(name="size"><rim:ValueList><rim:Value>)\d+/, '$19')),
    ],
    [
      'a size that is no number',
      'size-differs',
      () => saying(first(/(name="size"><rim:ValueList><rim:Value>)\d+/, '$1-1')),
    ],
    ['another hash', 'hash-differs', () => saying(first(/[0-9a-f]{40}/, '0'.repeat(40)))],
    ['a hash that is none', 'hash-differs', () => saying(first(/[0-9a-f]{40}/, 'x'))],
    [
      'another document under the name',
      'size-differs',
      () =>
        zipOf([
          { name: METADATA, bytes: Buffer.from(XML) },
          { name: `${FOLDER}DOC00001.TXT`, bytes: NOTE_FILE },
          { name: `${FOLDER}DOC00002.XML`, bytes: NOTE_FILE },
        ]),
    ],
    [
      'a changed document',
      'hash-differs',
      () =>
        zipOf([
          { name: METADATA, bytes: Buffer.from(XML) },
          { name: `${FOLDER}DOC00001.TXT`, bytes: Buffer.from(ORDER_FILE.toString().replace('PID', 'PIX')) },
          { name: `${FOLDER}DOC00002.XML`, bytes: NOTE_FILE },
        ]),
    ],
    ['no hash', 'hash-missing', () => saying(without('hash'))],
    ['an empty hash', 'hash-missing', () => saying(first(/[0-9a-f]{40}/, ''))],
    ['no size', 'size-missing', () => saying(without('size'))],
    [
      'another referral on a document',
      'referral-differs',
      () => saying(first('R-2025-00731', 'R-2025-00732')),
    ],
    [
      'another assigner of the referral',
      'referral-differs',
      () => saying(first('2.999.10.1.15', '2.999.10.1.16')),
    ],
    [
      'two referrals on the set',
      'referral-differs',
      () => saying(swap(REFERENCE, `${REFERENCE}</rim:Value><rim:Value>${REFERENCE.replace('731', '732')}`)),
    ],
    ['another patient on a document', 'patient-differs', () => saying(first('MQ-40417^^^', 'MQ-40418^^^'))],
  ])('%s: %s', async (_name, code, bytes) => {
    const reading = await readXdm(bytes());

    expect(reading).toMatchObject({ kind: 'fault', fault: { code } });
    const isShown = reading.kind === 'fault' && reading.submission !== undefined;
    expect(isShown).toBe(PACKAGE_FAULTS[code].weight === 'quarantine');
    const fault = JSON.stringify('fault' in reading ? reading.fault : undefined);
    expect(NOTHING_OF_IT.filter((part) => fault.includes(part))).toEqual([]);
  });

  test('another patient of the recipient on a document', async () => {
    const xml =
      (
        await unpack(
          await writeXdm({ ...REQUEST, patientId: { value: 'T-9', assigner: '2.999.20.1.5' } }, ABOUT),
        )
      )
        .get(METADATA)
        ?.toString() ?? '';

    expect(await readXdm(saying(first('"T-9^', '"T-8^'), xml))).toMatchObject({
      fault: { code: 'patient-differs' },
    });
  });

  test.each<readonly [string, (xml: string) => string]>([
    ['a number', first('"2.25.100"', `"2.25.${'1'.repeat(2000)}"`)],
    ['a set of blanks', first('"2.25.100"', '"  "')],
  ])('%s that is too long, or empty, is none', async (_name, change) => {
    expect(await readXdm(saying(change))).toMatchObject({ fault: { code: 'no-submission-set' } });
  });

  test.each<readonly [string, (xml: string) => string]>([
    ['long values', first('||^^Internet^intake', `${'x'.repeat(2000)}||^^Internet^intake`)],
    ['many values', first(/(?=\|\|\^\^Internet\^intake)/, `${'x</rim:Value><rim:Value>'.repeat(100)}`)],
  ])('%s are not read', async (_name, change) => {
    const { submission } = await readXdm(saying(change));

    expect(submission?.intendedRecipient?.telecom).toBeUndefined();
  });

  test('every word of a fault says in a sentence what is wrong', () => {
    for (const { says } of Object.values(PACKAGE_FAULTS)) expect(says).toMatch(/^[a-zA-Z]/);
  });
});

describe('values', () => {
  test.each([
    ['2025', Date.UTC(2025, 0)],
    ['202503', Date.UTC(2025, 2)],
    ['2025031414', Date.UTC(2025, 2, 14, 14)],
    ['20250314140512', Date.UTC(2025, 2, 14, 14, 5, 12)],
    ['20250230', undefined],
    ['20251314', undefined],
    ['202503141461', undefined],
    ['20250314140512+0100', undefined],
    ['soon', undefined],
    ['', undefined],
  ])('the instant %s', (text, expected) => {
    expect(readDtm(text)).toBe(expected);
  });

  test.each([
    ['R^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:referral', { value: 'R', assigner: '1.2.3' }],
    ['R^^^1.2.3^urn:ihe:iti:xds:2013:referral', { value: 'R', assigner: '1.2.3' }],
    ['R^^^&1.2.3&ISO&urn:ihe:iti:xds:2013:referral', { value: 'R', assigner: '1.2.3' }],
    ['R\\T\\D^^^&1.2.3&ISO', { value: 'R&D', assigner: '1.2.3' }],
    ['R^^^ALDER', { value: 'R', assigner: 'ALDER' }],
    ['R', { value: 'R', assigner: '' }],
    ['R^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:order', undefined],
    ['^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:referral', undefined],
    ['', undefined],
  ])('the reference %s', (text, expected) => {
    expect(readReferralCx(text)).toEqual(expected);
  });
});

test('a package that another program packs is read (yazl)', async () => {
  const zip = new ZipFile();
  for (const [name, bytes] of FILES) zip.addBuffer(bytes, name);
  zip.addEmptyDirectory('IHE_XDM');
  zip.end();
  // yazl says that its stream is one of bytes, and not which.
  const bytes = await buffer(zip.outputStream as NodeJS.ReadableStream & AsyncIterable<Buffer>);

  expect(submissionOf(await readXdm(bytes))).toEqual(ORIGINAL);
});

test('one file of two entries is expanded once, and both have it', async () => {
  const submission = { ...REQUEST, documents: [ORDER, NOTE, { ...NOTE, uniqueId: '2.25.77' }] };
  const files = await unpack(await writeXdm(submission, ABOUT));
  const xml = files.get(METADATA)?.toString().replace('DOC00003.XML', 'DOC00002.XML') ?? '';
  const reading = await readXdm(
    zipOf([
      { name: METADATA, bytes: Buffer.from(xml) },
      { name: `${FOLDER}DOC00001.TXT`, bytes: ORDER_FILE },
      { name: `${FOLDER}DOC00002.XML`, bytes: NOTE_FILE },
    ]),
    PACKAGE_LIMITS,
  );
  const [, one, other] = submissionOf(reading)?.documents ?? [];

  expect(one?.bytes).toBe(other?.bytes);
});
