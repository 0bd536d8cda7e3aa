/**
 * Business days: Monday to Friday without federal holidays (5 U.S.C. 6103). Whoever keeps information back because it is
 * infeasible tells the requester why in writing within ten of them (45 CFR 171.204(b)).
 */

const DAY_MS = 86_400_000;
const [SUNDAY, MONDAY, THURSDAY, SATURDAY] = [0, 1, 4, 6] as const;

/** A holiday on a day of a month, or on the nth weekday of a month; the last one where `nth` is -1. Months count from 0. */
type Holiday =
  | readonly [name: string, month: number, day: number]
  | readonly [name: string, month: number, nth: number, weekday: number];

// prettier-ignore
const HOLIDAYS: readonly Holiday[] = [
  ["New Year's Day",                 0, 1],
  ['Birthday of Martin Luther King', 0, 3, MONDAY],
  ["Washington's Birthday",          1, 3, MONDAY],
  ['Memorial Day',                   4, -1, MONDAY],
  ['Juneteenth',                     5, 19],
  ['Independence Day',               6, 4],
  ['Labor Day',                      8, 1, MONDAY],
  ['Columbus Day',                   9, 2, MONDAY],
  ['Veterans Day',                   10, 11],
  ['Thanksgiving Day',               10, 4, THURSDAY],
  ['Christmas Day',                  11, 25],
];

/** The day on which a holiday is kept: one on a Saturday on the Friday before, one on a Sunday on the Monday after. */
function keptOn([, month, day, weekday]: Holiday, year: number): number {
  if (weekday !== undefined) return nthWeekday(year, month, day, weekday);
  const date = Date.UTC(year, month, day);
  const on = new Date(date).getUTCDay();
  if (on === SATURDAY) return date - DAY_MS;
  return on === SUNDAY ? date + DAY_MS : date;
}

function nthWeekday(year: number, month: number, nth: number, weekday: number): number {
  const edge = nth > 0 ? Date.UTC(year, month, 1) : Date.UTC(year, month + 1, 0);
  const off = new Date(edge).getUTCDay();
  return nth > 0
    ? edge + (((weekday - off + 7) % 7) + (nth - 1) * 7) * DAY_MS
    : edge - ((off - weekday + 7) % 7) * DAY_MS;
}

/** Whether a day, the milliseconds of its midnight in UTC, is one. The holiday of a new year may be kept in the old. */
function isBusinessDay(day: number): boolean {
  const date = new Date(day);
  if ([SUNDAY, SATURDAY].includes(date.getUTCDay() as 0 | 6)) return false;
  const year = date.getUTCFullYear();
  return ![year, year + 1].some((one) => HOLIDAYS.some((holiday) => keptOn(holiday, one) === day));
}

/** The day (`2026-12-14`) that is so many business days after an instant in milliseconds since 1970; its own day does not count. */
export function businessDaysAfter(at: number, days: number): string {
  let day = Math.floor(at / DAY_MS) * DAY_MS;
  for (let left = days; left > 0;) {
    day += DAY_MS;
    if (isBusinessDay(day)) left -= 1;
  }
  return new Date(day).toISOString().slice(0, 10);
}

/** Business days within which a requester is told why something is infeasible. */
export const INFEASIBLE_TOLD_WITHIN = 10;
