/**
 * Times: DTM and TS (HL7 v2.5.1, 2.A.22, 2.A.77) ⇄ FHIR date and dateTime. A written offset stays. A time of day
 * without an offset is in the zone of the link, and the reading says so.
 */
import { isAfter, parseDate, parseDateTime } from '../../fhir/datetime.ts';
import { UNIT_MONTHS, UNIT_SECONDS } from './codes.ts';

export interface Moment {
  /** A FHIR dateTime, as precise as the sent time; zeros fill minutes and seconds where FHIR demands them. */
  readonly dateTime: string;
  /** Whether the offset was missing, so that the link's zone was used. */
  readonly assumed: boolean;
}

const DTM = /^(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(\.\d{1,9})?)?)?)?)?)?([+-]\d{4})?$/;

/** A DTM as a dateTime; undefined when the text is no DTM. `zone`: an IANA name or an offset. */
export function readDateTime(dtm: string, zone: string): Moment | undefined {
  const found = DTM.exec(dtm);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute = '00', second = '00', fraction = '', offset] = found;
  const date = [year, month, day].filter((part) => part !== undefined).join('-');
  if (hour === undefined) return valid({ dateTime: date, assumed: false });
  const local = `${date}T${hour}:${minute}:${second}${fraction}`;
  if (offset !== undefined) return valid({ dateTime: local + toColon(offset), assumed: false });
  const assumed = offsetOfLocal(local, zone);
  return assumed === undefined ? undefined : valid({ dateTime: local + assumed, assumed: true });
}

/** Whether a dateTime is ahead of the receipt of its message by more than clocks may differ. */
export const isAhead = (
  dateTime: string,
  {
    receivedAt,
    toleranceMs = 0,
  }: { readonly receivedAt?: number | undefined; readonly toleranceMs?: number | undefined },
): boolean => receivedAt !== undefined && isAfter(dateTime, receivedAt + toleranceMs);

/** The date of a DTM, whatever its time of day; undefined when it is none. */
export function readDate(dtm: string): string | undefined {
  const [, year, month, day] = DTM.exec(dtm) ?? [];
  const date = [year, month, day].filter((part) => part !== undefined).join('-');
  return parseDate(date) === undefined ? undefined : date;
}

/** A FHIR date, dateTime or instant as DTM. DTM has four digits for fractions of a second. */
export function writeDateTime(dateTime: string | undefined): string | undefined {
  if (dateTime === undefined) return undefined;
  const [, date = '', time = '', fraction = '', offset = ''] = DATE_TIME.exec(dateTime) ?? [];
  return (
    date.replaceAll('-', '') +
    time.replaceAll(':', '') +
    fraction.slice(0, 5) +
    (offset === 'Z' ? '+0000' : offset.replace(':', ''))
  );
}

const DATE_TIME = /^([\d-]{4,10})(?:T([\d:]{8})(\.\d+)?(Z|[+-]\d\d:\d\d))?$/;

/** A point of time as DTM to the second, in a zone (an IANA name or an offset). */
export function writeInstant(ms: number, zone: string): string {
  const offset = offsetAt(ms, zone) ?? 0;
  const local = new Date(ms + offset * MINUTE).toISOString().slice(0, 19);
  return local.replaceAll(/[-:T]/g, '') + formatOffset(offset).replace(':', '').replace('Z', '+0000');
}

const MINUTE = 60_000;

const valid = (moment: Moment): Moment | undefined =>
  parseDateTime(moment.dateTime) === undefined ? undefined : moment;

const toColon = (offset: string): string =>
  /^[+-]0000$/.test(offset) ? 'Z' : `${offset.slice(0, 3)}:${offset.slice(3)}`;

/** The offset of a local time: that of the instant at which the zone's clocks show this time. */
function offsetOfLocal(local: string, zone: string): string | undefined {
  const asUtc = Date.parse(`${local}Z`);
  if (Number.isNaN(asUtc)) return undefined;
  const guess = offsetAt(asUtc, zone);
  if (guess === undefined) return undefined;
  return formatOffset(offsetAt(asUtc - guess * MINUTE, zone) ?? guess);
}

/** Whether a text is the name of a zone, or an offset. */
export const isZone = (zone: string): boolean => Math.abs(offsetAt(0, zone) ?? Number.NaN) <= OFFSET_MAX;

/** Fourteen hours in minutes: the largest offset of a FHIR dateTime. */
const OFFSET_MAX = 14 * 60;

/** Minutes east of UTC; undefined when the zone does not exist. */
function offsetAt(ms: number, zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const fixed = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
  if (fixed !== null) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3]));
  const format = formatOf(zone);
  if (format === undefined) return undefined;
  const part = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const named = part.replace('GMT', '');
  return named === '' ? 0 : offsetAt(ms, named);
}

/** Formats by zone. Making one costs a hundred times as much as using it, and links have few zones. */
const FORMATS = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  const known = FORMATS.get(zone);
  if (known !== undefined) return known;
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    FORMATS.set(zone, format);
    return format;
  } catch {
    return undefined;
  }
}

function formatOffset(minutes: number): string {
  if (minutes === 0) return 'Z';
  const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}

/**
 * The dateTime that many units later, in its own offset and precision; undefined for a month or a year, and for unknown
 * units.
 */
export function addTo(dateTime: string, count: number, unit: string): string | undefined {
  const [, date = '', time = '00:00:00', fraction = '', offset = ''] = DATE_TIME.exec(dateTime) ?? [];
  if (date.length < 10 || !Number.isFinite(count)) return undefined;
  const ms = later(Date.parse(`${date}T${time}Z`), count, unit);
  if (ms === undefined || Number.isNaN(ms) || ms < EARLIEST || ms > LATEST) return undefined;
  const iso = new Date(ms).toISOString();
  return offset === '' ? iso.slice(0, 10) : iso.slice(0, 19) + fraction + offset;
}

/** The years that a dateTime can hold. */
const EARLIEST = Date.parse('1000-01-01T00:00:00Z');
const LATEST = Date.parse('9998-12-31T00:00:00Z');

function later(ms: number, count: number, unit: string): number | undefined {
  const seconds = UNIT_SECONDS.get(unit);
  if (seconds !== undefined) return ms + count * seconds * 1000;
  const months = UNIT_MONTHS.get(unit);
  if (months === undefined || !Number.isInteger(count)) return undefined;
  const day = new Date(ms).getUTCDate();
  const moved = new Date(ms);
  moved.setUTCMonth(moved.getUTCMonth() + count * months);
  if (moved.getUTCDate() !== day) moved.setUTCDate(0); // the 31st of a month of thirty days is its last
  return moved.getTime();
}

/** The time between two dateTimes, in the largest unit of which it is a whole number; undefined when there is none. */
export function timeBetween(
  from: string | undefined,
  to: string | undefined,
): { readonly count: number; readonly unit: string } | undefined {
  const seconds = (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1000;
  if (!Number.isInteger(seconds) || seconds <= 0) return undefined;
  const unit = ['d', 'h', 'min', 's'].find((each) => seconds % (UNIT_SECONDS.get(each) ?? 1) === 0) ?? 's';
  return { count: seconds / (UNIT_SECONDS.get(unit) ?? 1), unit };
}
