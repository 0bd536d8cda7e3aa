/** Reading the hand-written tables, and Tasks to try them on. */
import type { Resource } from '../../../src/fhir/types.ts';
import type { Evidence } from '../../../src/referral/evidence.ts';
import { withState, type State } from '../../../src/referral/state.ts';
import type { Party } from '../../../src/referral/transitions.ts';
import { ADMINISTRATOR, BY_EVIDENCE, INITIATOR, RECIPIENT } from '../../fixtures/transitions-expected.ts';

/** The columns' short names. */
export const STATE_OF: Readonly<Record<string, State>> = {
  dr: 'draft',
  '2.0': 'received',
  '3.0': 'accepted',
  '5.1': 'in-progress',
  '511': 'in-progress/5.1.1',
  '512': 'in-progress/5.1.2',
  '513': 'in-progress/5.1.3',
  '514': 'in-progress/5.1.4',
  '5.2': 'in-progress/5.2',
  '4.0': 'rejected',
  '6.0': 'cancelled',
  '7.0': 'completed',
  err: 'entered-in-error',
};

export const SHORT = [
  'dr',
  '2.0',
  '3.0',
  '5.1',
  '511',
  '512',
  '513',
  '514',
  '5.2',
  '4.0',
  '6.0',
  '7.0',
  'err',
];

/** A table with a header line of columns, as `row>column` → cell; the row's name is what stands before the cells. */
export function readMatrix(text: string): ReadonlyMap<string, string> {
  const [head = [], ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return new Map(
    rows.flatMap((words) => {
      const name = words.slice(0, -head.length).join(' ');
      return head.map((column, i) => [`${name}>${column}`, words.at(i - head.length) ?? ''] as const);
    }),
  );
}

/** `a>b cell a>b cell …` */
export function readCells(text: string): ReadonlyMap<string, string> {
  const words = text.trim().split(/\s+/);
  return new Map(words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1] ?? ''] as const] : [])));
}

export const EVIDENCE = Object.keys(BY_EVIDENCE) as readonly Evidence[]; // the table's keys
const PARTIES: readonly Party[] = ['referralInitiator', 'referralRecipient'];

export interface Case {
  readonly actors: ReadonlySet<Party>;
  readonly administrator: boolean;
  readonly evidence: readonly Evidence[];
  readonly from: string;
  readonly to: string;
  readonly expected: string;
}

const initiator = readMatrix(INITIATOR);
const recipient = readMatrix(RECIPIENT);
const administrator = readCells(ADMINISTRATOR);

const recipientCell = (key: string, evidence: readonly Evidence[]): string | undefined =>
  evidence.map((piece) => readCells(BY_EVIDENCE[piece]).get(key)).find(Boolean) ?? recipient.get(key);

/** One organization on both sides: the recipient's move, else the initiator's, else an edit, else refused. */
function bothCell(key: string, evidence: readonly Evidence[]): string | undefined {
  const cells = [recipientCell(key, evidence), initiator.get(key)];
  const [from, to] = key.split('>');
  if (from === to && from !== 'dr') return cells[0];
  return cells.find((cell) => /\d/.test(cell ?? '')) ?? cells.find((cell) => cell === 'e') ?? cells[0];
}

function expectedOf(
  actors: ReadonlySet<Party>,
  admin: boolean,
  evidence: readonly Evidence[],
  key: string,
): string {
  const own = administrator.get(key);
  if (admin && own !== undefined && (own !== 'e' || actors.size === 0)) return own;
  if (actors.size === 0) return 'Y';
  if (actors.size === 2) return bothCell(key, evidence) ?? '';
  return (actors.has('referralInitiator') ? initiator.get(key) : recipientCell(key, evidence)) ?? '';
}

/** Every caller × every piece of evidence (and none) × every state before × every state written. */
export const CASES: readonly Case[] = [[], [PARTIES[0]], [PARTIES[1]], PARTIES]
  .map((parties) => new Set(parties.filter((party) => party !== undefined)))
  .flatMap((actors) =>
    [false, true].flatMap((admin) =>
      [[], ...EVIDENCE.map((piece) => [piece])].flatMap((evidence) =>
        SHORT.flatMap((from) =>
          SHORT.map((to) => ({
            actors,
            administrator: admin,
            evidence,
            from,
            to,
            expected: expectedOf(actors, admin, evidence, `${from}>${to}`),
          })),
        ),
      ),
    ),
  );

const BARE: Resource = {
  resourceType: 'Task',
  id: '1',
  status: 'draft',
  intent: 'order',
  code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
  focus: { reference: 'ServiceRequest/1' },
  for: { reference: 'Patient/1' },
  requester: { reference: 'PractitionerRole/initiator' },
  owner: { reference: 'PractitionerRole/recipient' },
};

/** A referral Task in a state, as stored. */
export const taskIn = (state: State, more: Partial<Resource> = {}): Resource =>
  withState({ ...BARE, ...more }, state);

export const OUTPUT = {
  type: { text: 'Interim consultation note' },
  valueReference: { reference: 'Bundle/1' },
};
