/** The clocks of a breach. */
import { describe, expect, test } from '@jest/globals';
import { breachClocks, reminderDue, type BreachFacts } from '../../../src/policies/breach-clocks.ts';

const discovered = Date.parse('2026-11-20T15:00:00Z');
const clocksOf = (facts: Partial<BreachFacts>) =>
  breachClocks({ discovered, individuals: 3, ...facts }).map(({ tells, by, law }) => [
    tells,
    new Date(by).toISOString(),
    law,
  ]);
const INDIVIDUALS = ['individuals', '2027-01-19T15:00:00.000Z', '45 CFR 164.404(b)'];

describe('(baa-messaging VR7) who is told by when', () => {
  test.each<[number, unknown[]]>([
    [1, [INDIVIDUALS, ['secretary', '2027-03-02T00:00:00.000Z', '45 CFR 164.408(c)']]],
    [499, [INDIVIDUALS, ['secretary', '2027-03-02T00:00:00.000Z', '45 CFR 164.408(c)']]],
    [500, [INDIVIDUALS, ['secretary', '2027-01-19T15:00:00.000Z', '45 CFR 164.408(b)']]],
    [
      501,
      [
        INDIVIDUALS,
        ['secretary', '2027-01-19T15:00:00.000Z', '45 CFR 164.408(b)'],
        ['media', '2027-01-19T15:00:00.000Z', '45 CFR 164.406'],
      ],
    ],
  ])('of %i individuals', (individuals, expected) => {
    expect(clocksOf({ individuals })).toEqual(expected);
  });

  test.each<[BreachFacts['vendor'], string]>([
    [{}, '2027-01-19T15:00:00.000Z'],
    [{ promisedHours: 72 }, '2026-11-23T15:00:00.000Z'],
    [{ promisedHours: 5000 }, '2027-01-19T15:00:00.000Z'],
  ])('a vendor that promises %j tells by %s', (vendor, by) => {
    expect(clocksOf({ vendor: vendor ?? {} }).at(-1)).toEqual(['covered-entity', by, '45 CFR 164.410(b)']);
  });

  test('the media are told where more than 500 of one state are affected', () => {
    const isMedia = (inOneState: number) =>
      clocksOf({ individuals: 900, inOneState }).some(([tells]) => tells === 'media');
    expect([500, 501].map(isMedia)).toEqual([false, true]);
  });
});

test('(baa-messaging VR7) a clock reminds 30, 10 and 3 days ahead, and never after its end', () => {
  const by = Date.parse('2026-12-31T00:00:00Z');
  const DAY = 86_400_000;
  const before = (days: number, ms = 0) => reminderDue(by, by - days * DAY + ms);
  expect([before(30, -1), before(30), before(10, -1), before(10), before(3, -1), before(3)]).toEqual([
    undefined,
    30,
    30,
    10,
    10,
    3,
  ]);
  expect([before(0, -1), before(0)]).toEqual([3, undefined]);
});
