/**
 * Decides what may happen to a referral, by one table of rows that is entered from two sides. A FHIR client names the
 * state it wants (from, to); a message names the event (from, event). The functions are pure and total, and return
 * refusals.
 */
import type { Resource } from '../fhir/types.ts';
import { describeEvidence, fitOf, wantsEvidence, type Evidence } from './evidence.ts';
import { ALIASES, GAPS, ROWS, type Mover, type Transition, type Trigger } from './extensions.ts';
import { allowedMoves, moversOf, refuseMove, rowsFrom } from './moves.ts';
import { rewritingNotes } from './rewritten.ts';
import { note, refuse, type EventRuling, type Note, type Refusal, type TaskRuling } from './ruling.ts';
import { describeState, isActive, isTerminal, readState, storedAs, type State } from './state.ts';
import type { Event, Party } from './transitions.ts';

interface TaskWrite {
  /** The Task before the write; undefined when the write creates it. */
  readonly before: Resource | undefined;
  readonly after: Resource;
  /** The parties for which the caller acts: none, one, or both (rules 1.8). */
  readonly actors: ReadonlySet<Party>;
  /** The evidence in the same commit, each piece once. */
  readonly evidence: readonly Evidence[];
  readonly administrator: boolean;
}

/** A write whose states have been read. */
interface MoveRequest extends TaskWrite {
  readonly from: State;
  readonly written: State;
  readonly movers: ReadonlySet<Mover>;
}

/**
 * Whether a write to a referral Task is a move, an edit or neither (rules 1.2): a move if the state changes or new
 * evidence comes with it. Ask `checkFields` afterwards which fields may change.
 */
export function decideUpdate(write: TaskWrite): TaskRuling {
  const movers = moversOf(write.actors, write.administrator);
  const from = write.before === undefined ? 'draft' : readState(write.before);
  if (movers.size === 0) return refuseStranger(from, movers);
  const written = readState(write.after);
  if (written === undefined) return refuseUnreadable(write.after, from, movers);
  if (from === undefined) {
    return refuse(
      'transition-not-allowed',
      'The stored Task is in no state of a referral, so no move leads on from it.',
    );
  }
  const asked: MoveRequest = { ...write, from, written, movers };
  return isSameState(from, written) ? decideSameState(asked) : decideChange(asked);
}

/**
 * Whether a party's event may happen in a state. The Task becomes `withState(task, ruling.state)`. A second acceptance
 * and the like change nothing: the state shows the effect of the event already, and no row leads on.
 */
export function decideEvent(state: State, event: Event, actors: ReadonlySet<Party>): EventRuling {
  const movers = moversOf(actors, false);
  const row = rowsFrom(state, movers).find((candidate) => candidate.event === event);
  if (row !== undefined) return { kind: 'move', transition: row, state: row.to, notes: gapNotes(row) };
  if (isReached(state, event, movers)) {
    return {
      kind: 'edit',
      state,
      notes: [note('information', `${event} changes nothing: already ${describeState(state)}.`)],
    };
  }
  const mover = ROWS.find((candidate) => candidate.event === event)?.actor; // every event has one mover
  return refuseMove(state, movers, event, mover);
}

/** Decides a write that keeps the state: an edit, unless the recipient brings evidence for which a row leads on. */
function decideSameState(asked: MoveRequest): TaskRuling {
  const { from, actors, evidence } = asked;
  const isStranger = actors.size === 0 && from !== 'entered-in-error'; // left by an administrator (G12)
  if (isStranger) return refuseStranger(from, asked.movers);
  if (from === 'draft' && !actors.has('referralInitiator')) {
    const moves = allowedMoves(from, asked.movers);
    return refuse('not-your-move', `Only the Referral Initiator edits a draft (G11). ${moves}`);
  }
  if (from === 'draft' || !actors.has('referralRecipient') || evidence.length === 0) return edit(asked, from);
  const row = bestRow(rowsFrom(from, asked.movers), evidence);
  if (row !== undefined && fitOf(evidence, row.event) < Infinity) return move(asked, row);
  if (!evidence.includes('output')) return edit(asked, from, surplusNotes(asked, undefined));
  return refuseMove(from, asked.movers, 'A new Task.output', 'referralRecipient');
}

function decideChange(asked: MoveRequest): TaskRuling {
  const { from, written, movers, evidence } = asked;
  const reaches = (row: Transition): boolean => row.to === written;
  const row = bestRow(rowsFrom(from, movers).filter(reaches), evidence) ?? aliasedRow(asked);
  if (row === 'reached') return edit(asked, from);
  if (row === undefined) {
    const mover = ROWS.find((candidate) => candidate.from === from && reaches(candidate))?.actor;
    return refuseMove(from, movers, `To ${describeState(written)}`, mover);
  }
  if (row.actor === 'administrator' && !hasReason(asked.after)) {
    return refuse(
      'referral-rule',
      'An administrator marks a referral as entered in error with a reason (G12).',
      ['Task.statusReason'],
    );
  }
  return move(asked, row);
}

/**
 * The row that a written state stands for by an alias. `reached` when the alias has had its effect already, or when its
 * row keeps the state and no new evidence comes with it (the same write once more).
 */
