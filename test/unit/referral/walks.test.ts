/** Random histories: whatever the parties legally do, the referral stays within the table, and a repetition is no move. */
import { describe, expect, test } from '@jest/globals';
import * as fc from '../../chance.ts';
import type { Resource } from '../../../src/fhir/types.ts';
import { decideEvent, decideUpdate } from '../../../src/referral/decide.ts';
import { SHOWS, type Evidence } from '../../../src/referral/evidence.ts';
import { ROWS, type Transition } from '../../../src/referral/extensions.ts';
import { rowsFrom } from '../../../src/referral/moves.ts';
import { readState, withState, type State } from '../../../src/referral/state.ts';
import { TRANSACTIONS } from '../../../src/referral/transactions.ts';
import type { Party } from '../../../src/referral/transitions.ts';
import { OUTPUT, taskIn } from './cases.ts';

const PARTIES = new Set<Party>(['referralInitiator', 'referralRecipient']);

/** The likeliest evidence of an event, as the commit would bring it. */
const evidenceFor = (event: string): readonly Evidence[] =>
  (Object.keys(SHOWS) as Evidence[])
    .filter((piece) => SHOWS[piece][0] === event || (piece === 'output' && event === 'send-referral-outcome'))
    .slice(0, 1);

const onlyActor = (row: Transition): ReadonlySet<Party> =>
  new Set(row.actor === 'administrator' ? [] : [row.actor]);

/** What the mover of a row would write. */
function writeOf(row: Transition, before: Resource): Resource {
  const output = (before['output'] ?? []) as readonly unknown[];
  const more = evidenceFor(row.event).includes('output')
    ? { output: [...output, { ...OUTPUT, id: String(output.length) }] }
    : {};
  return withState({ ...before, ...more, statusReason: { text: 'because' } }, row.to);
}

const walk = fc.array(fc.nat(), { minLength: 1, maxLength: 30 });

describe('a random walk of legal moves', () => {
  test('makes just those moves, each once', () => {
    fc.assert(
      fc.property(walk, (choices) => {
        let task = taskIn('draft');
        for (const choice of choices) {
          const from = readState(task) as State; // stored by us
          const rows = rowsFrom(from, new Set([...PARTIES, 'administrator'] as const));
          const row = rows[choice % rows.length];
          if (row === undefined) return;
          const after = writeOf(row, task);
          const write = { actors: onlyActor(row), administrator: row.actor === 'administrator' };
          const ruling = decideUpdate({ ...write, before: task, after, evidence: evidenceFor(row.event) });
          if (ruling.kind !== 'move') throw new Error(`${row.tid}: ${JSON.stringify(ruling)}`);
          expect(ROWS).toContain(ruling.transition);
          expect([row.tid, ruling.transition.event, ruling.state]).toEqual([row.tid, row.event, row.to]);
          const again = decideUpdate({ ...write, before: ruling.task, after, evidence: [] });
          expect([row.tid, again]).toMatchObject([row.tid, { kind: 'edit', task: ruling.task }]);
          task = ruling.task;
        }
      }),
      { numRuns: 200 },
    );
  });

  test('of events ends where the same walk of writes ends', () => {
    fc.assert(
      fc.property(walk, (choices) => {
        let state: State = 'draft';
        for (const choice of choices) {
          const event = TRANSACTIONS[choice % TRANSACTIONS.length]?.event;
          if (event === undefined) return;
          const ruling = decideEvent(state, event, PARTIES);
          if (ruling.kind !== 'move') continue;
          const evidence = evidenceFor(event);
          const before = taskIn(state);
          const byWrite = decideUpdate({
            before,
            after: writeOf(ruling.transition, before),
            actors: PARTIES,
            administrator: false,
            evidence,
          });
          expect(byWrite).toMatchObject({ kind: 'move', state: ruling.state, transition: ruling.transition });
          state = ruling.state;
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('whatever is written, nobody but the parties changes anything', () => {
  const anyTask = fc.record({
    status: fc.constantFrom(
      'draft',
      'requested',
      'received',
      'accepted',
      'in-progress',
      'on-hold',
      'cancelled',
      'completed',
    ),
    code: fc.option(fc.constantFrom('2.0', '3.0', '5.1', '5.1.1', '5.1.4', '5.2', '7.0', 'x'), {
      nil: undefined,
    }),
  });
  fc.assert(
    fc.property(
      anyTask,
      fc.constantFrom<State>('draft', 'received', 'in-progress/5.1.1', 'completed'),
      (written, from) => {
        const businessStatus = written.code === undefined ? undefined : { coding: [{ code: written.code }] };
        const after = { ...taskIn('draft'), status: written.status, businessStatus };
        const ruling = decideUpdate({
          before: taskIn(from),
          after,
          actors: new Set(),
          administrator: false,
          evidence: [],
        });
        expect(ruling).toMatchObject({ kind: 'refused', issue: 'not-your-move' });
      },
    ),
  );
});
