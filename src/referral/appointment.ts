/** What a change of an Appointment shows about the referral it is `basedOn` (rules 1.3), and which event that is. */
import type { Appointment, Resource } from '../fhir/types.ts';
import { fitOf, type Evidence } from './evidence.ts';
import { rowsFrom } from './moves.ts';
import type { State } from './state.ts';
import type { Event } from './transitions.ts';

interface AppointmentChange {
  /** Undefined: it is created, or was not based on this ServiceRequest before. */
  readonly before: Resource | undefined;
  /** Undefined: it is deleted. */
  readonly after: Resource | undefined;
  /** Whether another Appointment based on the same ServiceRequest is booked. */
  readonly anotherBooked: boolean;
}

type Status = Appointment['status'];

/** A visit is agreed on; the later ones follow from `booked`. */
const AGREED: ReadonlySet<Status | undefined> = new Set<Status>([
  'booked',
  'arrived',
  'checked-in',
  'fulfilled',
]);
/** A visit that was agreed on and did not take place as agreed. */
const MISSED: ReadonlySet<Status | undefined> = new Set<Status>(['cancelled', 'noshow']);

/**
 * What the change shows; undefined for what moves no referral: proposals, arrivals, a changed comment, a deletion. An
 * Appointment that is cancelled before it was ever agreed on was no visit.
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

/** The event that evidence means in a state: the likeliest that one of the recipient's rows leads on; else undefined. */
export function eventOf(evidence: Evidence, state: State): Event | undefined {
  const events = rowsFrom(state, new Set(['referralRecipient'] as const))
    .map(({ event }) => event)
    .filter((event) => event !== 'mark-entered-in-error')
    .filter((event) => fitOf([evidence], event) < Infinity);
  return events.toSorted((a, b) => fitOf([evidence], a) - fitOf([evidence], b))[0];
}

/** From agreed on, from a no-show (TID 19), or cancelled when first heard of. */
const isCalledOff = (was: Status | undefined): boolean =>
  was === undefined || was === 'noshow' || AGREED.has(was);

const hasSameSlot = (before: Resource | undefined, after: Resource): boolean =>
  isSameInstant(before?.['start'], after['start']) && isSameInstant(before?.['end'], after['end']);

/** `10:00Z` and `12:00+02:00` are the same instant, so no reschedule. */
const isSameInstant = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === 'string' && typeof b === 'string' && Date.parse(a) === Date.parse(b));

const statusOf = (appointment: Resource | undefined): Status | undefined =>
  appointment?.['status'] as Status | undefined; // validated structure
