/**
 * The referral's rules as a page for people, `docs/reference/transitions.md`, made from the tables by which the server
 * decides.
 */
import { ALIASES, GAPS, ROWS, type Mover, type Transition } from './extensions.ts';
import { FIELD_RULES } from './fields.ts';
import { REWRITTEN_FIELDS } from './rewritten.ts';
import { ALL_STATES, businessStatusOf, describeState, isTerminal, type State } from './state.ts';
import { TRANSACTION_NAMES, TRANSACTIONS, transactionOf } from './transactions.ts';

/** The whole page. It changes only when a table changes. */
export function transitionsMarkdown(): string {
  return [
    '# Transitions of a referral',
    'Generated from `src/referral`. Rows with a plain number are those of BSeR, *Harmonized State Transitions*; rows whose id begins with G are of this project, and close the gap of that number.',
    '## States',
    table(['State', 'Task.status', 'businessStatus', 'Ends'], ALL_STATES.map(stateCells)),
    diagram(),
    "## The guide's rows",
    transitions(ROWS.filter(({ source }) => source === 'BSeR')),
    '## Our rows',
    transitions(ROWS.filter(({ source }) => source !== 'BSeR')),
    '## Our aliases',
    'What a client writes that means an event rather than the state itself.',
    table(['Because of', 'Who', 'Writes', 'Means'], ALIASES.map(aliasCells)),
    '## Gaps and what was decided',
    table(['Gap', 'Found', 'Decided'], gapRows()),
    '## 360X transactions',
    table(['Event', 'Transaction', 'Message', 'ORC-1', 'ORC-5', 'Document', 'Reason'], transactionRows()),
    'A decline after an acceptance is PCC-56, with the same codes.',
    '## Fields that are rewritten',
    'What was written and what is stored may differ in these fields alone; the reply says so in an informational issue.',
    table(
      ['Field', 'Written', 'Stored', 'Why'],
      REWRITTEN_FIELDS.map(({ field, written, stored, reason }) => [field, written, stored, reason]),
    ),
    '## Fields that freeze',
    table(
      ['Field', 'Rule', 'Refusal'],
      FIELD_RULES.map(({ element, rule, issue }) => [`Task.${element}`, rule, issue]),
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

const WORDS: Readonly<Record<Mover, string>> = {
  referralInitiator: 'initiator',
  referralRecipient: 'recipient',
  administrator: 'administrator',
};

const stateCells = (state: State): readonly string[] => [
  `\`${state}\``,
  state.split('/')[0] ?? state,
  businessStatusOf(state) ?? '–',
  isTerminal(state) ? 'yes' : '',
];

const transitions = (rows: readonly Transition[]): string =>
  table(
    ['TID', 'Who', 'Event', 'From', 'To', '360X'],
    rows.map(({ tid, actor, event, from, to }) => [
      tid,
      WORDS[actor],
      event,
      describeState(from),
      describeState(to),
      event === 'mark-entered-in-error' ? '–' : transactionCell(transactionOf(event, from)),
    ]),
  );

const transactionCell = ({
  transaction,
  message,
  orderControl,
  orderStatus,
}: (typeof TRANSACTIONS)[number]): string =>
  [transaction, message, [orderControl, orderStatus].filter(Boolean).join('/')].filter(Boolean).join(' ');

const aliasCells = ({
  reason,
  actor,
  written,
  event,
  needs,
}: (typeof ALIASES)[number]): readonly string[] => [
  reason,
  WORDS[actor],
  `${describeState(written)}${needs === undefined ? '' : ` with ${needs}`}`,
  event,
];

const gapRows = (): readonly (readonly string[])[] =>
  Object.entries(GAPS).map(([gap, { finding, decision }]) => [gap, finding, decision]);

const transactionRows = (): readonly (readonly string[])[] =>
  TRANSACTIONS.map(({ event, transaction, message, orderControl, orderStatus, document, reason }) => [
    event,
    `${transaction} ${TRANSACTION_NAMES[transaction]}`,
    message,
    orderControl,
    orderStatus,
    document,
    reason,
  ]);

/** A Mermaid state diagram: the guide's rows with their numbers, ours with their letters. */
function diagram(): string {
  const ids = new Map(ALL_STATES.map((state) => [state, `s_${state.replaceAll(/[^a-z0-9]/g, '_')}`]));
  const names = ALL_STATES.map((state) => `  state "${describeState(state)}" as ${ids.get(state)}`);
  const arrows = Map.groupBy(ROWS, ({ from, to }) => `  ${ids.get(from)} --> ${ids.get(to)}`);
  const moves = [...arrows].map(([arrow, rows]) => `${arrow} : ${rows.map(({ tid }) => tid).join(', ')}`);
  const ends = ALL_STATES.filter(isTerminal).map((state) => `  ${ids.get(state)} --> [*]`);
  return [
    '```mermaid',
    'stateDiagram-v2',
    ...names,
    `  [*] --> ${ids.get('draft')}`,
    ...moves,
    ...ends,
    '```',
  ].join('\n');
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
