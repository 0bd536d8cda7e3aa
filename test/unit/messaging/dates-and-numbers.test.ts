/** The days and numbers by which a text may tell of a patient. */
import { describe, expect, test } from '@jest/globals';
import { datesIn, numbersIn } from '../../../src/messaging/dates-and-numbers.ts';
import { plainTextOf } from '../../../src/messaging/plain-text.ts';

describe('(baa-messaging MS21) what patients are looked up by', () => {
  test.each([
    ['1970-01-02', ['1970-01-02', '1970-02-01']],
    ['01/02/1970', ['1970-01-02', '1970-02-01']],
    ['born 31.01.1970', ['1970-01-31']],
    ['January 2nd, 1970', ['1970-01-02', '1970-02-01']],
    ['2 de enero de 1970', ['1970-01-02', '1970-02-01']],
    ['dic 24 85', ['1985-12-24', '2085-12-24']],
    ['31/02/1970', []],
    ['room 12, floor 3', []],
  ])('the days that %p may name', (text, days) => {
    expect([...datesIn(plainTextOf({ text }))].toSorted()).toEqual(days);
  });

  test('the numbers of a text as they are written, each once, and none that is short', () => {
    expect(numbersIn(plainTextOf({ text: 'MRN A-123456, again A-123456; bed 12; hello' }))).toEqual([
      'A-123456',
    ]);
  });
});
