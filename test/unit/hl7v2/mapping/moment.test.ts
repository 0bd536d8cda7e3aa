/** Times of messages and FHIR's, with their offsets; durations. */
import { describe, expect, test } from '@jest/globals';
import {
  addTo,
  readDate,
  readDateTime,
  timeBetween,
  writeDateTime,
  writeInstant,
} from '../../../../src/hl7v2/mapping/moment.ts';

// prettier-ignore
const DTMS = [
  // DTM                       zone                dateTime                          assumed
  ['2025',                     'Z',                '2025',                           false],
  ['202503',                   'Z',                '2025-03',                        false],
  ['20250314',                 'America/New_York', '2025-03-14',                     false],
  ['2025031409',               'Z',                '2025-03-14T09:00:00Z',           true],
  ['202503140905',             '+05:30',           '2025-03-14T09:05:00+05:30',      true],
  ['20250314090512-0500',      'Z',                '2025-03-14T09:05:12-05:00',      false],
  ['20250314090512.1234+0000', 'Z',                '2025-03-14T09:05:12.1234Z',      false],
  ['20250314090512',           '-0500',            '2025-03-14T09:05:12-05:00',      true],
  ['20250114090512',           'America/New_York', '2025-01-14T09:05:12-05:00',      true],
  ['20250714090512',           'America/New_York', '2025-07-14T09:05:12-04:00',      true],
  ['20250309033000',           'America/New_York', '2025-03-09T03:30:00-04:00',      true], // the first hour of summer
  ['20251102003000',           'America/New_York', '2025-11-02T00:30:00-04:00',      true],
] as const;

// prettier-ignore
const NO_TIMES = ['', '25', '20251314', '20250230', '20250314240000', '20250314096000', '20250314090512-9900', 'today', '2025-03-14', ' 20250314'];

describe('DTM → dateTime', () => {
  test.each(DTMS)('%s in %s is %s', (dtm, zone, dateTime, assumed) => {
    expect(readDateTime(dtm, zone)).toEqual({ dateTime, assumed });
  });

  test.each(NO_TIMES)('%p is none', (dtm) => {
    expect(readDateTime(dtm, 'Z')).toBeUndefined();
  });

  test('a zone that there is not gives no time', () => {
    expect(readDateTime('20250314090512', 'Atlantis/Capital')).toBeUndefined();
  });

  test('of a birth date the time of day is left out', () => {
    expect(readDate('197103081530')).toBe('1971-03-08');
    expect(readDate('1971')).toBe('1971');
    expect(readDate('19711308')).toBeUndefined();
  });
});

describe('dateTime → DTM', () => {
  test.each([
    ['2025-03-14T09:05:12-05:00', '20250314090512-0500'],
    ['2025-03-14T09:05:12Z', '20250314090512+0000'],
    ['2025-03-14T09:05:12.123456789Z', '20250314090512.1234+0000'],
    ['2025-03', '202503'],
  ])('%s is %s', (dateTime, dtm) => {
    expect(writeDateTime(dateTime)).toBe(dtm);
  });

  test.each([
    ['Z', '20250314140512+0000'],
    ['-05:00', '20250314090512-0500'],
    ['America/New_York', '20250314100512-0400'],
    ['Asia/Kolkata', '20250314193512+0530'],
  ])('an instant in %s is %s', (zone, dtm) => {
    expect(writeInstant(Date.parse('2025-03-14T14:05:12Z'), zone)).toBe(dtm);
  });
});

describe('durations', () => {
  test.each([
    ['2025-03-14T09:03:00-05:00', 90, 'd', '2025-06-12T09:03:00-05:00'],
    ['2025-01-31T09:03:00Z', 1, 'mo', '2025-02-28T09:03:00Z'],
    ['2024-02-29', 1, 'a', '2025-02-28'],
    ['2025-03-14T09:03:00.5Z', 90, 's', '2025-03-14T09:04:30.5Z'],
    ['2025-03-14', 2, 'wk', '2025-03-28'],
  ])('%s and %d%s is %s', (from, count, unit, to) => {
    expect(addTo(from, count, unit)).toBe(to);
  });

  test.each([
    ['2025', 1, 'd'],
    ['2025-03-14', 1, 'fortnight'],
    ['2025-03-14', 1.5, 'mo'],
    ['2025-03-14', 1e12, 'd'],
    ['2025-03-14', Number.NaN, 'd'],
  ])('%s and %d%s is no time', (from, count, unit) => {
    expect(addTo(from, count, unit)).toBeUndefined();
  });

  test('are in the largest unit that is whole', () => {
    const from = '2025-03-14T09:00:00Z';
    expect(timeBetween(from, '2025-06-12T09:00:00Z')).toEqual({ count: 90, unit: 'd' });
    expect(timeBetween(from, '2025-03-14T12:00:00Z')).toEqual({ count: 3, unit: 'h' });
    expect(timeBetween(from, '2025-03-14T09:01:30Z')).toEqual({ count: 90, unit: 's' });
    expect(timeBetween(from, '2025-03-14T08:00:00Z')).toBeUndefined();
    expect(timeBetween(from, undefined)).toBeUndefined();
  });
});
