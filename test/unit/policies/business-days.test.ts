/** Business days of the information blocking rule (45 CFR 171.204(b)). */
import { expect, test } from '@jest/globals';
import { businessDaysAfter } from '../../../src/policies/business-days.ts';

// prettier-ignore
test.each<[from: string, days: number, to: string, because: string]>([
  ['2026-12-07', 10, '2026-12-21', 'two weeks'],
  ['2026-12-11', 1,  '2026-12-14', 'a weekend'],
  ['2026-12-12', 1,  '2026-12-14', 'from a Saturday'],
  ['2026-12-18', 10, '2027-01-05', 'Christmas and New Year, both on Fridays'],
  ['2026-07-02', 1,  '2026-07-06', 'Independence Day on a Saturday, kept on Friday'],
  ['2027-07-02', 1,  '2027-07-06', 'Independence Day on a Sunday, kept on Monday'],
  ['2027-12-30', 1,  '2028-01-03', 'New Year on a Saturday, kept in the old year'],
  ['2026-11-25', 1,  '2026-11-27', 'Thanksgiving'],
  ['2026-05-22', 1,  '2026-05-26', 'Memorial Day'],
  ['2026-01-16', 1,  '2026-01-20', 'Martin Luther King'],
  ['2026-02-13', 1,  '2026-02-17', 'Washington'],
  ['2026-06-18', 1,  '2026-06-22', 'Juneteenth'],
  ['2026-09-04', 1,  '2026-09-08', 'Labor Day'],
  ['2026-10-09', 1,  '2026-10-13', 'Columbus Day'],
  ['2026-11-10', 1,  '2026-11-12', 'Veterans Day'],
])('(compliance I4) from %s, %i business days later: %s (%s)', (from, days, to) => {
  for (const time of ['T00:00:00.000Z', 'T23:59:59.999Z'])
    expect(businessDaysAfter(Date.parse(from + time), days)).toBe(to);
});
