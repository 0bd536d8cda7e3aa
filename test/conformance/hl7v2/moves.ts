/** What the parties of a referral do between two servers: the moves of random lives, and what is said with them. */
import * as fc from '../../chance.ts';

export const MOVES = [
  'accept',
  'decline',
  'book',
  'move',
  'callOff',
  'miss',
  'note',
  'outcome',
  'cancel',
  'confirm',
] as const;
export type Move = (typeof MOVES)[number];

/** The status that a move writes into the Task; the others write an Appointment. */
export const STATUS_OF: Partial<Record<Move, string>> = {
  accept: 'accepted',
  decline: 'rejected',
  cancel: 'cancelled',
  confirm: 'cancelled',
  outcome: 'completed',
  note: 'in-progress',
};

/** Printable words that neither begin nor end with a space. */
export const sentence: fc.Arbitrary<string> = fc
  .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 })
  .map((said) => `a${said.replaceAll(/\s+/g, ' ')}b`);

/** Most referrals are accepted first: what else may happen hangs on it. */
export const courseOf = <T>(
  step: (...moves: readonly Move[]) => fc.Arbitrary<T>,
  maxLength: number,
): fc.Arbitrary<T[]> =>
  fc
    .tuple(
      fc.integer({ min: 0, max: 9 }),
      step('accept'),
      fc.array(step(...MOVES, 'book', 'note', 'outcome'), { minLength: 1, maxLength }),
    )
    .map(([chance, first, others]) => (chance === 0 ? others : [first, ...others]));
