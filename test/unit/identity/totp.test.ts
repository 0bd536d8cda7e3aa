/** One-time passwords: the vectors of RFC 6238, otpauth as oracle, and each code once. */
import { describe, expect, test } from '@jest/globals';
import { Secret, TOTP, URI } from 'otpauth';
import { decodeBase32, encodeBase32 } from '../../../src/identity/base32.ts';
import { matchTotp, matchTwoTotps, totpCode, totpStep, totpUri } from '../../../src/identity/totp.ts';
import * as fc from '../../chance.ts';

const SECRET = Buffer.from('12345678901234567890');
const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 });
const instant = fc.integer({ min: 0, max: 2 ** 41 });

describe('one-time passwords', () => {
  // RFC 6238 appendix B, SHA-1, of which ours are the last six digits
  test.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('(identity ID-30) at %d seconds RFC 6238 says %s', (seconds, code) => {
    expect(totpCode(SECRET, totpStep(seconds * 1000))).toBe(code.slice(-6));
  });

  test('(identity ID-30) says what otpauth says', () => {
    fc.assert(
      fc.property(bytes, instant, (secret, now) => {
        const oracle = new TOTP({ secret: new Secret({ buffer: secret.slice().buffer }) });
        expect(totpCode(secret, totpStep(now))).toBe(oracle.generate({ timestamp: now }));
      }),
    );
  });

  const NOW = 1_700_000_000_000;
  const PRESENT = totpStep(NOW);
  test.each([
    ['two steps early', -2, false],
    ['one step early', -1, true],
    ['of now', 0, true],
    ['one step late', 1, true],
    ['two steps late', 2, false],
  ])('(identity ID-30) a code %s: %#', (_name, offset, counts) => {
    const code = totpCode(SECRET, PRESENT + offset);
    const step = matchTotp({ secret: SECRET, lastStep: 0 }, code, NOW);
    expect(step).toBe(counts ? PRESENT + offset : undefined);
  });

  test('(identity ID-30) a code is taken once, and none before it any more', () => {
    const code = totpCode(SECRET, PRESENT);
    expect(matchTotp({ secret: SECRET, lastStep: PRESENT - 1 }, code, NOW)).toBe(PRESENT);
    expect(matchTotp({ secret: SECRET, lastStep: PRESENT }, code, NOW)).toBeUndefined();
    expect(
      matchTotp({ secret: SECRET, lastStep: PRESENT }, totpCode(SECRET, PRESENT - 1), NOW),
    ).toBeUndefined();
  });

  test.each(['', '12345', '1234567', '12345a', '١٢٣٤٥٦', '-12345'])('%j is no code', (typed) => {
    expect(matchTotp({ secret: SECRET, lastStep: 0 }, typed, NOW)).toBeUndefined();
  });

  test('a code may be typed in groups', () => {
    const code = totpCode(SECRET, PRESENT);
    expect(matchTotp({ secret: SECRET, lastStep: 0 }, ` ${code.slice(0, 3)} ${code.slice(3)}`, NOW)).toBe(
      PRESENT,
    );
  });

  test.each([
    [-1, 0, true],
    [-2, -1, true],
    [0, 1, true],
    [0, 0, false],
    [-1, 1, false],
    [0, -1, false],
    [-3, -2, false],
  ])('(identity ID-31) codes of steps %d and %d enrol: %s', (first, second, enrols) => {
    const codes = [totpCode(SECRET, PRESENT + first), totpCode(SECRET, PRESENT + second)] as const;
    expect(matchTwoTotps(SECRET, codes, NOW)).toBe(enrols ? PRESENT + second : undefined);
  });

  test('(identity ID-31) the URI is read by otpauth as it was meant', () => {
    const read = URI.parse(totpUri(SECRET, 'Closeloop & Co', 'ann+1@clinic.example'));
    expect(read).toMatchObject({
      issuer: 'Closeloop & Co',
      label: 'ann+1@clinic.example',
      digits: 6,
      period: 30,
    });
    expect(Buffer.from(read.secret.bytes)).toEqual(SECRET);
  });
});

describe('base32', () => {
  // RFC 4648 section 10, without the padding
  test.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('%j is %j', (plain, text) => {
    expect(encodeBase32(Buffer.from(plain))).toBe(text);
    expect(decodeBase32(text)?.toString()).toBe(plain);
  });

  test('comes back, however it is grouped', () => {
    fc.assert(
      fc.property(bytes, (plain) => {
        const grouped = encodeBase32(plain).toLowerCase().replaceAll(/.{4}/g, '$&-');
        expect(decodeBase32(grouped)).toEqual(Buffer.from(plain));
      }),
    );
  });

  test('has no 0, 1, 8 and 9', () => {
    expect(['0', '1', '8', '9', 'é'].map((text) => decodeBase32(text))).toEqual(Array(5).fill(undefined));
  });
});
