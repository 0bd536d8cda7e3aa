/** A move of a referral → the messages that tell the other party, in the order in which they are to be sent. */
import type { Appointment } from '../../fhir/types.ts';
import type { State } from '../../referral/state.ts';
import { LATE_NOTE, transactionOf } from '../../referral/transactions.ts';
import type { Event } from '../../referral/transitions.ts';
import type { SegmentValues } from '../build.ts';
import type { BuildingContext, Referral } from './building.ts';
import { buildNote } from './mdm-t02.ts';
import { buildRequest } from './omg-o19.ts';
import { buildStatus } from './osu-o51.ts';
import type { DocumentReading, MessageName } from './reading.ts';
import { buildVisit, isVisitEvent } from './siu-s12.ts';

export interface Told {
  readonly event: Event | typeof LATE_NOTE;
  /** The state before the event. */
  readonly from: State;
  readonly referral: Referral;
  /** Of an event about a visit. */
  readonly appointment?: Appointment | undefined;
  /** Of an interim note, an outcome, or what comes after it. */
  readonly note?: DocumentReading | undefined;
}

/** Of one message, in their order: values, which become its text when it is sent. */
export type Segments = readonly SegmentValues[];

/** Without the visit or the note that it is about, an event cannot be told, and nobody invents one (rules 1.3). */
export type Built =
  | { readonly kind: 'messages'; readonly messages: readonly Segments[] }
  | { readonly kind: 'missing'; readonly missing: 'appointment' | 'note' };

/** The messages of an event. Each has its own control id: `contextFor` is asked once for every message. */
export function buildMessages(told: Told, contextFor: (message: MessageName) => BuildingContext): Built {
  const { event, from, referral, appointment, note } = told;
  if (event === 'send-referral-package') return messages(buildRequest(referral, contextFor('OMG^O19')));
  if (isVisitEvent(event)) {
    if (appointment === undefined) return { kind: 'missing', missing: 'appointment' };
    const { message } = transactionOf(event, from);
    return messages(buildVisit(event, appointment, referral, contextFor(message)));
  }
  if (event === LATE_NOTE) {
    return note === undefined
      ? { kind: 'missing', missing: 'note' }
      : messages(buildNote(note, referral, contextFor('MDM^T02')));
  }
  const needsNote = transactionOf(event, from).document === 'required';
  if (needsNote && note === undefined) return { kind: 'missing', missing: 'note' };
  return messages(
    ...(needsNote && note !== undefined ? [buildNote(note, referral, contextFor('MDM^T02'))] : []),
    buildStatus(event, from, referral, contextFor('OSU^O51')),
  );
}

const messages = (...built: readonly Segments[]): Built => ({ kind: 'messages', messages: built });
