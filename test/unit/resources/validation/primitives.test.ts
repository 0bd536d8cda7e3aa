import { describe, expect, test } from '@jest/globals';
import * as fc from '../../../chance.ts';
import { PRIMITIVES } from '../../../../src/resources/validation/primitives.ts';

/** The patterns that R4 publishes, in letters on which this language and the standard agree. */
const PUBLISHED: Readonly<Record<string, string>> = {
  code: String.raw`[^\s]+(\s[^\s]+)*`,
  id: String.raw`[A-Za-z0-9\-\.]{1,64}`,
  uri: String.raw`\S+`,
  oid: String.raw`urn:oid:[0-2](\.(0|[1-9][0-9]*))+`,
  uuid: 'urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  time: String.raw`([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?`,
};

describe('the published pattern and ours agree', () => {
  test.each(Object.entries(PUBLISHED))('%s', (name, source) => {
    const published = new RegExp(`^(?:${source})$`);
    const letters = fc.string({
      unit: fc.constantFrom(...Array.from('urn:oid.019-aAfx \t2:60')),
      maxLength: 40,
    });
    const near = fc
      .stringMatching(published)
      .chain((text) => fc.nat(text.length).map((at) => text.slice(0, at) + text.slice(at + 1)));
    fc.assert(
      fc.property(fc.oneof(letters, near, fc.stringMatching(published)), (text) => {
        expect(PRIMITIVES[name]?.holds?.(text)).toBe(published.test(text));
      }),
    );
  });
});

test('base64 of any bytes is base64, with blanks anywhere; without a letter it is not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, place) => {
      const text = Buffer.from(bytes).toString('base64');
      const at = place % text.length;
      const holds = PRIMITIVES['base64Binary']?.holds;
      expect(holds?.(text)).toBe(true);
      expect(holds?.(`${text.slice(0, at)}\r\n${text.slice(at)}`)).toBe(true);
      expect(holds?.(text.replace(/[A-Za-z0-9+/]/, ''))).toBe(false);
    }),
  );
});

test('a day that the calendar has is a date, another is not', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9999 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 31 }),
      (year, month, day) => {
        const date = [
          String(year).padStart(4, '0'),
          ...[month, day].map((part) => String(part).padStart(2, '0')),
        ].join('-');
        const real = new Date(`${date}T00:00:00Z`);
        const exists = !Number.isNaN(real.getTime()) && real.toISOString().startsWith(date);
        expect(PRIMITIVES['date']?.holds?.(date)).toBe(exists);
        expect(PRIMITIVES['dateTime']?.holds?.(`${date}T10:00:00+02:00`)).toBe(exists);
        expect(PRIMITIVES['instant']?.holds?.(`${date}T10:00:00.5Z`)).toBe(exists);
      },
    ),
  );
});

test('megabytes of anything are judged, in time and without overflowing', () => {
  const half = 100_000;
  const hostile = ['a ', '.1', 'AAA\n', '<p>', ' a="b"', '&a', '0'].map((part) => part.repeat(half));
  const wrapped = hostile.flatMap((text) => [
    text,
    `<div xmlns="http://www.w3.org/1999/xhtml">${text}`,
    `<div${text}`,
    `urn:oid:1${text}`,
  ]);
  for (const { holds } of Object.values(PRIMITIVES)) {
    for (const text of wrapped) expect(typeof (holds?.(text) ?? true)).toBe('boolean');
  }
});
