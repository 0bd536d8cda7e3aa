/** Every state × event × party, and every write by everyone, against tables written by hand. */
import { describe, expect, test } from '@jest/globals';
import { decideEvent, decideUpdate } from '../../../src/referral/decide.ts';
import { legalMoves } from '../../../src/referral/moves.ts';
import type { EventRuling, TaskRuling } from '../../../src/referral/ruling.ts';
import { ALL_STATES, readState } from '../../../src/referral/state.ts';
import type { Event, Party } from '../../../src/referral/transitions.ts';
import { EVENTS } from '../../fixtures/transitions-expected.ts';
import { CASES, OUTPUT, readMatrix, SHORT, STATE_OF, taskIn, type Case } from './cases.ts';

const I: ReadonlySet<Party> = new Set(['referralInitiator'] as const);
const R: ReadonlySet<Party> = new Set(['referralRecipient'] as const);
const BOTH: ReadonlySet<Party> = new Set(['referralInitiator', 'referralRecipient'] as const);
const NEITHER: ReadonlySet<Party> = new Set();

/** A ruling as a cell of the tables. */
function cellOf(ruling: TaskRuling | EventRuling, unchanged: 'e' | '='): string {
  if (ruling.kind === 'move') return ruling.transition.tid;
  if (ruling.kind === 'edit') return unchanged;
  return { 'not-your-move': 'Y', 'transition-not-allowed': 'x', 'referral-rule': 'r', 'field-frozen': 'f' }[
    ruling.issue
  ];
}

const stateOf = (short: string) => {
  const state = STATE_OF[short];
  if (state === undefined) throw new Error(short);
  return state;
};

test('the tables cover every state', () => {
  expect(new Set(SHORT.map((short) => STATE_OF[short]))).toEqual(new Set(ALL_STATES));
});

describe('decideEvent', () => {
  const rows = [...readMatrix(EVENTS)].map(([key, cell]) => {
    const [name = '', state = ''] = key.split('>');
    const [party = '', event = ''] = name.split(' ');
    return { party, event: event as Event, state: stateOf(state), cell }; // the fixture's words are the events'
  });

  test('is asked about 11 events in 13 states', () => expect(rows).toHaveLength(143));

  test.each(rows)('$party $event in $state: $cell', ({ party, event, state, cell }) => {
    const [own, other] = party === 'I' ? [I, R] : [R, I];
    expect(cellOf(decideEvent(state, event, own), '=')).toBe(cell);
    expect(cellOf(decideEvent(state, event, BOTH), '=')).toBe(cell);
    expect(cellOf(decideEvent(state, event, other), '=')).toBe('Y');
    expect(cellOf(decideEvent(state, event, NEITHER), '=')).toBe('Y');
  });
});

describe('decideUpdate', () => {
  const groups = Map.groupBy(
    CASES,
    ({ actors, administrator, evidence }) =>
      `${[...actors].join(' and ') || 'nobody'}${administrator ? ', administrator' : ''}, evidence ${evidence.join() || 'none'}`,
  );

  test('is asked about every caller, evidence and pair of states', () => {
    expect(CASES).toHaveLength(4 * 2 * 7 * 13 * 13);
  });

  test.each([...groups])('%s', (_, cases) => {
    const seen = cases.map((one) => `${one.from}>${one.to} ${cellOf(write(one), 'e')}`);
    expect(seen).toEqual(cases.map(({ from, to, expected }) => `${from}>${to} ${expected}`));
  });

  test('stores what it rules, and what it stores reads as the state it says', () => {
    for (const one of CASES) {
      const ruling = write(one);
      if (ruling.kind === 'refused') continue;
      expect(readState(ruling.task)).toBe(ruling.state);
      const expected = ruling.kind === 'move' ? ruling.transition.to : stateOf(one.from);
      expect(ruling.state).toBe(expected);
    }
  });

  test('creating is like writing over a draft', () => {
    for (const one of CASES.filter(({ from }) => from === 'dr')) {
      const after = taskIn(stateOf(one.to), { statusReason: { text: 'because' } });
      const ruling = decideUpdate({ ...one, before: undefined, after });
      expect(cellOf(ruling, 'e')).toBe(one.expected);
    }
  });

  test('the same write once more moves nothing', () => {
    for (const one of CASES) {
      const ruling = write(one);
      if (ruling.kind !== 'move') continue;
      const output = one.evidence.includes('output') ? { output: [OUTPUT] } : {};
      const after = taskIn(stateOf(one.to), { statusReason: { text: 'because' }, ...output });
      const again = decideUpdate({ ...one, before: ruling.task, after, evidence: [] });
      const name = `${[...one.actors].join()} ${one.from}>${one.to} ${one.evidence.join()}`;
      expect([name, again.kind === 'edit' || isByEvidence(one, ruling) || isOwnAnswer(one)]).toEqual([
        name,
        true,
      ]);
    }
  });
});

/**
 * Evidence moved a referral whose written state said otherwise. Written once more it is an older state, which the
 * precondition (If-Match) is there to catch.
 */
const isByEvidence = ({ evidence, to }: Case, ruling: TaskRuling): boolean =>
  evidence.length > 0 && ruling.kind === 'move' && to !== '5.1' && ruling.state !== STATE_OF[to];

/** An organization on both sides that writes `cancelled` twice requests the cancellation, then confirms it. */
const isOwnAnswer = ({ actors, to }: Case): boolean => actors.size === 2 && to === '6.0';

describe('legalMoves', () => {
  test.each([
    ['dr', I, '01 G12a'],
    ['dr', R, ''],
    ['2.0', I, '04 G12b'],
    ['2.0', R, '02 03'],
    ['3.0', R, '05 06 08 09 31 32'],
    ['511', BOTH, '10 11 12 13 14 15 16 G5a'],
    ['512', R, '17 18 19 G3a G4a'],
    ['513', R, '21 G2a G3b G4b G5b'],
    ['5.2', I, ''],
    ['5.2', R, '23 24 G4c G10a'],
    ['7.0', BOTH, ''],
    ['511', NEITHER, ''],
  ])('from %s by %j: %s', (state, actors, tids) => {
    expect(
      legalMoves(stateOf(state), actors)
        .map(({ tid }) => tid)
        .join(' '),
    ).toBe(tids);
  });

  test('an administrator may mark as entered in error', () => {
    expect(legalMoves('completed', NEITHER, true)).toEqual([
      { tid: 'G12l', event: 'mark-entered-in-error', to: 'entered-in-error' },
    ]);
  });
});

/** The ruling on a case of the tables. */
function write({ from, to, actors, administrator, evidence }: Case): TaskRuling {
  const output = evidence.includes('output') ? { output: [OUTPUT] } : {};
  const before = taskIn(stateOf(from));
  const after = taskIn(stateOf(to), { statusReason: { text: 'because' }, ...output });
  return decideUpdate({ before, after, actors, administrator, evidence });
}
