import { describe, expect, test } from '@jest/globals';
import { isMinted, mintNumber } from '../../../src/referral/number.ts';

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const MINTED = Array.from({ length: 50 }, (_, at) => mintNumber(`seed ${at}`));

describe('(rules 1.14) the numbers that the server gives', () => {
  test('are CL, twelve digits in fours and a check digit, each from its own seed', () => {
    for (const number of MINTED) expect(number).toMatch(/^CL(-[0-9A-HJKMNP-TV-Z]{4}){3}-[0-9A-HJKMNP-TV-Z]$/);
    expect(new Set(MINTED).size).toBe(MINTED.length);
    expect(MINTED.every(isMinted)).toBe(true);
    expect(mintNumber('seed 1')).toBe(MINTED[1]);
  });

  test('show every wrong digit', () => {
    for (const number of MINTED.slice(0, 10)) {
      for (const at of placesOf(number)) {
        const others = DIGITS.split('').filter((digit) => digit !== number[at]);
        expect(others.filter((digit) => isMinted(replaced(number, at, digit)))).toEqual([]);
      }
    }
  });

  test('show every two neighbours exchanged', () => {
    for (const number of MINTED) {
      const places = placesOf(number);
      const exchanged = places.slice(1).map((at, i) => {
        const [one, other] = [places[i] ?? 0, at];
        return replaced(replaced(number, one, number[other] ?? ''), other, number[one] ?? '');
      });
      expect(exchanged.filter((text) => text !== number && isMinted(text))).toEqual([]);
    }
  });

  test.each(['', 'CL', 'CL-0000-0000-0000-U', 'R-2026-00731', 'CL-00000000-0000-0', 'cl-0000-0000-0000-0'])(
    '%p is none',
    (text) => expect(isMinted(text)).toBe(false),
  );
});

const placesOf = (number: string): readonly number[] =>
  number.split('').flatMap((digit, at) => (at > 2 && digit !== '-' ? [at] : []));
const replaced = (text: string, at: number, digit: string): string =>
  text.slice(0, at) + digit + text.slice(at + 1);
