/** Finds rows: who may make which move from a state, and how to say that in words. */
import { ROWS, type Mover, type Transition, type Trigger } from './extensions.ts';
import { refuse, type Refusal } from './ruling.ts';
import { describeState, type State } from './state.ts';
import type { Party } from './transitions.ts';

interface LegalMove {
  readonly tid: string;
  readonly event: Trigger;
  readonly to: State;
}

/** Every row that these parties (and an administrator, if `administrator`) may use from a state, the guide's first. */
export const legalMoves = (
  state: State,
  actors: ReadonlySet<Party>,
  administrator = false,
): readonly LegalMove[] =>
  rowsFrom(state, moversOf(actors, administrator)).map(({ tid, event, to }) => ({ tid, event, to }));

export const rowsFrom = (state: State, movers: ReadonlySet<Mover>): readonly Transition[] =>
  ROWS.filter((row) => row.from === state && movers.has(row.actor));

export const moversOf = (actors: ReadonlySet<Party>, administrator: boolean): ReadonlySet<Mover> =>
  new Set<Mover>(administrator ? [...actors, 'administrator'] : actors);

/**
 * The refusal when these movers have no row: `not-your-move` if the move belongs to `mover`, who is none of them, or if
 * they are no party at all; else `transition-not-allowed`.
 */
export function refuseMove(
  from: State,
  movers: ReadonlySet<Mover>,
  asked: string,
  mover: Mover | undefined,
): Refusal {
  const moves = allowedMoves(from, movers);
  if (mover !== undefined && !movers.has(mover)) {
    return refuse('not-your-move', `${asked} is a move of the ${WORDS[mover]}. ${moves}`);
  }
  const isParty = movers.has('referralInitiator') || movers.has('referralRecipient');
  if (!isParty) return refuse('not-your-move', `${asked}: only the parties of a referral move it. ${moves}`);
  return refuse('transition-not-allowed', `${asked} is not a move from ${describeState(from)}. ${moves}`);
}

/** The moves that these movers may make from a state, as a sentence; every refusal of a move has it. */
export const allowedMoves = (from: State, movers: ReadonlySet<Mover>): string =>
  `${describeMovers(movers)} may, from ${describeState(from)}: ${describeMoves(from, movers)}.`;

function describeMoves(from: State, movers: ReadonlySet<Mover>): string {
  const rows = rowsFrom(from, movers);
  if (rows.length === 0) return 'nothing';
  return rows.map(({ tid, event, to }) => `${event} (TID ${tid}, to ${describeState(to)})`).join('; ');
}

const WORDS: Readonly<Record<Mover, string>> = {
  referralInitiator: 'Referral Initiator',
  referralRecipient: 'Referral Recipient',
  administrator: 'administrator',
};

const describeMovers = (movers: ReadonlySet<Mover>): string =>
  movers.size === 0
    ? 'A caller who is not a party'
    : `The ${[...movers].map((mover) => WORDS[mover]).join(' and ')}`;
