/** Comparing dates that may be vague: a year, a month, a day, or a moment in some time zone. */
import { parseDateTime } from '../../fhir/datetime.ts';

/** How far a day may begin before or after it does in UTC. */
const ZONE_MS = 14 * 3_600_000;

/** Whether one is surely after the other. What is no date, or too vague to tell, is not. */
export function isAfter(one: unknown, other: unknown): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return false;
  const [first, second] = [parseDateTime(one), parseDateTime(other)];
  if (first === undefined || second === undefined) return false;
  // A day has no time zone: beside a moment that has one, it is anybody's day.
  const doubt = one.includes('T') === other.includes('T') ? 0 : ZONE_MS;
  return first.low > second.high + doubt;
}
