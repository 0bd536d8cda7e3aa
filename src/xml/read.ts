/** Reads a body in FHIR XML from its bytes (http://hl7.org/fhir/R4/xml.html): first the encoding, then the resource. */
import type { Body } from '../fhir/body.ts';
import { OperationOutcomeError } from '../fhir/issue.ts';
import type { JsonLimits } from '../fhir/json.ts';
import { decodeXml } from './decode.ts';
import { checkWellFormed } from './well-formed.ts';

/**
 * Reads a body.
 *
 * @param limits the limits of JSON, because the tree is the same
 * @throws OperationOutcomeError `media-type-unsupported` for an encoding other than UTF-8, `xml-invalid`,
 * `structure-invalid`
 */
export async function readXml(bytes: Uint8Array, limits: JsonLimits): Promise<Body> {
  const body = decodeXml(decodeText(bytes), limits);
  await checkWellFormed(bytes);
  return body;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const ENCODING = /^<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([^"']{0,40})["']/;

/** Checks the encoding: "The character encoding SHALL be UTF-8". A byte order mark is skipped. */
function decodeText(bytes: Uint8Array): string {
  if (isUtf16(bytes)) throw otherEncoding();
  const declared = ENCODING.exec(
    Buffer.from(bytes.subarray(0, 300))
      .toString('latin1')
      .replace(/^\u00ef\u00bb\u00bf/, ''),
  )?.[1];
  if (declared !== undefined && !/^utf-?8$/i.test(declared)) throw otherEncoding();
  try {
    return utf8.decode(bytes);
  } catch {
    throw new OperationOutcomeError('xml-invalid', { diagnostics: 'The body is not UTF-8.' });
  }
}

/** Whether the bytes begin with a byte order mark of UTF-16, or a first character that is two bytes wide. */
const isUtf16 = ([first, second]: Uint8Array): boolean =>
  (first === 0xfe && second === 0xff) ||
  (first === 0xff && second === 0xfe) ||
  (first === 0x3c && second === 0) ||
  (first === 0 && second === 0x3c);

const otherEncoding = (): OperationOutcomeError =>
  new OperationOutcomeError('media-type-unsupported', { diagnostics: 'XML must be in UTF-8.' });
