import { describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import {
  BEGINNING,
  END,
  formatInstant,
  parseDate,
  parseDateTime,
  parseInstant,
  parseSearchDate,
} from '../../../src/fhir/datetime.ts';

/** text, first and last instant. */
const INTERVALS = [
  ['2026', '2026-01-01T00:00:00.000Z', '2026-12-31T23:59:59.999Z'],
  ['2024-02', '2024-02-01T00:00:00.000Z', '2024-02-29T23:59:59.999Z'],
  ['2026-11-22', '2026-11-22T00:00:00.000Z', '2026-11-22T23:59:59.999Z'],
  ['2026-11-22T15:04:05Z', '2026-11-22T15:04:05.000Z', '2026-11-22T15:04:05.999Z'],
  ['2026-11-22T15:04:05+02:30', '2026-11-22T12:34:05.000Z', '2026-11-22T12:34:05.999Z'],
  ['2026-11-22T15:04:05-14:00', '2026-11-23T05:04:05.000Z', '2026-11-23T05:04:05.999Z'],
  ['2026-11-22T15:04:05.1Z', '2026-11-22T15:04:05.100Z', '2026-11-22T15:04:05.199Z'],
  ['2026-11-22T15:04:05.12Z', '2026-11-22T15:04:05.120Z', '2026-11-22T15:04:05.129Z'],
  ['2026-11-22T15:04:05.123456Z', '2026-11-22T15:04:05.123Z', '2026-11-22T15:04:05.123Z'],
  ['2026-12-31T23:59:60Z', '2027-01-01T00:00:00.000Z', '2027-01-01T00:00:00.999Z'],
  ['0001-01-01', '0001-01-01T00:00:00.000Z', '0001-01-01T23:59:59.999Z'],
  ['0099', '0099-01-01T00:00:00.000Z', '0099-12-31T23:59:59.999Z'],
  ['9999', '9999-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'],
] as const;

test.each(INTERVALS)('%s lasts from %s to %s', (text, low, high) => {
  expect(parseDateTime(text)).toMatchObject({ low: Date.parse(low), high: Date.parse(high) });
});

const NO_DATES = [
  '',
  '26',
  '0000',
  '2026-13',
  '2026-00',
  '2026-02-29',
  '2026-02-31',
  '2026-04-31',
  '2026-1-1',
  '2026-11-22T24:00:00Z',
  '2026-11-22T15:60:00Z',
  '2026-11-22T15:04:61Z',
  '2026-11-22T15:04:05+14:01',
  '2026-11-22T15:04:05+15:00',
  '2026-11-22T15:04:05+01:60',
  '2026-11-22T15Z',
  '2026-11-22T15:04:05.Z',
  '2026-11-22t15:04:05Z',
  ' 2026',
  '2026\n',
  '20261122',
  '-2026',
];

test.each(NO_DATES)('%j is no date anywhere', (text) => {
  expect([parseDate(text), parseDateTime(text), parseInstant(text), parseSearchDate(text)]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

describe('each datatype takes its own precisions', () => {
  test.each([
    ['2026', true, true, false],
    ['2026-11', true, true, false],
    ['2026-11-22', true, true, false],
    ['2026-11-22T15:04Z', false, false, false],
    ['2026-11-22T15:04:05', false, false, false],
    ['2026-11-22T15:04:05Z', false, true, true],
    ['2026-11-22T15:04:05.000+01:00', false, true, true],
  ])('%s: date %s, dateTime %s, instant %s', (text, date, dateTime, instant) => {
    expect(
      [parseDate(text), parseDateTime(text), parseInstant(text)].map((found) => found !== undefined),
    ).toEqual([date, dateTime, instant]);
    expect(parseSearchDate(text)).toBeDefined();
  });
});

test.each([
  ['2026-11-22T15:04', '2026-11-22T15:04:00.000Z', '2026-11-22T15:04:59.999Z'],
  ['2026-11-22T15:04+01:00', '2026-11-22T14:04:00.000Z', '2026-11-22T14:04:59.999Z'],
  ['2026-11-22T15:04:05', '2026-11-22T15:04:05.000Z', '2026-11-22T15:04:05.999Z'],
  ['2026-11-22T15:04:05 01:00', '2026-11-22T14:04:05.000Z', '2026-11-22T14:04:05.999Z'],
])('as searched, %s lasts from %s to %s', (text, low, high) => {
  expect(parseSearchDate(text)).toMatchObject({ low: Date.parse(low), high: Date.parse(high) });
});

const MOMENTS = fc.integer({
  min: Date.parse('0001-01-01T00:00:00Z'),
  max: Date.parse('9999-12-31T23:59:59Z'),
});

test('every moment lies in the intervals of all its precisions, each within the one before', () => {
  fc.assert(
    fc.property(MOMENTS, (ms) => {
      const instant = formatInstant(ms);
      const texts = [4, 7, 10].map((length) => instant.slice(0, length));
      const spans = [...texts, `${instant.slice(0, 19)}Z`, instant].map((text) => parseDateTime(text));
      expect(spans.at(-1)).toMatchObject({ low: ms, high: ms });
      for (const [index, span] of spans.entries()) {
        const outer = spans[Math.max(0, index - 1)];
        expect(span!.low).toBeLessThanOrEqual(ms);
        expect(span!.high).toBeGreaterThanOrEqual(ms);
        expect(outer!.low).toBeLessThanOrEqual(span!.low);
        expect(outer!.high).toBeGreaterThanOrEqual(span!.high);
      }
    }),
  );
});

test('an offset says the same moment in another place', () => {
  fc.assert(
    fc.property(MOMENTS, fc.integer({ min: -14 * 60, max: 14 * 60 }), (ms, minutes) => {
      const local = formatInstant(ms + minutes * 60_000);
      fc.pre(local.length === 24);
      const sign = minutes < 0 ? '-' : '+';
      const [hour, minute] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
      const zone = `${sign}${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
      fc.pre(!local.startsWith('0000'));
      expect(parseInstant(local.replace('Z', zone))).toMatchObject({ low: ms, high: ms });
    }),
  );
});

const part = (max: number) => fc.integer({ min: 0, max });
const pad = (value: number, length: number) => String(value).padStart(length, '0');

test('a day exists exactly when the calendar has it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9999 }), part(14), part(33), (year, month, day) => {
      const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
      const date = new Date(`${text}T00:00:00.000Z`);
      const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
      expect(parseDate(text) !== undefined).toBe(exists);
    }),
  );
});

test('the open ends lie beyond every date', () => {
  expect(BEGINNING).toBeLessThan(parseDate('0001')!.low);
  expect(END).toBeGreaterThan(parseDate('9999')!.high);
});
