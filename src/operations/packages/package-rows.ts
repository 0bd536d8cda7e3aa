/**
 * What a package of 360X holds for each event of a referral (direct-xdm 8): the document beside the message, and which
 * party sends it. The message is the transaction’s; its class, type and format are those of its definition.
 */
import type { LATE_NOTE } from '../../referral/transactions.ts';
import type { Event, Party } from '../../referral/transitions.ts';

interface PackageRow {
  readonly event: Event | typeof LATE_NOTE;
  readonly document: 'referral-note' | 'consultation-note' | undefined;
  readonly from: Party;
  /** The title of the package and of its message: nothing of the patient. */
  readonly title: string;
  /** What the text of the mail says. */
  readonly says: string;
}

const initiator = 'referralInitiator';
const recipient = 'referralRecipient';

// Answers carry the initiator's number of the patient as patientId; what the initiator sends has none (360x 4).
// prettier-ignore
export const PACKAGES: readonly PackageRow[] = [
  { event: 'send-referral-package',                     document: 'referral-note',     from: initiator, title: 'Referral request',              says: 'A patient is referred to you.' },
  { event: 'send-acceptance',                           document: undefined,           from: recipient, title: 'Referral accepted',             says: 'The referral is accepted.' },
  { event: 'send-decline',                              document: undefined,           from: recipient, title: 'Referral declined',             says: 'The referral is declined; the message says why.' },
  { event: 'send-interim-note',                         document: 'consultation-note', from: recipient, title: 'Referral interim note',         says: 'There is an interim note; the referral stays open.' },
  { event: 'send-referral-outcome',                     document: 'consultation-note', from: recipient, title: 'Referral outcome',              says: 'The referral is completed, and this is its outcome.' },
  { event: 'late-note',                                 document: 'consultation-note', from: recipient, title: 'Referral note',                 says: 'There is a further note about a referral that was completed.' },
  { event: 'send-cancellation-request',                 document: undefined,           from: initiator, title: 'Referral withdrawn',            says: 'The referral is withdrawn; please confirm, or send the outcome.' },
  { event: 'send-cancellation-confirmation',            document: undefined,           from: recipient, title: 'Referral withdrawal confirmed', says: 'The withdrawal of the referral is confirmed.' },
  { event: 'send-schedule-visit-information',           document: undefined,           from: recipient, title: 'Referral visit booked',         says: 'A visit is booked.' },
  { event: 'send-rescheduled-visit-information',        document: undefined,           from: recipient, title: 'Referral visit moved',          says: 'The visit is moved.' },
  { event: 'send-appointment-cancellation-information', document: undefined,           from: recipient, title: 'Referral visit cancelled',      says: 'The visit is cancelled; the referral stays open.' },
  { event: 'send-no-show-information',                  document: undefined,           from: recipient, title: 'Referral visit missed',         says: 'The patient did not come to the visit.' },
];

/** The row of an event; undefined for one that 360X has no message for. */
export const packageRowOf = (event: string): PackageRow | undefined =>
  PACKAGES.find((row) => row.event === event);
