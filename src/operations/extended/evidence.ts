/**
 * `ServiceRequest/[id]/$evidence` (audit-compliance AU45): the evidence of one referral for either party, in its own view: who
 * referred whom, why and on which basis, what went along, every event, and how it ended, as far as its token lets it read them. As Parameters, CSV and a page.
 */
import type { Ref } from '../../fhir/types.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { CSV, CSV_MARK, csvLine } from '../csv-lines.ts';
import { gatherEvidence } from '../evidence/gather.ts';
import { evidenceTables, type EvidenceTable } from '../evidence/lines.ts';
import { lineParts } from './information-blocking-report.ts';
import { invalidParameter, textIn } from './input.ts';
import type { Invocation, Operation, OperationReply } from './operation.ts';
import { parametersOf, type Out } from './output.ts';
import { readPresent } from '../read-present.ts';

export const evidenceOfReferral: Operation = {
  name: 'evidence',
  title: 'The evidence of a referral',
  description:
    'What is on record of the referral of an order, as the party that asks may see it: the referral with its reason, basis and outcome, the records that went along, and every event. Each table is a parameter with lines; with as=page an HTML page to print, with as=csv the tables as CSV, in the media type of their own.',
  levels: ['instance'],
  resource: ['ServiceRequest'],
  affectsState: false,
  needs: 'read',
  content: { gives: [CSV, 'text/html'] },
  parameters: [
    {
      name: 'as',
      use: 'in',
      min: 0,
      max: '1',
      type: 'code',
      documentation: '`csv` (the default) or `page`: what a client gets that asks for no FHIR type.',
    },
    {
      name: 'line',
      use: 'out',
      min: 0,
      max: '*',
      documentation: 'A line: its table, and its cells by their columns.',
      part: lineParts(
        'table',
        'what',
        'value',
        'record',
        'title',
        'event',
        'recorded',
        'move',
        'organization',
      ),
    },
  ],
  perform,
};

async function perform({ context, request, input, sight }: Invocation): Promise<OperationReply> {
  const as = textIn(input, 'as') ?? 'csv';
  if (as !== 'csv' && as !== 'page') throw invalidParameter('as', 'as is csv or page');
  const snapshot = context.store.snapshot();
  const ref: Ref = `ServiceRequest/${request.id ?? ''}`;
  const version = await readPresent(snapshot, ref, sight);
  const evidence = await gatherEvidence(context, snapshot, request, sight, parseStored(version.text));
  const tables = evidenceTables(evidence);
  const seen = [
    {
      ref,
      seq: version.seq,
      custodian: version.custodian,
      patients: context.patientsOf(ref, version.seq, version.text),
    },
  ];
  const content =
    as === 'csv'
      ? { bytes: Buffer.from(csvOf(tables)), contentType: `${CSV}; charset=utf-8` }
      : {
          bytes: Buffer.from(pageOf(ref, tables)),
          contentType: 'text/html; charset=utf-8',
          policy: PAGE_POLICY,
        };
  return { status: 200, resource: parametersOf(tables.flatMap(linesOfTable)), content, seen };
}

const linesOfTable = ({ title, columns, rows }: EvidenceTable): readonly Out[] =>
  rows.map((cells) => ({
    name: 'line',
    part: [
      { name: 'table', valueString: title },
      ...columns.flatMap((column, at) => {
        const cell = cells[at] ?? '';
        return cell === '' ? [] : [{ name: column, valueString: cell }];
      }),
    ],
  }));

/** One table after the other, an empty line between. */
const csvOf = (tables: readonly EvidenceTable[]): string =>
  CSV_MARK +
  tables
    .map(({ title, columns, rows }) =>
      [['table', ...columns], ...rows.map((cells) => [title, ...cells])].map(csvLine).join(''),
    )
    .join('\r\n');

/** The page shows nothing but itself. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
const STYLE =
  'body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;margin-bottom:2em}td,th{border:1px solid #999;padding:4px 8px;text-align:left;vertical-align:top}';

const pageOf = (ref: Ref, tables: readonly EvidenceTable[]): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Evidence of ${safe(ref)}</title><style>${STYLE}</style><h1>Evidence of ${safe(ref)}</h1>${tables.map(tableOf).join('')}</html>\n`;

const tableOf = ({ title, columns, rows }: EvidenceTable): string =>
  `<h2>${safe(title)}</h2><table><tr>${columns.map((cell) => `<th>${safe(cell)}</th>`).join('')}</tr>${rows
    .map((cells) => `<tr>${cells.map((cell) => `<td>${safe(cell)}</td>`).join('')}</tr>`)
    .join('')}</table>`;

const MARKS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const safe = (text: string): string => text.replaceAll(/[&<>"]/g, (mark) => MARKS[mark] ?? mark);
