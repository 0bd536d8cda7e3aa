/**
 * Evidence that an event really happened (rules 1.3), and the event that a piece of evidence stands for in each state.
 */
import type { Event } from './transitions.ts';

/**
 * New evidence in a commit. From Appointments `basedOn` the ServiceRequest: the first one booked, the same one with
 * another slot, another one while one is booked, `noshow`, `cancelled`. From the Task: a new `Task.output`.
 */
export type Evidence =
  | 'appointment-booked'
  | 'appointment-rescheduled'
  | 'appointment-another'
  | 'appointment-noshow'
  | 'appointment-cancelled'
  | 'output';

/**
 * The events that a piece of evidence can stand for, likeliest first; it stands for the first one with a row from the
 * current state. A visit booked after a no-show is the table's *rescheduled visit* (TID 18), since the table has no
 * other way back to a visit. A changed slot counts as a scheduled visit where the table has no reschedule (360X: S13
 * before S12 counts as S12).
 */
// prettier-ignore
export const SHOWS: Readonly<Record<Evidence, readonly [Event, ...Event[]]>> = {
  'appointment-booked':      ['send-schedule-visit-information', 'send-rescheduled-visit-information'],
  'appointment-another':     ['send-schedule-visit-information', 'send-rescheduled-visit-information'],
  'appointment-rescheduled': ['send-rescheduled-visit-information', 'send-schedule-visit-information'],
  'appointment-noshow':      ['send-no-show-information'],
  'appointment-cancelled':   ['send-appointment-cancellation-information'],
  output:                    ['send-interim-note', 'send-referral-outcome'],
};

/** How well evidence fits an event: 0 for its likeliest meaning, Infinity for none. */
export const fitOf = (evidence: readonly Evidence[], event: string): number =>
  Math.min(...evidence.map((piece) => rankOf(piece, event)));

const rankOf = (piece: Evidence, event: string): number => {
  const at = SHOWS[piece].findIndex((shown) => shown === event);
  return at < 0 ? Infinity : at;
};

/** Whether an event should leave evidence at all; a decision (accept, decline, cancel) is its own evidence. */
export const wantsEvidence = (event: string): boolean =>
  fitOf(Object.keys(SHOWS) as Evidence[], event) < Infinity; // the keys are the table's

/** The evidence that an event should have, in words. */
export const describeEvidence = (event: string): string =>
  fitOf(['output'], event) < Infinity ? 'a new Task.output' : 'the Appointment based on the ServiceRequest';

const BOOKED: ReadonlySet<Evidence> = new Set(['appointment-booked', 'appointment-another']);
const GIVEN_UP: ReadonlySet<Evidence> = new Set(['appointment-noshow', 'appointment-cancelled']);

/**
 * The pieces of evidence of one commit, each once. A visit given up and one booked in its place are one rescheduled
 * visit.
 */
export function takenTogether(pieces: readonly Evidence[]): readonly Evidence[] {
  const isReplaced = [BOOKED, GIVEN_UP].every((kind) => pieces.some((piece) => kind.has(piece)));
  const isPart = (piece: Evidence): boolean => BOOKED.has(piece) || GIVEN_UP.has(piece);
  return [
    ...new Set(pieces.map((piece) => (isReplaced && isPart(piece) ? 'appointment-rescheduled' : piece))),
  ];
}
