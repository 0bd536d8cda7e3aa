/**
 * A second judge of XML bodies: libxml2, which has parsed more XML than our reader, must also find a body well-formed.
 * The server loads it with the first XML body; by then the text is bounded and has no DOCTYPE.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';

type Library = typeof import('libxml2-wasm');

let library: Promise<Library> | undefined;

/**
 * Checks a text.
 *
 * @throws OperationOutcomeError `xml-invalid`, with the line
 */
export async function checkWellFormed(bytes: Uint8Array): Promise<void> {
  library ??= import('libxml2-wasm');
  const { XmlDocument, XmlParseError, ParseOption } = await library;
  const { XML_PARSE_NO_XXE, XML_PARSE_NONET, XML_PARSE_NO_SYS_CATALOG, XML_PARSE_HUGE } = ParseOption;
  try {
    // "Huge" lifts libxml2's limit of 10 MB for one value; our reader has bounded depth and sizes before.
    const option = XML_PARSE_NO_XXE | XML_PARSE_NONET | XML_PARSE_NO_SYS_CATALOG | XML_PARSE_HUGE;
    XmlDocument.fromBuffer(bytes, { option }).dispose();
  } catch (error) {
    if (!(error instanceof XmlParseError)) throw error;
    // The library's message quotes the text, which may name a patient.
    const line = error.details[0]?.line ?? 1;
    throw new OperationOutcomeError('xml-invalid', {
      diagnostics: `Line ${line}: this is not well-formed XML.`,
    });
  }
}
