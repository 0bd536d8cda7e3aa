/**
 * The evidence that a change of an Appointment gives about the referral it is `basedOn` (rules 1.3), and the event it
 * stands for.
 */
import type { Appointment, Resource } from '../fhir/types.ts';
import { fitOf, type Evidence } from './evidence.ts';
import { rowsFrom } from './moves.ts';
import type { State } from './state.ts';
import type { Event } from './transitions.ts';

interface AppointmentChange {
  /**
   * The Appointment before the change; undefined when the change creates it, or first bases it on this ServiceRequest.
   */
  readonly before: Resource | undefined;
  /** The Appointment after the change; undefined when the change deletes it. */
  readonly after: Resource | undefined;
  /** Whether another Appointment based on the same ServiceRequest is booked. */
  readonly anotherBooked: boolean;
}

type Status = Appointment['status'];

/** Statuses of a visit that the parties agreed on; the later ones follow from `booked`. */
const AGREED: ReadonlySet<Status | undefined> = new Set<Status>([
  'booked',
  'arrived',
  'checked-in',
  'fulfilled',
]);
/** Statuses of a visit that the parties agreed on and that did not take place as agreed. */
const MISSED: ReadonlySet<Status | undefined> = new Set<Status>(['cancelled', 'noshow']);

/**
 * The evidence of the change. Undefined when it moves no referral: a proposal, an arrival, another comment, a deletion.
 * An Appointment that is cancelled before anybody agreed on it was no visit.
 */
export function evidenceOf({ before, after, anotherBooked }: AppointmentChange): Evidence | undefined {
  if (after === undefined) return undefined;
  const [was, is] = [statusOf(before), statusOf(after)];
  if (is === 'noshow') return was === 'noshow' ? undefined : 'appointment-noshow';
  if (is === 'cancelled') return isCalledOff(was) ? 'appointment-cancelled' : undefined;
  if (is !== 'booked') return undefined;
  if (MISSED.has(was)) return 'appointment-rescheduled';
  if (AGREED.has(was)) return hasSameSlot(before, after) ? undefined : 'appointment-rescheduled';
  return anotherBooked ? 'appointment-another' : 'appointment-booked';
}

/**
 * The event that evidence stands for in a state: the likeliest one for which the recipient has a row; else undefined.
 */
export function eventOf(evidence: Evidence, state: State): Event | undefined {
  const events = rowsFrom(state, new Set(['referralRecipient'] as const))
    .map(({ event }) => event)
    .filter((event) => event !== 'mark-entered-in-error')
    .filter((event) => fitOf([evidence], event) < Infinity);
  return events.toSorted((a, b) => fitOf([evidence], a) - fitOf([evidence], b))[0];
}

/** Whether a visit in this status can be called off: agreed on, a no-show (TID 19), or new to the server as cancelled. */
const isCalledOff = (was: Status | undefined): boolean =>
  was === undefined || was === 'noshow' || AGREED.has(was);

const hasSameSlot = (before: Resource | undefined, after: Resource): boolean =>
  isSameInstant(before?.['start'], after['start']) && isSameInstant(before?.['end'], after['end']);

/** Whether two times are the same instant: `10:00Z` and `12:00+02:00` are no reschedule. */
const isSameInstant = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === 'string' && typeof b === 'string' && Date.parse(a) === Date.parse(b));

const statusOf = (appointment: Resource | undefined): Status | undefined =>
  appointment?.['status'] as Status | undefined; // validated structure
