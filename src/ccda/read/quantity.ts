/** Quantities (PQ, IVL_PQ, INT, REAL, RTO): the number as written, and only a unit that was given. */
import type { Quantity, Range, Ratio } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { attributeOf, childOf, lineOf } from '../element.ts';
import { UCUM } from '../systems.ts';
import { lose, type Reading } from './reading.ts';

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/** The number of an attribute; undefined where it is none, which is a loss. */
export function readNumber(reading: Reading, element: XmlElement | undefined): number | undefined {
  const value = attributeOf(element, 'value');
  if (element === undefined || value === undefined) return undefined;
  if (NUMBER.test(value)) return literal(value);
  lose(reading, 'unmapped', element, 'the value is no number');
  return undefined;
}

/** A number that keeps the digits it was written with: 13.20 is not 13.2. */
function literal(written: string): number {
  const [, sign = '', whole = '', fraction = '', exponent = ''] =
    /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE](.+))?$/.exec(written) ?? [];
  const digits = `${whole.replace(/^0+(?=\d)/, '') || '0'}${fraction === '' ? '' : `.${fraction}`}`;
  const text = `${sign === '-' ? '-' : ''}${digits}${exponent === '' ? '' : `e${exponent}`}`;
  const plain = Number(text);
  return String(plain) === text ? plain : (JSON.rawJSON(text) as unknown as number); // a number of a storing tree
}

/** A physical quantity. A unit of `1`, or none, is a plain count; no unit is ever made up. */
export function readQuantity(reading: Reading, element: XmlElement | undefined): Quantity | undefined {
  const value = readNumber(reading, element);
  if (value === undefined || element === undefined) return undefined;
  return { value, ...unitOf(reading, element) };
}

function unitOf(reading: Reading, element: XmlElement): Pick<Quantity, 'unit' | 'code' | 'system'> {
  const unit = attributeOf(element, 'unit');
  if (unit === undefined) {
    const words = lineOf(childOf(childOf(element, 'translation'), 'originalText'));
    return words === undefined ? {} : { unit: words };
  }
  if (unit === '1') return {};
  if (childOf(element, 'translation') !== undefined)
    lose(reading, 'unmapped', element, 'the translation of a quantity has no place in FHIR');
  // UCUM has no blanks: what has some are words.
  return /\s/.test(unit) ? { unit } : { unit, system: UCUM, code: unit };
}

/** An interval of quantities: a Range, or with one end a Quantity that says on which side of it the value lies. */
export function readQuantityInterval(
  reading: Reading,
  element: XmlElement,
): { readonly range: Range } | { readonly quantity: Quantity } | undefined {
  const [lowElement, highElement] = [childOf(element, 'low'), childOf(element, 'high')];
  const [low, high] = [readQuantity(reading, lowElement), readQuantity(reading, highElement)];
  if (low !== undefined && high !== undefined) {
    if (isExclusive(lowElement) || isExclusive(highElement))
      lose(reading, 'narrowed', element, 'a range in FHIR includes its ends');
    return { range: { low, high } };
  }
  if (low !== undefined) return { quantity: { ...low, comparator: isExclusive(lowElement) ? '>' : '>=' } };
  if (high !== undefined) return { quantity: { ...high, comparator: isExclusive(highElement) ? '<' : '<=' } };
  const own = readQuantity(reading, element) ?? readQuantity(reading, childOf(element, 'center'));
  return own === undefined ? undefined : { quantity: own };
}

const isExclusive = (end: XmlElement | undefined): boolean => attributeOf(end, 'inclusive') === 'false';

/** A ratio of two quantities. */
export function readRatio(reading: Reading, element: XmlElement): Ratio | undefined {
  const numerator = readQuantity(reading, childOf(element, 'numerator'));
  const denominator = readQuantity(reading, childOf(element, 'denominator'));
  return numerator === undefined || denominator === undefined ? undefined : { numerator, denominator };
}
