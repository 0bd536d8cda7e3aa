/**
 * CSV that a spreadsheet opens and cannot run (audit-compliance AU17): RFC 4180, UTF-8 with a mark at its beginning, and an
 * apostrophe before a cell that a spreadsheet would take for a formula.
 */

/** The media type of a table. */
export const CSV = 'text/csv';

/** The mark by which a spreadsheet knows UTF-8. */
export const CSV_MARK = '\uFEFF';

/** What begins a formula, also in the wide letters of East Asia; and the apostrophe itself, so that nothing is lost. */
const FORMULA = /^[=+\-@\t\r\n'＝＋－＠]/;
const QUOTED = /[",\r\n]|^\s|\s$/;

/** One line with its end. */
export const csvLine = (cells: readonly string[]): string => `${cells.map(cellOf).join(',')}\r\n`;

/** A whole table, with a line of the names of its columns. */
export const csvTable = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  CSV_MARK + [columns, ...rows].map(csvLine).join('');

function cellOf(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
