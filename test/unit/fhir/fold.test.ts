import { expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import { cutText, foldText } from '../../../src/fhir/fold.ts';

test.each([
  ['Müller', 'muller'],
  ['MU\u0308LLER', 'muller'],
  ['Straße', 'strasse'],
  ['STRAẞE', 'strasse'],
  ['ŁÓDŹ', 'lodz'],
  ['Åse Bjørnæs', 'ase bjornaes'],
  ['Œuvre', 'oeuvre'],
  ['Þór Đorđe', 'thor dorde'],
  ['ＭＵＬＬＥＲ', 'muller'],
  ['Mül\u00adler\u00a0Ana', 'muller ana'],
  ['  Anna \t Maria\n', 'anna maria'],
  ["O'Brien-Smith", "o'brien-smith"],
  ['İstanbul', 'istanbul'],
  ['ΟΔΥΣΣΕΥΣ', 'οδυσσευσ'],
  ['Ὀδυσσεύς', 'οδυσσευσ'],
  ['ﬁancée', 'fiancee'],
  ['Nguyễn', 'nguyen'],
  ['李雷', '李雷'],
  ['', ''],
])('%j folds to %j', (text, folded) => {
  expect(foldText(text)).toBe(folded);
});

test('folding twice changes nothing, nor does case or an accent', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const folded = foldText(text);
      expect(foldText(folded)).toBe(folded);
      expect(foldText(text.normalize('NFC'))).toBe(folded);
      expect(foldText(text.normalize('NFD'))).toBe(folded);
    }),
  );
});

test('every character there is folds to what folds to itself', () => {
  const unsettled: string[] = [];
  for (let point = 0; point <= 0x10_ff_ff; point += 1) {
    if (point >= 0xd8_00 && point <= 0xdf_ff) continue;
    const text = String.fromCodePoint(point);
    const folded = foldText(text);
    const forms = new Set([folded, text.normalize('NFC'), text.normalize('NFD')]);
    // Most characters are all their forms.
    forms.delete(text);
    for (const form of forms) if (foldText(form) !== folded) unsettled.push(point.toString(16));
  }
  expect(unsettled).toEqual([]);
});

test('a cut text has at most so many code points and is a beginning of the whole', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(20), (text, max) => {
      const cut = cutText(text, max);
      expect(text.startsWith(cut)).toBe(true);
      expect(Array.from(cut)).toEqual(Array.from(text).slice(0, max));
    }),
  );
});
