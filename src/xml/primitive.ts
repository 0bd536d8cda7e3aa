/**
 * Values of primitive elements: text in XML; a boolean, number or string in JSON
 * (http://hl7.org/fhir/R4/datatypes.html#primitive). A number keeps its literal, as in JSON (rules 3.5).
 */
import { escapeAttribute, isExpressible } from './characters.ts';

const NUMBERS: ReadonlySet<string> = new Set(['decimal', 'integer', 'positiveInt', 'unsignedInt']);

/** The grammar of R4's decimal, which is that of JSON's numbers. */
const LITERAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The member of a storing tree for a value; undefined when the text is no value of that type. */
export function readXmlValue(code: string, text: string): boolean | number | string | object | undefined {
  if (NUMBERS.has(code)) return readNumber(text);
  if (code !== 'boolean') return text;
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

function readNumber(text: string): number | object | undefined {
  if (!LITERAL.test(text)) return undefined;
  const number = Number(text);
  return String(number) === text ? number : JSON.rawJSON(text);
}

/** The text of a value between quotes; undefined when JSON has a value of another type, or XML cannot hold it. */
export function writeValue(code: string, value: unknown): string | undefined {
  if (NUMBERS.has(code)) return writeNumber(value);
  if (code === 'boolean') return typeof value === 'boolean' ? String(value) : undefined;
  return typeof value === 'string' && value !== '' && isExpressible(value)
    ? escapeAttribute(value)
    : undefined;
}

function writeNumber(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return JSON.isRawJSON(value) ? value.rawJSON : undefined;
}
