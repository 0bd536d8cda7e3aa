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

const HYPHEN = 45;
const DOT = 46;
const COLON = 58;
const T = 84;

/** A date with or without a time, character by character: every write reads a dozen. */
function read(text: string): Reading | undefined {
  const y = digits(text, 0, 4);
  if (!(y > 0)) return undefined;
  if (text.length === 4) return span(utc(y, 1, 1), utc(y + 1, 1, 1), 'year');
  const mo = digitsAfter(HYPHEN, text, 4);
  if (!(mo >= 1 && mo <= 12)) return undefined;
  if (text.length === 7) return span(utc(y, mo, 1), utc(y, mo + 1, 1), 'month');
  const d = digitsAfter(HYPHEN, text, 7);
  if (!(d >= 1 && d <= daysIn(y, mo))) return undefined;
  const midnight = utc(y, mo, d);
  return text.length === 10 ? span(midnight, midnight + DAY, 'day') : readTime(text, midnight);
}

/** The time of day that stands behind a date. */
function readTime(text: string, midnight: number): Reading | undefined {
  const h = digitsAfter(T, text, 10);
  const mi = digitsAfter(COLON, text, 13);
  // "The time 24:00 SHALL NOT be used"; second 60 is a leap second.
  if (!(h <= 23 && mi <= 59)) return undefined;
  const hasSecond = text.charCodeAt(16) === COLON;
  const second = hasSecond ? digits(text, 17, 2) : 0;
  const end = hasSecond ? endOfFraction(text, 19) : 16;
  const zone = text.slice(end);
  const offset = zone === '' || zone === 'Z' ? 0 : ZONE.test(zone) ? offsetOf(zone) : undefined;
  if (offset === undefined || !(second <= 60) || end === 20) return undefined;
  const zoned = zone !== '';
  const start = midnight + h * HOUR + mi * MINUTE - offset;
  if (!hasSecond) return span(start, start + MINUTE, 'minute', zoned);
  const from = start + second * SECOND;
  if (end === 19) return span(from, from + SECOND, 'second', zoned);
  const fraction = text.slice(20, end);
  const unit = 10 ** Math.max(0, 3 - fraction.length);
  const ms = from + Number(fraction.slice(0, 3)) * unit;
  return span(ms, ms + unit, 'fraction', zoned);
}

const ZONE = /^[+-]\d\d:\d\d$/;

/** So many digits as a number; NaN where something else stands. */
function digits(text: string, at: number, count: number): number {
  let number = 0;
  for (let i = at; i < at + count; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}

/** The two digits behind a character; NaN where it is another one. */
const digitsAfter = (character: number, text: string, at: number): number =>
  text.charCodeAt(at) === character ? digits(text, at + 1, 2) : Number.NaN;

/** The end of a dot and the digits behind it; `at` itself where there is no dot. */
function endOfFraction(text: string, at: number): number {
  if (text.charCodeAt(at) !== DOT) return at;
  let end = at + 1;
  while (digits(text, end, 1) >= 0) end += 1;
  return end;
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
