/** The delimiters of a message: MSH-1 and MSH-2 (HL7 v2.5.1, 2.5.4; the truncation character is of v2.7, 2.5.5.2). */
import { Hl7Fault } from './fault.ts';

/** One character each; empty when MSH-2 ends before it ("this character may be omitted"). */
export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
  readonly truncation: string;
}

/** `|^~\&`, "recommended for use in all messages". */
export const STANDARD: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
  truncation: '',
};

/** Segments whose first two fields are the delimiters themselves. */
const HEADERS: ReadonlySet<string> = new Set(['MSH', 'FHS', 'BHS']);

export const isHeader = (name: string): boolean => HEADERS.has(name);

/** MSH-2: the {@link Delimiters} without the field separator. */
export const encodingCharacters = (delimiters: Delimiters): string =>
  delimiters.component +
  delimiters.repetition +
  delimiters.escape +
  delimiters.subcomponent +
  delimiters.truncation;

/** ASCII punctuation without the quotation mark, because `""` is the null. */
const DELIMITER = /^[!#-/:-@[-`{-~]+$/;

/**
 * The delimiters of the header segment that opens `line`. Throws {@link Hl7Fault} when they cannot separate anything.
 */
export function readDelimiters(line: string): Delimiters {
  const field = line.charAt(3);
  if (!DELIMITER.test(field)) throw fault(1, 'there is no field separator that could be one');
  const end = line.indexOf(field, 4);
  const rest = end === -1 ? line.slice(4) : line.slice(4, end);
  if (rest === '') throw fault(2, 'there are no encoding characters', '101');
  if (rest.length > 5) throw fault(2, 'there are more than five encoding characters');
  if (!DELIMITER.test(rest))
    throw fault(2, 'encoding characters are ASCII punctuation other than the quotation mark');
  if (new Set(field + rest).size < 1 + rest.length) throw fault(2, 'one character has two meanings');
  const [component = '', repetition = '', escape = '', subcomponent = '', truncation = ''] = rest;
  return { field, component, repetition, escape, subcomponent, truncation };
}

const fault = (field: number, says: string, code: '101' | '102' = '102') =>
  new Hl7Fault(code, says, { segment: 'MSH', segmentIndex: 1, field });
