/** Times of CDA (TS, IVL_TS) as FHIR has them: with the precision that was written, and never a zone that was not. */
import type { Period } from '../../fhir/types.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { attributeOf, childOf, nullFlavorOf } from '../element.ts';
import { isLaterTime } from '../time.ts';
import { lose, type Reading } from './reading.ts';

/** `YYYYMMDDHHMMSS.UUUU+ZZZZ`, cut anywhere from the year on. */
const TIME =
  /^(?<year>\d{4})(?:(?<month>\d\d)(?:(?<day>\d\d)(?:(?<hour>\d\d)(?:(?<minute>\d\d)(?:(?<second>\d\d)(?<fraction>\.\d{1,9})?)?)?)?)?)?(?<zone>[+-]\d{2}:?\d{2}|Z)?$/;

/**
 * A time as a FHIR dateTime.
 *
 * @returns undefined for a null flavor or a value that is no time, which is a loss
 */
export function readTime(reading: Reading, element: XmlElement | undefined): string | undefined {
  const value = attributeOf(element, 'value');
  if (element === undefined || value === undefined) return undefined;
  const parts = TIME.exec(value)?.groups;
  const read = parts === undefined ? undefined : dateTimeOf(reading, element, parts);
  if (read === undefined) lose(reading, 'unmapped', element, 'the value is no time');
  return read;
}

type Parts = Readonly<Record<string, string | undefined>>;

function dateTimeOf(reading: Reading, element: XmlElement, parts: Parts): string | undefined {
  const { year = '', month, day, hour, minute, second = '00', fraction = '' } = parts;
  const date = [year, month, day].filter((part) => part !== undefined).join('-');
  if (!isDate(year, month, day)) return undefined;
  if (day === undefined || hour === undefined) return date;
  if (minute === undefined) {
    lose(reading, 'narrowed', element, 'a time to the hour is a date in FHIR');
    return date;
  }
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  if (parts['second'] === undefined)
    lose(reading, 'narrowed', element, 'a time to the minute has seconds in FHIR');
  const zone = zoneOf(reading, element, parts['zone']);
  if (zone === undefined) return date;
  // FHIR has no leap second.
  return `${date}T${hour}:${minute}:${second === '60' ? '59' : second}${fraction}${zone}`;
}

function isDate(year: string, month: string | undefined, day: string | undefined): boolean {
  if (year === '0000') return false;
  if (month === undefined) return true;
  const date = new Date(`${year}-${month}-${day ?? '01'}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.getUTCMonth() + 1 === Number(month);
}

function zoneOf(reading: Reading, element: XmlElement, zone: string | undefined): string | undefined {
  if (zone === 'Z') return 'Z';
  if (zone !== undefined) {
    const [sign, hours, minutes] = [zone.slice(0, 1), zone.slice(1, 3), zone.slice(-2)];
    if (Number(hours) <= 14 && Number(minutes) <= 59) return `${sign}${hours}:${minutes}`;
  }
  if (reading.zone === undefined) {
    lose(reading, 'narrowed', element, 'a time without a zone is a date: no zone is known for the document');
    return undefined;
  }
  lose(reading, 'defaulted', element, 'the time has no zone; that of the document was taken');
  return reading.zone;
}

/** The offset that a time was written with, as FHIR writes it; undefined where it has none. */
export function offsetOf(element: XmlElement | undefined): string | undefined {
  const zone = TIME.exec(attributeOf(element, 'value') ?? '')?.groups?.['zone'];
  if (zone === undefined || zone === 'Z') return zone;
  return `${zone.slice(0, 3)}:${zone.slice(-2)}`;
}

/** A time without its time of day: a FHIR date. */
export const readDate = (reading: Reading, element: XmlElement | undefined): string | undefined =>
  readTime(reading, element)?.slice(0, 10);

/** What an interval says of its ends. */
export interface Interval {
  /** The point that stands for the whole. */
  readonly at?: string;
  readonly low?: string;
  readonly high?: string;
  /** It is over, and nobody knows since when: `high` with the null flavor UNK. */
  readonly endedUnknown?: true;
}

/** An interval, or a point written as one. */
export function readInterval(reading: Reading, element: XmlElement | undefined): Interval {
  if (element === undefined) return {};
  const point = readTime(reading, element) ?? readTime(reading, childOf(element, 'center'));
  const highElement = childOf(element, 'high');
  const high = readTime(reading, highElement);
  const low = startOf(reading, element, high);
  if (childOf(element, 'width') !== undefined)
    lose(reading, 'unmapped', element, 'the width of an interval has no place in FHIR');
  return {
    ...(point !== undefined && { at: point }),
    ...(low !== undefined && { low }),
    ...(high !== undefined && { high }),
    ...(high === undefined && nullFlavorOf(highElement) === 'UNK' && { endedUnknown: true as const }),
  };
}

/** When it began. What ends before it begins has ended: its beginning is not believed. */
function startOf(reading: Reading, element: XmlElement, end: string | undefined): string | undefined {
  const start = readTime(reading, childOf(element, 'low'));
  if (start === undefined || end === undefined || !isLaterTime(start, end)) return start;
  lose(reading, 'unmapped', element, 'the interval begins after its end');
  return undefined;
}

/** The interval as a Period; undefined where it names no time. */
export function periodOf({ at, low, high }: Interval): Period | undefined {
  const start = low ?? at;
  const end = high ?? at;
  if (start === undefined && end === undefined) return undefined;
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
}

/** The interval as the one time of an event: its point, or both ends where they are one. */
export const pointOf = ({ at, low, high }: Interval): string | undefined =>
  at ?? (low !== undefined && low === high ? low : undefined);
