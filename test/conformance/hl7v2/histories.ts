/** Legal histories of a referral, as messages: walks along the rows that a message can make, permuted and repeated. */
import * as fc from '../../chance.ts';
import {
  accept,
  book,
  callOff,
  cancel,
  confirm,
  decline,
  interim,
  miss,
  outcome,
  rebook,
  request,
  type Said,
} from './exchange.ts';

type Write = (said: Said, slot: { readonly hour: number }) => string;
type Step = readonly [write: Write, to: string];

/** The rows that a message can make, the guide's and ours (G2 to G5, G10), from each state; a history is a walk along them. */
const ROWS: Readonly<Record<string, readonly Step[]>> = {
  '2.0': [
    [accept, '3.0'],
    [decline, '4.0'],
    [cancel, '5.2'],
  ],
  '3.0': [
    [decline, '4.0'],
    [book, '5.1.1'],
    [cancel, '5.2'],
    [interim, '5.1.4'],
    [outcome, '7.0'],
  ],
  '5.1.1': [
    [decline, '4.0'],
    [book, '5.1.1'],
    [rebook, '5.1.1'],
    [miss, '5.1.2'],
    [callOff, '5.1.3'],
    [cancel, '5.2'],
    [interim, '5.1.4'],
    [outcome, '7.0'],
  ],
  '5.1.2': [
    [decline, '4.0'],
    [rebook, '5.1.1'],
    [callOff, '5.1.3'],
    [cancel, '5.2'],
    [interim, '5.1.2'],
    [outcome, '7.0'],
  ],
  '5.1.3': [
    [decline, '4.0'],
    [book, '5.1.1'],
    [rebook, '5.1.1'],
    [cancel, '5.2'],
    [interim, '5.1.3'],
    [outcome, '7.0'],
  ],
  '5.1.4': [
    [decline, '4.0'],
    [book, '5.1.1'],
    [rebook, '5.1.1'],
    [callOff, '5.1.3'],
    [cancel, '5.2'],
    [interim, '5.1.4'],
    [outcome, '7.0'],
  ],
  '5.2': [
    [decline, '4.0'],
    [interim, '5.2'],
    [confirm, '6.0'],
    [outcome, '7.0'],
  ],
};

const STEPS_MAX = 8;

/** Choices of rows, the order of arrival, and which messages come twice. */
export const histories = fc.record({
  choices: fc.array(fc.nat(100), { minLength: 1, maxLength: STEPS_MAX }),
  arrival: fc.infiniteStream(fc.nat(1_000_000)),
  twice: fc.array(fc.nat(STEPS_MAX), { maxLength: 4 }),
});

export interface History {
  readonly messages: readonly string[];
  readonly ends: string;
}

/** The messages of a history, and the state in which it ends. */
export function walk(choices: readonly number[], referral: string): History {
  const messages = [request({ at: 0, id: `${referral}-0`, referral })];
  let at = '2.0';
  for (const [index, choice] of choices.entries()) {
    const rows = ROWS[at] ?? [];
    const row = rows[choice % Math.max(1, rows.length)];
    if (row === undefined) break;
    const said = { at: index + 1, id: `${referral}-${index + 1}`, referral };
    messages.push(row[0](said, { hour: 10 + index })); // every visit has a slot of its own: without one nothing moved
    at = row[1];
  }
  return { messages, ends: at };
}

/** The messages as they arrive, some of them twice. */
export function arrivalOf(
  messages: readonly string[],
  twice: readonly number[],
  ranks: { next(): IteratorResult<number> },
): readonly string[] {
  return [...messages, ...twice.flatMap((index) => messages[index] ?? [])]
    .map((message) => ({ message, rank: ranks.next().value as number }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ message }) => message);
}
