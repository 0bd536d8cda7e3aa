/** Compares dates that may be vague: a year, a month, a day, or a moment in some time zone. */
import { parseDateTime } from '../../fhir/datetime.ts';

/** The largest time between the beginning of a day somewhere and in UTC. */
const ZONE_MS = 14 * 3_600_000;

/** Whether one date is surely after the other; false when either is no date, or too vague to tell. */
export function isSurelyAfter(one: unknown, other: unknown): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return false;
  const [first, second] = [parseDateTime(one), parseDateTime(other)];
  if (first === undefined || second === undefined) return false;
  // A day has no time zone: next to a moment with one, it may be the day of any zone.
  const doubt = one.includes('T') === other.includes('T') ? 0 : ZONE_MS;
  return first.low > second.high + doubt;
}
