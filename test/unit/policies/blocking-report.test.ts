/** Counting what was kept back (compliance I6): lines, waiting, and the comparison with others. */
import { describe, expect, test } from '@jest/globals';
import { createBlockingReport, type Inquiry } from '../../../src/policies/blocking-report.ts';

const ask = (counterparty: string, exception?: string, more: Partial<Inquiry> = {}): Inquiry => ({
  counterparty,
  what: 'Observation/o',
  class: 'Observation',
  rail: 'fhir',
  at: 0,
  exception,
  ...more,
});
const countOf = (asks: readonly Inquiry[]) => {
  const counting = createBlockingReport();
  for (const one of asks) counting.take(one);
  return counting.report();
};
const times = (count: number, one: Inquiry) => Array.from({ length: count }, () => one);

describe('(compliance I6) the report', () => {
  test('has a line for each counterparty, exception, way and class', () => {
    const { denials } = countOf([
      ask('a', 'security'),
      ask('a', 'security'),
      ask('a', 'privacy-precondition'),
      ask('a', 'security', { rail: 'rest-hook' }),
      ask('b', 'security', { class: 'Observation R' }),
      ask('b'),
    ]);
    expect(denials.map((line) => Object.values(line).join(' '))).toEqual([
      'a privacy-precondition fhir Observation 1',
      'a security fhir Observation 2',
      'a security rest-hook Observation 1',
      'b security fhir Observation R 1',
    ]);
  });

  test('says how long those waited who were answered later', () => {
    const { answers } = countOf([
      ask('a', 'security', { at: 1000 }),
      ask('a', 'security', { at: 2000 }),
      ask('a', undefined, { at: 5000 }),
      ask('a', 'security', { at: 6000, what: 'Observation/other' }),
      ask('b', undefined, { at: 6000 }),
    ]);
    expect(answers).toEqual([{ counterparty: 'a', answeredLater: 1, open: 1, medianMs: 4000 }]);
  });

  test.each([
    ['over twice the median', 9, 20, true],
    ['twice the median', 8, 20, false],
    ['nobody else asked often', 9, 19, false],
  ])('%s of others', (_name, denials, othersAsk, biased) => {
    const { rates } = countOf([
      ...times(denials, ask('suspect', 'none-review')),
      ...times(20 - denials, ask('suspect')),
      ...['b', 'c'].flatMap((other) => [
        ...times(4, ask(other, 'security')),
        ...times(othersAsk - 4, ask(other)),
      ]),
      ...times(30, ask('d', 'security', { class: 'Task' })),
    ]);
    expect(rates.find(({ counterparty }) => counterparty === 'suspect')?.biased).toBe(biased);
    expect(rates.find(({ counterparty }) => counterparty === 'd')?.biased).toBe(false);
  });
});
