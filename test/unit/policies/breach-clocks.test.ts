/** The clocks of a breach. */
import { describe, expect, test } from '@jest/globals';
import { breachClocks, type BreachFacts } from '../../../src/policies/breach-clocks.ts';

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
});
