/**
 * FHIR dates as intervals of time (http://hl7.org/fhir/R4/datatypes.html#dateTime): `2026-11` is the whole month, and a
 * time of day without a fraction is the whole second. To compare two dates is to compare two intervals.
 */

/** First and last millisecond, since 1970 in UTC, both inclusive. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Before and after everything: the open ends of a Period. The bounds of an ECMAScript Date. */
export const BEGINNING = -8.64e15;
export const END = 8.64e15;

/** The same day and time of a later year, in UTC; 29 February is 1 March where a year has none. Milliseconds since 1970. */
export const yearsAfter = (at: number, years: number): number => {
  const date = new Date(at);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
};

type Precision = 'year' | 'month' | 'day' | 'minute' | 'second' | 'fraction';

interface Reading extends Interval {
  readonly precision: Precision;
  readonly zoned: boolean;
}

/** An element of type date: `2026`, `2026-11`, `2026-11-22`. Undefined when malformed or not in the calendar. */
export function parseDate(text: string): Interval | undefined {
  const reading = read(text);
  return reading !== undefined && isDate(reading) ? reading : undefined;
}

/** An element of type dateTime: a date, or a time with seconds and an offset ("a timezone offset SHALL be populated"). */
export function parseDateTime(text: string): Interval | undefined {
  const reading = read(text);
  return reading !== undefined && (isDate(reading) || isInstant(reading)) ? reading : undefined;
}

/** An element of type instant: to the second at least, with an offset. */
export function parseInstant(text: string): Interval | undefined {
  const reading = read(text);
  return reading !== undefined && isInstant(reading) ? reading : undefined;
}

/**
 * A date in a search (http://hl7.org/fhir/R4/search.html#date): like a dateTime, but seconds and offset are optional.
 * Without an offset it is UTC. A space before an offset stands for a plus sign that the client did not escape.
 */
export function parseSearchDate(text: string): Interval | undefined {
  return read(text.replace(/ (?=\d\d:\d\d$)/, '+'));
}

/** The later of two dateTimes; the first when the second is no dateTime, or when neither is certainly later. */
export function laterOf(one: string, other: unknown): string {
  const [a, b] = [parseDateTime(one), typeof other === 'string' ? parseDateTime(other) : undefined];
  return a !== undefined && b !== undefined && b.low > a.low ? String(other) : one;
}

/** Whether a dateTime begins later than a moment (milliseconds since 1970). */
export const isAfter = (dateTime: unknown, ms: number): boolean =>
  typeof dateTime === 'string' && (parseDateTime(dateTime)?.low ?? BEGINNING) > ms;

/** An instant in UTC with milliseconds: `2026-11-22T15:04:05.000Z`. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString();
}

const isDate = ({ precision }: Reading): boolean =>
  precision === 'year' || precision === 'month' || precision === 'day';

const isInstant = ({ precision, zoned }: Reading): boolean =>
  zoned && (precision === 'second' || precision === 'fraction');

const DATE_TIME =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

function read(text: string): Reading | undefined {
  const found = DATE_TIME.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = found;
  const y = Number(year);
  if (y === 0) return undefined;
  if (month === undefined) return span(utc(y, 1, 1), utc(y + 1, 1, 1), 'year');
  const mo = Number(month);
  if (mo < 1 || mo > 12) return undefined;
  if (day === undefined) return span(utc(y, mo, 1), utc(y, mo + 1, 1), 'month');
  const d = Number(day);
  if (d < 1 || d > daysIn(y, mo)) return undefined;
  const midnight = utc(y, mo, d);
  if (hour === undefined || minute === undefined) return span(midnight, midnight + DAY, 'day');
  const h = Number(hour);
  const mi = Number(minute);
  const offset = zone === undefined ? 0 : offsetOf(zone);
  // "The time 24:00 SHALL NOT be used"; second 60 is a leap second.
  if (h > 23 || mi > 59 || offset === undefined) return undefined;
  const start = midnight + h * HOUR + mi * MINUTE - offset;
  const zoned = zone !== undefined;
  if (second === undefined) return span(start, start + MINUTE, 'minute', zoned);
  if (Number(second) > 60) return undefined;
  const from = start + Number(second) * SECOND;
  if (fraction === undefined) return span(from, from + SECOND, 'second', zoned);
  const unit = 10 ** Math.max(0, 3 - fraction.length);
  const ms = from + Number(fraction.slice(0, 3)) * unit;
  return span(ms, ms + unit, 'fraction', zoned);
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const span = (low: number, next: number, precision: Precision, zoned = false): Reading => ({
  low,
  high: next - 1,
  precision,
  zoned,
});

/**
 * The Gregorian calendar repeats after 400 years. One cycle added makes `Date.UTC` right for the years before 100, which
 * it would read as 19xx.
 */
const CYCLE_YEARS = 400;
const CYCLE = 146_097 * DAY;
const utc = (year: number, month: number, day: number): number =>
  Date.UTC(year + CYCLE_YEARS, month - 1, day) - CYCLE;

const daysIn = (year: number, month: number): number => (utc(year, month + 1, 1) - utc(year, month, 1)) / DAY;

const MAX_OFFSET = 14 * HOUR;

/** The offset in milliseconds east of UTC; undefined when there is no such offset. */
function offsetOf(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(4));
  const offset = Number(zone.slice(1, 3)) * HOUR + minutes * MINUTE;
  if (minutes > 59 || offset > MAX_OFFSET) return undefined;
  return zone.startsWith('-') ? -offset : offset;
}
