/** Refusals of XML (http://hl7.org/fhir/R4/xml.html): what is wrong and where, never what the text says. */
import { OperationOutcomeError, type IssueCode } from '../fhir/issue.ts';

/** Names that may be shown: of the shape that FHIR's own have, with a prefix or without. What else stands in a text may name a patient. */
const PLAIN_NAME = /^(?:[A-Za-z][A-Za-z0-9]{0,31}:)?[A-Za-z][A-Za-z0-9]{0,63}$/;

/** What a name is of, with the name where it may be told: `the element x`. */
export const tellName = (what: 'element' | 'attribute', name: string): string =>
  PLAIN_NAME.test(name) ? `the ${what} ${name}` : `this ${what}`;

/** Line and column of an offset, both from 1. */
export function placeOf(text: string, at: number): string {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', start)) {
    line += 1;
    start = next + 1;
  }
  return `line ${line}, column ${at - start + 1}`;
}

/** Where reading stands: the offset in the text, and the elements that it is in. */
export interface Place {
  readonly text: string;
  readonly at: number;
  readonly path: readonly string[];
}

/**
 * Ends the reading of a text.
 *
 * @param why what is wrong, as the end of a sentence
 * @throws OperationOutcomeError always
 */
export function refuse({ text, at, path }: Place, why: string, code: IssueCode = 'xml-invalid'): never {
  throw new OperationOutcomeError(code, {
    diagnostics: `At ${path.join('.') || 'the root'} (${placeOf(text, at)}): ${why}.`,
    ...(path.length > 0 && { expression: [path.join('.')] }),
  });
}

/**
 * Ends the writing of a resource: it holds what XML cannot say.
 *
 * @throws OperationOutcomeError `xml-inexpressible`
 */
export function refuseToWrite(path: readonly string[], why: string): never {
  throw new OperationOutcomeError('xml-inexpressible', {
    diagnostics: `At ${path.join('.')}: ${why}.`,
    expression: [path.join('.')],
  });
}
