/** An accounting as a table for a spreadsheet and as a letter to print (audit-compliance AU20). */
import { csvTable } from '../csv-lines.ts';
import type { AccountingLine } from './lines.ts';

const COLUMNS = ['on', 'recipient', 'address', 'what', 'why', 'times', 'last', 'owed'] as const;

export const accountingCsv = (lines: readonly AccountingLine[]): string =>
  csvTable(
    COLUMNS,
    lines.map((line) => COLUMNS.map((name) => String(line[name]))),
  );

interface LetterFacts {
  readonly keeper: string;
  readonly from: string;
  readonly to: string;
  readonly today: string;
  readonly showsAll: boolean;
}

/** No script, no style from elsewhere: what a browser may do with it is said beside it. */
export const LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'";

export function accountingLetter(lines: readonly AccountingLine[], facts: LetterFacts): string {
  const { keeper, from, to, today, showsAll } = facts;
  const none = '<p>There were no such disclosures in this time.</p>';
  const items = lines.map((line) => `<li>${escapeHtml(sentenceOf(line, showsAll))}</li>`).join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Accounting of disclosures</title>
<style>body{font-family:serif;max-width:42em;margin:2em auto}li{margin:.5em 0}</style></head>
<body><p>${escapeHtml(keeper)}</p><p>${escapeHtml(today)}</p>
<h1>Accounting of disclosures</h1>
<p>This lists to whom we disclosed your health information from ${escapeHtml(from)} to ${escapeHtml(to)} (45 CFR 164.528).</p>
${lines.length === 0 ? none : `<ol>\n${items}\n</ol>`}
</body></html>
`;
}

function sentenceOf(
  { on, recipient, address, what, why, times, last, owed }: AccountingLine,
  showsAll: boolean,
): string {
  const repeated = times > 1 ? `${times} times, the last on ${last}` : '';
  return [
    on,
    [recipient, address].filter((part) => part !== '').join(', '),
    what,
    why,
    repeated,
    showsAll ? owed : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