function aliasedRow({
  from,
  written,
  after,
  actors,
  movers,
  evidence,
}: MoveRequest): Transition | 'reached' | undefined {
  const alias = ALIASES.find(
    (candidate) =>
      candidate.written === written &&
      actors.has(candidate.actor) &&
      (candidate.needs === undefined || after[candidate.needs] !== undefined),
  );
  if (alias === undefined) return undefined;
  const { actor, event } = alias;
  const row = rowsFrom(from, movers).find(
    (candidate) => candidate.event === event && candidate.actor === actor,
  );
  if (row === undefined) return isReached(from, event, new Set([actor])) ? 'reached' : undefined;
  return row.from === row.to && fitOf(evidence, event) === Infinity ? 'reached' : row;
}

/** The row whose event the evidence fits best; the guide's order decides between equals. */
function bestRow(rows: readonly Transition[], evidence: readonly Evidence[]): Transition | undefined {
  return rows.toSorted((a, b) => compareFit(fitOf(evidence, a.event), fitOf(evidence, b.event)))[0];
}

const compareFit = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

const isReached = (state: State, event: Trigger, movers: ReadonlySet<Mover>): boolean =>
  ROWS.some((row) => row.to === state && row.event === event && movers.has(row.actor));

/**
 * Whether a written state says nothing new. Active includes its sub-states, so writing it over one of them changes
 * nothing (G1).
 */
const isSameState = (from: State, written: State): boolean =>
  from === written || (written === 'in-progress' && isActive(from));

function move(asked: MoveRequest, row: Transition): TaskRuling {
  const task = storedAs(asked.after, row.to, asked.before);
  const notes = [
    ...rewritingNotes(asked.after, task, asked.written, row.to),
    ...gapNotes(row),
    ...missingNotes(asked, row),
    ...reasonNotes(asked.after, row),
    ...surplusNotes(asked, row),
  ];
  return { kind: 'move', transition: row, state: row.to, task, notes };
}

function edit(asked: MoveRequest, state: State, notes: readonly Note[] = []): TaskRuling {
  const task = storedAs(asked.after, state, asked.before);
  return {
    kind: 'edit',
    state,
    task,
    notes: [...rewritingNotes(asked.after, task, asked.written, state), ...notes],
  };
}

function gapNotes({ source, tid }: Transition): readonly Note[] {
  if (source === 'BSeR') return [];
  const { note: severity, finding, decision } = GAPS[source];
  return severity === undefined ? [] : [note(severity, `${tid}: ${finding} ${decision}`)];
}

/** Warns of missing evidence (rules 1.3): the server cannot write a message that must carry it, and invents none. */
function missingNotes({ evidence }: MoveRequest, { event }: Transition): readonly Note[] {
  if (!wantsEvidence(event) || fitOf(evidence, event) < Infinity) return [];
  const text = `${event} comes without its evidence, ${describeEvidence(event)}; the server tells the other party only the state.`;
  return [note('warning', text)];
}

/**
 * Warns of a decline without a reason. BSeR asks for one, because without it the other party does not know what to do
 * instead.
 */
function reasonNotes(after: Resource, { to }: Transition): readonly Note[] {
  if (to !== 'rejected' || hasReason(after)) return [];
  const text = 'The referral was declined without a reason: say why in Task.statusReason.';
  return [note('warning', text, ['Task.statusReason'])];
}

/**
 * Warns of evidence that moves nothing. One write is one move: the server keeps evidence of another event and says that
 * it moves nothing. Visits that change because the referral ends are no event of their own.
 */
function surplusNotes({ evidence, actors }: MoveRequest, row: Transition | undefined): readonly Note[] {
  if (!actors.has('referralRecipient')) return [];
  const ends = row !== undefined && isTerminal(row.to);
  const explains = (piece: Evidence): boolean =>
    row !== undefined && ((ends && piece !== 'output') || fitOf([piece], row.event) < Infinity);
  const surplus = evidence.filter((piece) => !explains(piece));
  if (surplus.length === 0) return [];
  const why =
    row === undefined ? 'no row leads on from this state' : `this write is ${row.event} (TID ${row.tid})`;
  return [note('warning', `Evidence that moves nothing, since ${why}: ${surplus.join(', ')}.`)];
}

const hasReason = ({ statusReason }: Resource): boolean => {
  const { text, coding } = (statusReason ?? {}) as { text?: string; coding?: readonly unknown[] }; // validated structure
  return Boolean(text) || (coding?.length ?? 0) > 0;
};

function refuseStranger(from: State | undefined, movers: ReadonlySet<Mover>): Refusal {
  const moves = from === undefined ? '' : ` ${allowedMoves(from, movers)}`;
  const who =
    'Only the parties of a referral write its Task; an administrator acts for a named organization.';
  return refuse('not-your-move', `${who}${moves}`, ['Task']);
}

function refuseUnreadable(after: Resource, from: State | undefined, movers: ReadonlySet<Mover>): Refusal {
  const where = from === undefined ? '' : ` ${allowedMoves(from, movers)}`;
  const what = `Task.status ${String(after['status'])} with this businessStatus is not a state of a referral.`;
  return refuse('transition-not-allowed', `${what}${where}`);
}
