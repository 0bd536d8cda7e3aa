/**
 * A second judge of what arrives: libxml2, which has seen more XML than anyone, must call well-formed what our own reading
 * took. It is loaded with the first XML body and sees only texts that are bounded and have no DOCTYPE by then.
 */
import { OperationOutcomeError } from '../fhir/issue.ts';

type Library = typeof import('libxml2-wasm');

let library: Promise<Library> | undefined;

/** @throws OperationOutcomeError `xml-invalid`, with the line */
export async function checkWellFormed(bytes: Uint8Array): Promise<void> {
  library ??= import('libxml2-wasm');
  const { XmlDocument, XmlParseError, ParseOption } = await library;
  const { XML_PARSE_NO_XXE, XML_PARSE_NONET, XML_PARSE_NO_SYS_CATALOG, XML_PARSE_HUGE } = ParseOption;
  try {
    // "Huge" lifts the limit of 10 MB for one value; depth and sizes are bounded before.
    const option = XML_PARSE_NO_XXE | XML_PARSE_NONET | XML_PARSE_NO_SYS_CATALOG | XML_PARSE_HUGE;
    XmlDocument.fromBuffer(bytes, { option }).dispose();
  } catch (error) {
    if (!(error instanceof XmlParseError)) throw error;
    // The library's words quote the text, which may name a patient.
    const line = error.details[0]?.line ?? 1;
    throw new OperationOutcomeError('xml-invalid', {
      diagnostics: `Line ${line}: this is not well-formed XML.`,
    });
  }
}
