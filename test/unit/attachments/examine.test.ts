/** What an attachment is, by its content (baa-messaging MS9): one file of each type, and what is made to look like one. */
import { describe, expect, test } from '@jest/globals';
import { examineContent, type DeclaredFile } from '../../../src/attachments/examine.ts';
import { TYPES, type FileType, type RefusalDetail } from '../../../src/attachments/types.ts';
import { writeXdm } from '../../../src/direct/xdm/write-package.ts';
import { unpack } from '../direct/xdm/archives.ts';
import { ABOUT, REQUEST } from '../direct/xdm/submissions.ts';
import { CDA, DICOM, docx, FHIR_JSON, FHIR_XML, JPEG, PDF, PNG, TEXT, TIFF, zip } from './files.ts';

const XDM = Buffer.from(await writeXdm(REQUEST, ABOUT));
const IN_XDM = [...(await unpack(XDM))];
const xdmWith = (...more: readonly (readonly [string, Uint8Array])[]): Buffer => zip([...IN_XDM, ...more]);

const ALL = { dicom: true, docx: true };

async function detailOf(bytes: Uint8Array, said: DeclaredFile = {}): Promise<RefusalDetail | FileType> {
  const found = await examineContent(bytes, said, ALL);
  return 'refused' in found ? found.refused : found.type;
}

const FILES: Readonly<Record<FileType, Buffer>> = {
  pdf: PDF,
  png: PNG,
  jpeg: JPEG,
  tiff: TIFF,
  text: TEXT,
  cda: CDA,
  'fhir-json': FHIR_JSON,
  'fhir-xml': FHIR_XML,
  xdm: XDM,
  dicom: DICOM,
  docx: docx(),
};

describe('types that are taken (baa-messaging MS9)', () => {
  test.each(Object.entries(FILES))(
    '%s is known by its content, under each of its names',
    async (type, bytes) => {
      const { mediaTypes, endings } = TYPES[type as FileType];
      await expect(detailOf(bytes)).resolves.toBe(type);
      for (const declared of mediaTypes)
        for (const ending of endings)
          await expect(detailOf(bytes, { declared, name: `Dr. Smith's letter.${ending}` })).resolves.toBe(
            type,
          );
    },
  );

  test('DICOM and documents of Word are taken only where that is said (baa-messaging MS9, BA10)', async () => {
    for (const bytes of [DICOM, docx()])
      await expect(examineContent(bytes, {})).resolves.toMatchObject({ refused: 'type' });
  });

  test('no type passes under the name of another (baa-messaging MS9)', async () => {
    for (const [type, bytes] of Object.entries(FILES)) {
      for (const [other, { mediaTypes, endings }] of Object.entries(TYPES)) {
        const own: readonly string[] = TYPES[type as FileType].mediaTypes;
        const declared = mediaTypes[0];
        const expected = own.includes(declared) ? type : 'mismatch';
        await expect(detailOf(bytes, { declared })).resolves.toBe(expected);
        const ownEndings: readonly string[] = TYPES[type as FileType].endings;
        const named = ownEndings.includes(endings[0]) ? type : 'mismatch';
        await expect(detailOf(bytes, { name: `x.${endings[0]}` })).resolves.toBe(named);
        expect(other).toBeTruthy();
      }
    }
  });

  test('a text says UTF-8 or nothing', async () => {
    await expect(detailOf(TEXT, { declared: 'text/plain; charset=utf-8' })).resolves.toBe('text');
    await expect(detailOf(TEXT, { declared: 'text/plain; charset=utf-7' })).resolves.toBe('mismatch');
  });
});

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('types that are refused (baa-messaging MS9)', () => {
  test.each([
    ['a program for Windows', latin(`MZ\u0090\u0000${'\u0000'.repeat(100)}`)],
    ['a program for Linux', latin(`\u007fELF\u0002\u0001\u0001${'\u0000'.repeat(100)}`)],
    ['a shell script', latin('#!/bin/sh\nrm -rf /\n')],
    ['a GIF', latin(`GIF89a\u0001\u0000\u0001\u0000${'\u0000'.repeat(30)}`)],
    ['an old office file', Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)])],
    ['rich text', latin('{\\rtf1\\ansi hello}')],
    ['a page', latin('\n <!DOCTYPE html><p>hello')],
    ['a page that begins with its script', latin('<script>alert(1)</script>')],
    ['a page behind a comment', latin('<!-- hi --><html><script>x</script></html>')],
    ['a drawing', latin('<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>')],
    ['a drawing with a declaration', latin('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['a form of a PDF', latin('%FDF-1.2\n1 0 obj << /FDF << >> >>')],
    ['a batch of commands', latin('@echo off\r\n')],
    ['a clinical document without its namespace', latin('<?xml version="1.0"?><ClinicalDocument/>')],
    ['text in UTF-16', Buffer.from('\ufeffhello', 'utf16le')],
    ['bytes that are no text', Buffer.from([0xff, 0x00, 0x41, 0x80])],
    ['macros', docx(['word/vbaProject.bin', 'x'])],
    [
      'a spreadsheet',
      zip([
        ['[Content_Types].xml', latin('<Types/>')],
        ['xl/workbook.xml', latin('<x/>')],
      ]),
    ],
  ])('%s', async (_name, bytes) => {
    await expect(detailOf(bytes)).resolves.toBe('type');
  });

  test('an empty file', async () => {
    await expect(detailOf(Buffer.alloc(0))).resolves.toBe('size');
  });

  test.each([
    [
      'a DOCTYPE',
      latin('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><ClinicalDocument xmlns="urn:hl7-org:v3"/>'),
    ],
    [
      'a script in a clinical document',
      latin(
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><h:script xmlns:h="http://www.w3.org/1999/xhtml">x</h:script></ClinicalDocument>',
      ),
    ],
    ...[
      '<h:img xmlns:h="http://www.w3.org/1999/xhtml" src="a>b" onerror="alert(1)"/>',
      '<linkHtml href="&#106;ava&#9;script:alert(1)">x</linkHtml>',
      '<é:script xmlns:é="http://www.w3.org/1999/xhtml">x</é:script>',
    ].map(
      (part) =>
        [part, Buffer.from(`<ClinicalDocument xmlns="urn:hl7-org:v3">${part}</ClinicalDocument>`)] as const,
    ),
    [
      'a style sheet from elsewhere',
      latin('<?xml-stylesheet href="https://evil.example/a.xsl"?><ClinicalDocument xmlns="urn:hl7-org:v3"/>'),
    ],
    [
      'a template from elsewhere',
      docx([
        'word/_rels/settings.xml.rels',
        '<Relationships><Relationship Id="1" Type="http://x/relationships/attachedTemplate" Target="https://evil/t.dotm" TargetMode="External"/></Relationships>',
      ]),
    ],
  ])('%s is active content', async (_name, bytes) => {
    await expect(detailOf(bytes)).resolves.toBe('active-content');
  });

  test('a link in a document of Word is no active content', async () => {
    const link =
      '<Relationship Id="1" Type="http://x/officeDocument/2006/relationships/hyperlink" Target="https://example.org" TargetMode="External"/>';
    await expect(detailOf(docx(['word/_rels/document.xml.rels', link]))).resolves.toBe('docx');
  });
});

