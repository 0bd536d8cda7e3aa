/** The hand-written tables as the tests of the loop need them: rows by id, states by their short names, callers. */
import { EVENT_NAMES, GAP_ROWS } from '../../fixtures/gaps.ts';
import { GUIDE } from '../../fixtures/transitions.ts';
import type { Who } from '../../server.ts';
import { CASES } from '../../unit/referral/cases.ts';

export type Actor = 'I' | 'R' | 'A';

export interface Row {
  readonly tid: string;
  readonly actor: Actor;
  readonly event: string;
  /** Short names of states, as in the fixture's columns. */
  readonly from: string;
  readonly to: string;
}

/** What Task.status and the guide's code say in each state. */
// prettier-ignore
export const SAYS: Readonly<Record<string, { readonly status: string; readonly code?: string }>> = {
  dr:    { status: 'draft' },
  '2.0': { status: 'received', code: '2.0' },
  '3.0': { status: 'accepted', code: '3.0' },
  '5.1': { status: 'in-progress' },
  '511': { status: 'in-progress', code: '5.1.1' },
  '512': { status: 'in-progress', code: '5.1.2' },
  '513': { status: 'in-progress', code: '5.1.3' },
  '514': { status: 'in-progress', code: '5.1.4' },
  '5.2': { status: 'in-progress', code: '5.2' },
  '4.0': { status: 'rejected', code: '4.0' },
  '6.0': { status: 'cancelled', code: '6.0' },
  '7.0': { status: 'completed', code: '7.0' },
  err:   { status: 'entered-in-error' },
};

/** What ServiceRequest.status is where a Task in this state says so. */
export const REQUEST_STATUS: Readonly<Record<string, string>> = {
  '2.0': 'active',
  '3.0': 'active',
  '5.1': 'active',
  '511': 'active',
  '512': 'active',
  '513': 'active',
  '514': 'active',
  '5.2': 'active',
  '4.0': 'revoked',
  '6.0': 'revoked',
  '7.0': 'completed',
};

const cellsOf = (text: string): readonly (readonly string[])[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));

const EVENTS: ReadonlyMap<string, string> = new Map(
  cellsOf(EVENT_NAMES).map(([words = '', event = '']) => [words, event]),
);

/** `5.1.1` is `511` in the columns; what has no code goes by its status. */
const shortOf = (status: string, code: string): string =>
  code === '' ? (status === 'draft' ? 'dr' : status) : code.replace(/^5\.1\.(\d)$/, '51$1');

/** Every row of the guide and of the gaps, by its id. */
export const ROWS: ReadonlyMap<string, Row> = new Map(
  [...cellsOf(GUIDE), ...cellsOf(GAP_ROWS)].map(
    ([tid = '', actor = '', words = '', from = '', to = '', code = '']) => {
      const [status = '', fromCode = ''] = from.split(' ');
      const event = EVENTS.get(words);
      if (event === undefined) throw new Error(`no event for ${words}`);
      const row: Row = {
        tid,
        actor: actor as Actor, // the fixture's letters
        event,
        from: shortOf(status, fromCode),
        to: shortOf(to, code),
      };
      return [tid, row];
    },
  ),
);

/** The ids of all rows that these parties may use from a state. */
export const legalFrom = (state: string, actors: ReadonlySet<Actor>): readonly string[] =>
  [...ROWS.values()].filter(({ from, actor }) => from === state && actors.has(actor)).map(({ tid }) => tid);

/** A caller, and what it is in a referral from `requester` to `owner`. */
export interface Seat {
  readonly name: string;
  readonly who: Who;
  readonly requester: string;
  readonly owner: string;
  readonly is: readonly Actor[];
}

const TWO_PARTIES = { requester: 'initiator', owner: 'recipient' };

export const SEATS: readonly Seat[] = [
  { name: 'the initiator', who: 'initiator', ...TWO_PARTIES, is: ['I'] },
  { name: 'the recipient', who: 'recipient', ...TWO_PARTIES, is: ['R'] },
  {
    name: 'one organization on both sides',
    who: 'initiator',
    requester: 'initiator',
    owner: 'initiator',
    is: ['I', 'R'],
  },
  { name: 'a stranger', who: 'stranger', ...TWO_PARTIES, is: [] },
  { name: 'an administrator for nobody', who: 'administrator', ...TWO_PARTIES, is: ['A'] },
  {
    name: 'an administrator for the initiator',
    who: 'administrator for initiator',
    ...TWO_PARTIES,
    is: ['I', 'A'],
  },
];

const PARTY: Readonly<Record<string, Actor>> = { referralInitiator: 'I', referralRecipient: 'R' };

/** The fixture's cells for a caller, as `from>to` → cell. `evidence`: none, or what comes along. */
export function cellsFor(is: readonly Actor[], evidence = ''): ReadonlyMap<string, string> {
  const key = [...is].toSorted().join();
  return new Map(
    CASES.filter(({ actors, administrator, evidence: pieces }) => {
      const letters = [...actors].map((party) => PARTY[party] ?? '');
      return (
        [...letters, ...(administrator ? ['A'] : [])].toSorted().join() === key && pieces.join() === evidence
      );
    }).map(({ from, to, expected }) => [`${from}>${to}`, expected]),
  );
}
