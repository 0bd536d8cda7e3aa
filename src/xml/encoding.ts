/**
 * The text of an XML document from its bytes, in the encoding that they declare (https://www.w3.org/TR/xml/#charencoding).
 * A document that is handed on as a string has lost what its declaration is about, so readers take bytes.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';

/** Encodings that clinical documents come in, by the names they declare; each is a label of the Encoding Standard. */
const ENCODINGS: Readonly<Record<string, string>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  ascii: 'utf-8',
  'utf-16': 'utf-16',
  'utf-16le': 'utf-16le',
  'utf-16be': 'utf-16be',
  'iso-8859-1': 'windows-1252',
  latin1: 'windows-1252',
  'iso-8859-15': 'iso-8859-15',
  'windows-1252': 'windows-1252',
  cp1252: 'windows-1252',
};

const DECLARED = /^<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([^"']{0,40})["']/;

/**
 * Decodes a document. A byte order mark, or a first character of two bytes, is believed before the declaration, which a
 * gateway may have left behind when it wrote the document anew.
 *
 * @throws OperationOutcomeError `media-type-unsupported` for an encoding that is not in the table, `xml-invalid` for bytes
 * that are not text in their encoding
 */
export function decodeXmlBytes(bytes: Uint8Array): string {
  const encoding = widthOf(bytes) ?? declaredIn(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new OperationOutcomeError('xml-invalid', {
      diagnostics: `The document is not text in its encoding, ${encoding}.`,
    });
  }
}

/** The encoding that the first bytes give away; undefined for one whose characters of ASCII take one byte. */
function widthOf([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0x3c && second === 0) return 'utf-16le';
  if (first === 0 && second === 0x3c) return 'utf-16be';
  return undefined;
}

/** A declared UTF-16 in bytes of one each cannot be true: such a document was converted to UTF-8 without a word. */
function declaredIn(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 300)).toString('latin1');
  const name = DECLARED.exec(head)?.[1]?.toLowerCase() ?? 'utf-8';
  const encoding = ENCODINGS[name];
  if (encoding === undefined)
    throw new OperationOutcomeError('media-type-unsupported', {
      diagnostics: `XML is read in ${Object.keys(ENCODINGS).join(', ')}.`,
    });
  return encoding.startsWith('utf-16') ? 'utf-8' : encoding;
}
