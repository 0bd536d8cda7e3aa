/**
 * What a package of 360X holds for each event of a referral (direct-xdm 8): the document beside the message, and
 * what the mail says. The message is the transaction’s; its class, type and format are those of its definition.
 */
import type { LATE_NOTE } from '../../referral/transactions.ts';
import type { Event } from '../../referral/transitions.ts';

interface PackageRow {
  readonly event: Event | typeof LATE_NOTE;
  readonly document: 'referral-note' | 'consultation-note' | undefined;
  /** The title of the package and of its message: nothing of the patient. */
  readonly title: string;
  /** What the text of the mail says. */
  readonly says: string;
}

// prettier-ignore
export const PACKAGES: readonly PackageRow[] = [
  { event: 'send-referral-package',                     document: 'referral-note',     title: 'Referral request',              says: 'A patient is referred to you.' },
  { event: 'send-acceptance',                           document: undefined,           title: 'Referral accepted',             says: 'The referral is accepted.' },
  { event: 'send-decline',                              document: undefined,           title: 'Referral declined',             says: 'The referral is declined; the message says why.' },
  { event: 'send-interim-note',                         document: 'consultation-note', title: 'Referral interim note',         says: 'There is an interim note; the referral stays open.' },
  { event: 'send-referral-outcome',                     document: 'consultation-note', title: 'Referral outcome',              says: 'The referral is completed, and this is its outcome.' },
  { event: 'late-note',                                 document: 'consultation-note', title: 'Referral note',                 says: 'There is a further note about a referral that was completed.' },
  { event: 'send-cancellation-request',                 document: undefined,           title: 'Referral withdrawn',            says: 'The referral is withdrawn; please confirm, or send the outcome.' },
  { event: 'send-cancellation-confirmation',            document: undefined,           title: 'Referral withdrawal confirmed', says: 'The withdrawal of the referral is confirmed.' },
  { event: 'send-schedule-visit-information',           document: undefined,           title: 'Referral visit booked',         says: 'A visit is booked.' },
  { event: 'send-rescheduled-visit-information',        document: undefined,           title: 'Referral visit moved',          says: 'The visit is moved.' },
  { event: 'send-appointment-cancellation-information', document: undefined,           title: 'Referral visit cancelled',      says: 'The visit is cancelled; the referral stays open.' },
  { event: 'send-no-show-information',                  document: undefined,           title: 'Referral visit missed',         says: 'The patient did not come to the visit.' },
];

/** The row of an event; undefined for one that 360X has no message for. */
export const packageRowOf = (event: string): PackageRow | undefined =>
  PACKAGES.find((row) => row.event === event);
