/** The page of the tables of deliveries, for `npm run docs`. */
import { ANY_RAIL, EVIDENCE_BY_RAIL, type EvidenceRow } from './evidence-table.ts';
import { DELIVERY_STATES, deliveryRank } from './states.ts';
import type { DeliveryState } from '../../ports/delivered.ts';

export function deliveriesMarkdown(): string {
  return (
    [
      '# Deliveries',
      'Generated from `src/delivery/delivered` by `npm run docs`.',
      'A delivery is one event of a referral for one counterparty. Its state is the highest rank for which there is evidence, whichever came first. Delivered is what has rank 3 or higher. Evidence never moves the referral. [See whether a referral arrived](../how-to/see-whether-a-referral-arrived.md) shows how to ask.',
      '## States',
      table(['Rank', 'State', 'Words'], stateRows()),
      '## Evidence',
      'What ends a delivery holds until there is evidence of the rank in the last column, or higher. What a machine received, nobody has read yet.',
      ...Object.entries(EVIDENCE_BY_RAIL).flatMap(([rail, rows]) => [`### ${rail}`, evidenceTable(rows)]),
      '### any rail',
      evidenceTable(ANY_RAIL),
    ].join('\n\n') + '\n'
  );
}

const stateRows = (): readonly (readonly string[])[] =>
  (Object.entries(DELIVERY_STATES) as [DeliveryState, string][]).map(([state, says]) => [
    String(deliveryRank(state) ?? 'end'),
    `\`${state}\``,
    says,
  ]);

const evidenceTable = (rows: Readonly<Partial<Record<string, EvidenceRow>>>): string =>
  table(
    ['Evidence', 'Means', 'By', 'Shows', 'Until'],
    Object.entries(rows).flatMap(([kind, row]) => (row === undefined ? [] : [evidenceCells(kind, row)])),
  );

function evidenceCells(kind: string, row: EvidenceRow): readonly string[] {
  const shows = 'rank' in row ? row.rank : 'end' in row ? row.end : 'a work item';
  return [`\`${kind}\``, row.says, row.by, shows, 'until' in row ? row.until : ''];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
