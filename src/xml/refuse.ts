/** Refusals of XML (http://hl7.org/fhir/R4/xml.html): they say what is wrong and where, and never quote the text. */
import { OperationOutcomeError, type IssueCode } from '../fhir/issue.ts';

/**
 * Names that a refusal may quote: those of the shape that FHIR's own names have, with or without a prefix. Any other
 * name in a text may name a patient.
 */
const PLAIN_NAME = /^(?:[A-Za-z][A-Za-z0-9]{0,31}:)?[A-Za-z][A-Za-z0-9]{0,63}$/;

/** A kind of name, with the name where a refusal may quote it: `the element x`. */
export const tellName = (what: 'element' | 'attribute', name: string): string =>
  PLAIN_NAME.test(name) ? `the ${what} ${name}` : `this ${what}`;

/** Line and column of an offset, both from 1. */
function lineAndColumn(text: string, at: number): string {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', start)) {
    line += 1;
    start = next + 1;
  }
  return `line ${line}, column ${at - start + 1}`;
}

/** The position of reading: the offset in the text, and the elements around it. */
interface XmlPosition {
  readonly text: string;
  readonly at: number;
  readonly path: readonly string[];
}

/**
 * Ends the reading of a text with a refusal.
 *
 * @param why the fault, as the end of a sentence
 * @throws OperationOutcomeError always
 */
export function refuseXml(
  { text, at, path }: XmlPosition,
  why: string,
  code: IssueCode = 'xml-invalid',
): never {
  throw new OperationOutcomeError(code, {
    diagnostics: `At ${path.join('.') || 'the root'} (${lineAndColumn(text, at)}): ${why}.`,
    ...(path.length > 0 && { expression: [path.join('.')] }),
  });
}

/**
 * Ends the writing of a resource that holds something XML cannot hold.
 *
 * @throws OperationOutcomeError `xml-inexpressible`
 */
export function refuseToWrite(path: readonly string[], why: string): never {
  throw new OperationOutcomeError('xml-inexpressible', {
    diagnostics: `At ${path.join('.')}: ${why}.`,
    expression: [path.join('.')],
  });
}
