/** The rows against the guide, row by row, and each row the only one of its kind. */
import { describe, expect, test } from '@jest/globals';
import { ALIASES, GAPS, ROWS } from '../../../src/referral/extensions.ts';
import { businessStatusOf, isTerminal } from '../../../src/referral/state.ts';
import { transactionOf } from '../../../src/referral/transactions.ts';
import { TRANSITIONS } from '../../../src/referral/transitions.ts';
import { GUIDE } from '../../fixtures/transitions.ts';

const WORDS: Readonly<Record<string, string>> = {
  'send referral package': 'send-referral-package',
  acceptance: 'send-acceptance',
  decline: 'send-decline',
  'cancellation request': 'send-cancellation-request',
  'schedule visit': 'send-schedule-visit-information',
  'rescheduled visit': 'send-rescheduled-visit-information',
  'no-show': 'send-no-show-information',
  'appointment cancel': 'send-appointment-cancellation-information',
  'interim note': 'send-interim-note',
  'cancellation confirmation': 'send-cancellation-confirmation',
  outcome: 'send-referral-outcome',
};

const PARTY: Readonly<Record<string, string>> = { I: 'referralInitiator', R: 'referralRecipient' };

/** `in-progress 5.1.1` → `in-progress/5.1.1`; `in-progress 5.1` is Active itself. */
function stateNamed(words: string): string {
  const [status = '', code] = words.split(' ');
  return status === 'in-progress' && code !== '5.1' ? `${status}/${code}` : status;
}

const guide = GUIDE.trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));

describe("the guide's rows", () => {
  test('are 34, 8 of the initiator and 26 of the recipient', () => {
    expect(TRANSITIONS).toHaveLength(34);
    expect(TRANSITIONS.filter(([, actor]) => actor === 'referralInitiator')).toHaveLength(8);
  });

  test.each(guide.map((cells, i) => [cells[0] ?? '', cells, i] as const))('TID %s', (_, cells, i) => {
    const [tid, party = '', words = '', from = '', to = '', code = ''] = cells;
    const expected = [tid, PARTY[party], WORDS[words], stateNamed(from), stateNamed(`${to} ${code}`), code];
    expect(TRANSITIONS[i]).toEqual(expected);
  });

  test.each(guide.map((cells) => [cells[0] ?? '', cells[6] ?? ''] as const))(
    'TID %s is told as %s',
    (tid, told) => {
      const row = TRANSITIONS.find(([id]) => id === tid);
      if (row === undefined) throw new Error(tid);
      const { message, orderControl, orderStatus } = transactionOf(row[2], row[3]);
      const [type, event] = message.split('^');
      const codes = [orderControl, orderStatus].filter(Boolean).join('/');
      expect(`${type} ${type === 'SIU' ? event : codes}`).toBe(told);
    },
  );

  test('print the business status of the state they lead to; only 5.1 is no code', () => {
    for (const [tid, , , , to, code] of TRANSITIONS) {
      expect([tid, businessStatusOf(to)]).toEqual([tid, code === '5.1' ? undefined : code]);
    }
  });
});

describe('all rows', () => {
  test('have an id of their own', () => expect(keys(({ tid }) => [tid])).toEqual([]));

  test('are found by from and event, but for the super-state', () => {
    expect(keys(({ from, event }) => [from, event])).toEqual(['06 31', '08 32']);
  });

  test('are found by from and to, but where evidence tells them apart', () => {
    expect(keys(({ from, to }) => [from, to])).toEqual(['11 G5a', '21 G5b', '26 G5c', '31 32', 'G1a G1b']);
  });

  test('give every event one mover', () => {
    const movers = Map.groupBy(ROWS, ({ event }) => event);
    for (const [event, rows] of movers) {
      if (event === 'mark-entered-in-error') continue;
      expect([event, new Set(rows.map(({ actor }) => actor)).size]).toEqual([event, 1]);
    }
  });

  test('lead out of a terminal state only into entered-in-error', () => {
    const leaving = ROWS.filter(({ from }) => isTerminal(from));
    expect(leaving.map(({ tid, to }) => [tid, to])).toEqual([
      ['G12j', 'entered-in-error'],
      ['G12k', 'entered-in-error'],
      ['G12l', 'entered-in-error'],
    ]);
  });

  test('of our own never repeat the guide, and name a gap that is written down', () => {
    const guideKeys = new Set(
      TRANSITIONS.map(([, actor, event, from, to]) => [actor, event, from, to].join(' ')),
    );
    for (const { tid, source, actor, event, from, to } of ROWS.filter((row) => row.source !== 'BSeR')) {
      expect([tid, guideKeys.has([actor, event, from, to].join(' '))]).toEqual([tid, false]);
      expect(Object.keys(GAPS)).toContain(source);
    }
    expect(Object.keys(GAPS)).toEqual(Array.from({ length: 14 }, (_, i) => `G${i + 1}`));
    expect(ALIASES.map(({ written, actor }) => `${actor} ${written}`)).toEqual([
      'referralInitiator cancelled',
      'referralRecipient in-progress/5.1.4',
    ]);
  });
});

/** The ids of rows that share a key. */
function keys(parts: (row: (typeof ROWS)[number]) => readonly string[]): string[] {
  const seen = Map.groupBy(ROWS, (row) => parts(row).join(' '));
  return [...seen.values()]
    .filter((rows) => rows.length > 1)
    .map((rows) => rows.map(({ tid }) => tid).join(' '));
}
