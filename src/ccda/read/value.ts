/** The value of an observation, of whichever data type, and the range that it is judged by. */
import { table } from '../table.ts';
import type { CodeableConcept, Quantity } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { attributeOf, base64Of, childOf, childrenOf, dataTypeOf, lineOf, nullFlavorOf } from '../element.ts';
import { ABSENT_REASONS } from '../concepts.ts';
import { plainNumberOf } from '../number.ts';
import { readConcept } from './concept.ts';
import { readNumber, readQuantity, readQuantityInterval, readRatio } from './quantity.ts';
import { lose, trimmed, type Reading } from './reading.ts';
import { readText } from './text.ts';
import { periodOf, readInterval, readTime } from './time.ts';

type Read = (reading: Reading, value: XmlElement) => object | undefined;

const concept: Read = (reading, value) => {
  const valueCodeableConcept = readConcept(reading, value);
  return valueCodeableConcept && { valueCodeableConcept };
};

const text: Read = (reading, value) => {
  const valueString = readText(reading, value);
  return valueString === undefined ? undefined : { valueString };
};

const number: Read = (reading, value) => {
  const read = readNumber(reading, value);
  return read === undefined ? undefined : { valueQuantity: { value: read } };
};

/** By the data type that the value declares. */
const TYPES: Readonly<Record<string, Read>> = table({
  CD: concept,
  CE: concept,
  CO: concept,
  CV: concept,
  CS: concept,
  ST: text,
  SC: text,
  ED: (reading, value) =>
    attributeOf(value, 'representation') === 'B64' ? encoded(reading, value) : text(reading, value),
  PQ: (reading, value) => {
    const valueQuantity = readQuantity(reading, value);
    return valueQuantity && { valueQuantity };
  },
  MO: number,
  REAL: number,
  INT: (reading, value) => {
    const read = readNumber(reading, value);
    if (read === undefined) return undefined;
    const whole = plainNumberOf(read);
    return Number.isInteger(whole) && Math.abs(whole) < 2 ** 31
      ? { valueInteger: whole }
      : { valueQuantity: { value: read } };
  },
  BL: (_reading, value) => {
    const said = attributeOf(value, 'value');
    return said === undefined ? undefined : { valueBoolean: said === 'true' || said === '1' };
  },
  IVL_PQ: interval,
  IVL_INT: interval,
  IVL_REAL: interval,
  RTO: ratio,
  RTO_PQ_PQ: ratio,
  TS: (reading, value) => {
    const valueDateTime = readTime(reading, value);
    return valueDateTime === undefined ? undefined : { valueDateTime };
  },
  IVL_TS: (reading, value) => {
    const valuePeriod = periodOf(readInterval(reading, value));
    return valuePeriod && { valuePeriod };
  },
});

function interval(reading: Reading, value: XmlElement): object | undefined {
  const read = readQuantityInterval(reading, value);
  if (read === undefined) return undefined;
  return 'range' in read ? { valueRange: read.range } : { valueQuantity: read.quantity };
}

function ratio(reading: Reading, value: XmlElement): object | undefined {
  const valueRatio = readRatio(reading, value);
  return valueRatio && { valueRatio };
}

/** R4's Observation has no Attachment: plain text is its words, anything else stays in the document. */
function encoded(reading: Reading, value: XmlElement): object | undefined {
  if (/^text\/plain\b/.test(attributeOf(value, 'mediaType') ?? 'text/plain')) {
    const said = Buffer.from(base64Of(value), 'base64').toString('utf8').trim();
    return said === '' ? undefined : { valueString: said };
  }
  lose(reading, 'unmapped', value, 'a value that is a file stays in the document');
  return undefined;
}

/** `value[x]` of an Observation; without members where nothing is said. */
export function readValue(reading: Reading, value: XmlElement): object {
  const type = dataTypeOf(value) ?? guessType(value);
  if (nullFlavorOf(value) !== undefined && type !== 'CD' && type !== 'CE') return {};
  const read = TYPES[type];
  if (read !== undefined) return read(reading, value) ?? {};
  lose(reading, 'unmapped', value, 'the value is of a type that FHIR does not have');
  const valueString = lineOf(value);
  return valueString === undefined ? {} : { valueString };
}

const guessType = (value: XmlElement): string =>
  attributeOf(value, 'code') !== undefined ? 'CD' : attributeOf(value, 'unit') !== undefined ? 'PQ' : 'ST';

const ABSENT = 'http://terminology.hl7.org/CodeSystem/data-absent-reason';

/** Why there is no value, by a null flavor. */
export const absentOf = (nullFlavor: string | undefined): CodeableConcept | undefined => {
  const code = nullFlavor === undefined ? undefined : ABSENT_REASONS[nullFlavor];
  return code === undefined ? undefined : { coding: [{ system: ABSENT, code }] };
};

/** What is usual for the value: two ends, or words. */
export function readReferenceRange(reading: Reading, element: XmlElement): object | undefined {
  const range = childOf(element, 'observationRange');
  if (range === undefined) return undefined;
  const value = childOf(range, 'value');
  const read = value === undefined ? undefined : readQuantityInterval(reading, value);
  const words =
    readText(reading, childOf(range, 'text')) ??
    (value === undefined || read !== undefined ? undefined : lineOf(value));
  const ends = read === undefined ? {} : 'range' in read ? read.range : oneEnd(read.quantity);
  const appliesTo = childrenOf(range, 'precondition').flatMap(
    (one) => readConcept(reading, childOf(childOf(one, 'criterion'), 'value')) ?? [],
  );
  const told = trimmed({ ...ends, appliesTo, text: words });
  return Object.keys(told).length === 0 ? undefined : told;
}

/** An end that is open: a range of FHIR has no comparator, the end says it. */
function oneEnd({ comparator, ...quantity }: Quantity): object {
  return comparator?.startsWith('>') === true ? { low: quantity } : { high: quantity };
}
