/** Small files of each type, made byte by byte, for the tests of attachments. */
import { deflateSync } from 'node:zlib';
import { zipOf, type Part } from '../direct/xdm/archives.ts';

/** A PDF of these objects; nothing of it depends on a table of places. */
export const pdfOf = (...objects: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat([
    Buffer.from('%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n', 'latin1'),
    ...objects.map((object, index) =>
      Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), Buffer.from(object), Buffer.from('\nendobj\n')]),
    ),
    Buffer.from('trailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n'),
  ]);

/** A stream object, packed by Flate. */
export const streamOf = (
  dictionary: string,
  text: string,
  packed = deflateSync(Buffer.from(text, 'latin1')),
): Buffer =>
  Buffer.concat([
    Buffer.from(`<< ${dictionary} /Filter /FlateDecode /Length ${packed.length} >>\nstream\n`),
    packed,
    Buffer.from('\nendstream'),
  ]);

const PAGE = streamOf('', 'BT /F1 12 Tf (See /JavaScript-free letters) Tj ET');

export const PDF = pdfOf(
  '<< /Type /Catalog /Pages 2 0 R /OpenAction [3 0 R /Fit] >>',
  '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
  '<< /Type /Page /Contents 4 0 R /Annots [<< /Type /Annot /A << /S /URI /URI (https://example.org) >> >>] >>',
  PAGE,
);

export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
export const JPEG = Buffer.from(
  'ffd8ffe000104a46494600010100000100010000ffdb004300' +
    '01'.repeat(64) +
    'ffc9000b080001000101011100ffcc000600101005ffda0008010100003f00d2cf20ffd9',
  'hex',
);
/** Little-endian, one directory without an entry. */
export const TIFF = Buffer.from('49492a0008000000000000000000', 'hex');
export const DICOM = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.from([2, 0, 0, 0])]);
export const TEXT = Buffer.from('BMI: 31. Blood pressure < 140/90.\r\nNächste Kontrolle in 3 Monaten.\n');
export const CDA = Buffer.from(
  '<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet type="text/xsl" href="CDA.xsl"?>\n<!-- made here -->\n<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc"><title>Note</title></ClinicalDocument>',
);
export const FHIR_XML = Buffer.from('<Patient xmlns="http://hl7.org/fhir"><id value="1"/></Patient>');
export const FHIR_JSON = Buffer.from('{"resourceType":"Patient","id":"1"}');

export const zip = (parts: readonly (readonly [name: string, bytes: Uint8Array])[]): Buffer =>
  zipOf(parts.map(([name, bytes]): Part => ({ name, bytes: Buffer.from(bytes) })));

/** A document of Word, with more parts. */
export const docx = (...more: readonly (readonly [name: string, text: string])[]): Buffer =>
  zip(
    [
      ['[Content_Types].xml', '<Types/>'] as const,
      ['word/document.xml', '<w:document/>'] as const,
      ...more,
    ].map(([name, text]) => [name, Buffer.from(text)] as const),
  );