describe('names (baa-messaging MS9)', () => {
  test.each([
    'report.pdf.exe',
    'report.settingcontent-ms',
    'report.iqy',
    'report.xlsx',
    'report.7z',
    'report.exe.pdf',
    'report.pdf .exe',
    'report.exe. . .',
    'report.html',
    'letter.lnk.pdf',
    'repo\u202efdp.exe',
    'report\u202egnp.pdf',
    'report\u2066.pdf',
    'report\u200b.pdf',
    'report.pdf\u0000.exe',
    'report.png',
    'report．exe',
    `${'x'.repeat(300)}.pdf`,
  ])('%j is refused for a PDF', async (name) => {
    await expect(detailOf(PDF, { name })).resolves.toBe('mismatch');
  });

  test.each([
    'report.pdf',
    'Report.PDF',
    "Dr. Smith's letter",
    'Labs 1/2 v1.3',
    'example.com letter.pdf',
    'تقرير.pdf',
  ])('%j is taken for a PDF', async (name) => {
    await expect(detailOf(PDF, { name })).resolves.toBe('pdf');
  });
});

describe('files that are two things (baa-messaging MS9)', () => {
  const archive = zip([['a.txt', latin('hello')]]);

  test.each([
    ['a PNG and an archive', Buffer.concat([PNG, archive])],
    ['a PDF and an archive', Buffer.concat([PDF, archive])],
    ['a JPEG and an archive', Buffer.concat([JPEG, archive])],
    ['a JPEG and a program', Buffer.concat([JPEG, latin('MZ\u0090\u0000')])],
    ['a PNG and a page', Buffer.concat([PNG, latin('<script>x</script>')])],
    ['a TIFF and a PDF', Buffer.concat([TIFF, PDF])],
    ['a text and a PDF', Buffer.concat([latin('hello\n'), latin('%PDF-1.7\n1 0 obj\n<< /JS (x) >>\n')])],
  ])('%s', async (_name, bytes) => {
    await expect(detailOf(bytes)).resolves.toBe('mismatch');
  });
});

