/**
 * Builds the messages that tell the other party of a move of a referral, in the order in which the server sends them.
 */
import type { Appointment } from '../../fhir/types.ts';
import type { State } from '../../referral/state.ts';
import { LATE_NOTE, transactionOf } from '../../referral/transactions.ts';
import type { Event } from '../../referral/transitions.ts';
import type { SegmentValues } from '../build.ts';
import type { BuildingContext, ReferralResources } from './building.ts';
import { buildNote } from './mdm-t02.ts';
import { buildRequest } from './omg-o19.ts';
import { buildStatus } from './osu-o51.ts';
import type { DocumentReading } from './reading.ts';
import { buildVisit, isVisitEvent } from './siu.ts';

export interface ReferralEvent {
  readonly event: Event | typeof LATE_NOTE;
  /** The state before the event. */
  readonly from: State;
  readonly referral: ReferralResources;
  /** The visit, for an event about a visit. */
  readonly appointment?: Appointment | undefined;
  /** The note, for an interim note, an outcome, or a note after the outcome. */
  readonly note?: DocumentReading | undefined;
}

/** The values of each message, in the order of sending; sending makes their text. */
export type Segments = readonly SegmentValues[];

/**
 * An event without the visit or the note that it is about has no message, and the server invents neither (rules 1.3).
 */
export type Built =
  | { readonly kind: 'messages'; readonly messages: readonly Segments[] }
  | { readonly kind: 'missing'; readonly missing: 'appointment' | 'note' };

/** The messages of an event. Each has its own control id: the function calls `contextFor` once for each message. */
export function buildMessages(told: ReferralEvent, contextFor: () => BuildingContext): Built {
  const { event, from, referral, appointment, note } = told;
  if (event === 'send-referral-package') return messages(buildRequest(referral, contextFor()));
  if (isVisitEvent(event)) {
    if (appointment === undefined) return { kind: 'missing', missing: 'appointment' };
    return messages(buildVisit(event, appointment, referral, contextFor()));
  }
  if (event === LATE_NOTE) {
    return note === undefined
      ? { kind: 'missing', missing: 'note' }
      : messages(buildNote(note, referral, contextFor()));
  }
  const needsNote = transactionOf(event, from).document === 'required';
  if (needsNote && note === undefined) return { kind: 'missing', missing: 'note' };
  return messages(
    ...(needsNote && note !== undefined ? [buildNote(note, referral, contextFor())] : []),
    buildStatus(event, from, referral, contextFor()),
  );
}

/**
 * The one message of a package (direct-xdm 8): a note is the document beside it, and needs no message of its own. One that
 * comes after the outcome goes as an interim note, the only transaction that brings a document and moves nothing that ended.
 */
export function buildPackaged(told: ReferralEvent, context: BuildingContext): Built {
  const { event, from, referral, note } = told;
  const status = event === LATE_NOTE ? 'send-interim-note' : event;
  if (status === 'send-referral-package' || isVisitEvent(status)) return buildMessages(told, () => context);
  if (transactionOf(status, from).document === 'required' && note === undefined)
    return { kind: 'missing', missing: 'note' };
  return messages(buildStatus(status, from, referral, context));
}

const messages = (...built: readonly Segments[]): Built => ({ kind: 'messages', messages: built });
