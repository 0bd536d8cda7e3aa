import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { cutText, foldText } from '../../../src/fhir/fold.ts';

test.each([
  ['Müller', 'muller'],
  ['MU\u0308LLER', 'muller'],
  ['Straße', 'strasse'],
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

test('a cut text has at most so many code points and is a beginning of the whole', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(20), (text, max) => {
      const cut = cutText(text, max);
      expect(text.startsWith(cut)).toBe(true);
      expect(Array.from(cut)).toEqual(Array.from(text).slice(0, max));
    }),
  );
});