describe('archives (baa-messaging MS9)', () => {
  test.each([
    ['no package', zip([['a.txt', latin('hello')]])],
    ['an archive within', xdmWith(['IHE_XDM/SUBSET01/more.zip', zip([['a.txt', latin('x')]])])],
    [
      'an archive within, by another name',
      xdmWith(['IHE_XDM/SUBSET01/more.txt', zip([['a.txt', latin('x')]])]),
    ],
    ['a program within', xdmWith(['IHE_XDM/SUBSET01/a.pdf', latin(`MZ\u0090\u0000${'\u0000'.repeat(90)}`)])],
    ['a script in its page', xdmWith(['INDEX.HTML', latin('<html><script>x</script></html>')])],
    ['a text that is named as a program', xdmWith(['IHE_XDM/SUBSET01/A.BAT', latin('del x')])],
    ['a name that hides its end', xdmWith(['IHE_XDM/a\u202efdp.txt', latin('x')])],
    ...[
      '<meta http-equiv="refresh" content="0;url=https://evil.example">',
      '<svg/onload=alert(1)>',
      '<a href="java&#115;cript:alert(1)">x</a>',
      '<img src=https://evil.example/x.png>',
      '<link rel=stylesheet href=//evil.example/a.css>',
    ].map((part) => [part, xdmWith(['INDEX.HTML', latin(`<html>${part}</html>`)])] as const),
    ['a way out', xdmWith(['../../etc/passwd', latin('x')])],
    ['an absolute name', xdmWith(['/etc/passwd', latin('x')])],
    [
      'too many files',
      xdmWith(...Array.from({ length: 1000 }, (_, index) => [`f${index}`, latin('x')] as const)),
    ],
    [
      'a bomb',
      zip([
        ['METADATA.XML', latin('<x/>')],
        ['a.txt', Buffer.alloc(3_000_000, 'a')],
      ]),
    ],
  ])('%s is refused', async (_name, bytes) => {
    await expect(detailOf(bytes)).resolves.toBe('archive');
  });

  test('an encrypted archive is refused', async () => {
    const bytes = zip([['METADATA.XML', latin('hello')]]);
    // The flag of encryption in the local header and in the directory.
    bytes.writeUInt16LE(bytes.readUInt16LE(6) | 1, 6);
    const directory = bytes.indexOf('PK\u0001\u0002');
    bytes.writeUInt16LE(bytes.readUInt16LE(directory + 8) | 1, directory + 8);
    await expect(examineContent(bytes, {})).resolves.toEqual({
      refused: 'archive',
      says: 'The archive is encrypted.',
    });
  });

  test('a thousand files are taken', async () => {
    const room = 1000 - IN_XDM.length;
    const bytes = xdmWith(
      ...Array.from({ length: room }, (_, index) => [`f${index}.txt`, latin('x')] as const),
    );
    await expect(detailOf(bytes)).resolves.toBe('xdm');
  });
});

const long = (text: string): Buffer => Buffer.alloc(10_000_000, text);

describe('ten megabytes of what a reader stumbles over', () => {
  test.each([
    ['letters', long('a')],
    ['blanks', long(' ')],
    ['an opening bracket and letters', Buffer.concat([latin('<'), long('a')])],
    ['opening brackets', long('<')],
    ['a tag that does not end', Buffer.concat([latin('<a b="'), long('c')])],
    ['comments', Buffer.concat([latin('<?xml version="1.0"?>'), long('<!-- -->')])],
    ['href and blanks', Buffer.concat([latin('<ClinicalDocument xmlns="urn:hl7-org:v3"> href'), long(' ')])],
    ['braces', long('{"a":')],
    ['a PDF of slashes', Buffer.concat([latin('%PDF-1.7\n'), long('/')])],
    ['a PDF of streams', Buffer.concat([latin('%PDF-1.7\n'), long('stream\nendstream ')])],
    ['a PDF of actions', Buffer.concat([latin('%PDF-1.7\n'), long('/OpenAction 1 0 R 1 0 obj ')])],
    ['a PDF of a name and blanks', Buffer.concat([latin('%PDF-1.7\nstream\n/JS'), long(' ')])],
    ['archive ends', Buffer.concat([PNG, long('PK\u0005\u0006')])],
  ])('%s', async (_name, bytes) => {
    const began = performance.now();
    await examineContent(bytes, {});
    expect(performance.now() - began).toBeLessThan(6_000);
  });
});
