/**
 * BSeR events and IHE 360X transactions, both ways: the message for an event, and the event of a received message.
 * Numbers and names are the profile's. Where only one reading of the profile was verified, the row says which (360X
 * open points A2–A6).
 */
import type { State } from './state.ts';
import type { Event, Party } from './transitions.ts';

type TransactionId = `PCC-${55 | 56 | 57 | 58 | 59 | 60 | 61}`;

export const TRANSACTION_NAMES: Readonly<Record<TransactionId, string>> = {
  'PCC-55': 'Referral Request',
  'PCC-56': 'Referral Decline',
  'PCC-57': 'Referral Outcome',
  'PCC-58': 'Referral Cancellation',
  'PCC-59': 'Interim Consultation Note',
  'PCC-60': 'Appointment Notification',
  'PCC-61': 'No-show Notification',
};

/** MSH-9.1 and MSH-9.2 of the messages that 360X uses. */
export type MessageType = 'OMG^O19' | 'OSU^O51' | 'SIU^S12' | 'SIU^S13' | 'SIU^S15' | 'SIU^S26';

interface Transaction {
  readonly event: Event;
  readonly transaction: TransactionId;
  readonly message: MessageType;
  /** ORC-1 order control; '' in messages without ORC. */
  readonly orderControl: string;
  /** ORC-5 order status; '' is sent empty. */
  readonly orderStatus: string;
  /** The C-CDA document that travels with it. */
  readonly document: 'required' | 'none';
  /** ORC-16, order control code reason; its text is mandatory where `required`. */
  readonly reason: 'required' | 'none';
}

type OutboundRow = readonly [
  Event,
  TransactionId,
  MessageType,
  orderControl: string,
  orderStatus: string,
  document: Transaction['document'],
  reason: Transaction['reason'],
];

/** The transaction of a decline after an acceptance. The first decline belongs to PCC-55, as its negative answer. */
const DECLINE_AFTER_ACCEPTANCE: TransactionId = 'PCC-56';

//  event                                       number    message    ORC-1  ORC-5  document    ORC-16
// prettier-ignore
const OUTBOUND: readonly OutboundRow[] = [
  ['send-referral-package',                     'PCC-55', 'OMG^O19', 'NW', '',   'required', 'none'    ],
  ['send-acceptance',                           'PCC-55', 'OSU^O51', 'OK', 'IP', 'none',     'none'    ],
  ['send-decline',                              'PCC-55', 'OSU^O51', 'UA', 'CA', 'none',     'required'], // A2
  ['send-referral-outcome',                     'PCC-57', 'OSU^O51', 'SC', 'CM', 'required', 'none'    ],
  ['send-cancellation-request',                 'PCC-58', 'OSU^O51', 'CA', '',   'none',     'required'], // A4
  ['send-cancellation-confirmation',            'PCC-58', 'OSU^O51', 'CR', 'CA', 'none',     'none'    ], // A6
  ['send-interim-note',                         'PCC-59', 'OSU^O51', 'SC', 'A',  'required', 'none'    ], // A3
  ['send-schedule-visit-information',           'PCC-60', 'SIU^S12', '',   '',   'none',     'none'    ],
  ['send-rescheduled-visit-information',        'PCC-60', 'SIU^S13', '',   '',   'none',     'none'    ],
  ['send-appointment-cancellation-information', 'PCC-60', 'SIU^S15', '',   '',   'none',     'none'    ],
  ['send-no-show-information',                  'PCC-61', 'SIU^S26', '',   '',   'none',     'none'    ],
];

/**
 * A note that the recipient uploads after the outcome. The server sends it like an event, although it moves nothing: no
 * status follows its MDM^T02 (rules 1.15).
 */
export const LATE_NOTE = 'late-note';

/** The message of each event, in the order of the transactions; a decline as from 2.0. */
export const TRANSACTIONS: readonly Transaction[] = OUTBOUND.map(
  ([event, transaction, message, orderControl, orderStatus, document, reason]) => ({
    event,
    transaction,
    message,
    orderControl,
    orderStatus,
    document,
    reason,
  }),
);

/**
 * Whether 360X has a message for an event, or for a note after the outcome. It has none for a referral entered in
 * error.
 */
export const hasMessage = (event: string): boolean =>
  event === LATE_NOTE || TRANSACTIONS.some((transaction) => transaction.event === event);

/** Whether the message of an event needs a note. */
export const needsNote = (event: string): boolean =>
  TRANSACTIONS.some((transaction) => transaction.event === event && transaction.document === 'required');

/** The transaction that reports an event, which happened in a state, to the other party. */
export function transactionOf(event: Event, from: State): Transaction {
  const transaction = TRANSACTIONS.find((candidate) => candidate.event === event);
  if (transaction === undefined) throw new Error(`no 360X transaction for ${event}`);
  const declinesLater = event === 'send-decline' && from !== 'received';
  return declinesLater ? { ...transaction, transaction: DECLINE_AFTER_ACCEPTANCE } : transaction;
}

/** The parts of a received message that decide which event it is. */
export interface Received {
  readonly message: MessageType;
  readonly sender: Party;
  /** ORC-1; '' when empty or absent. */
  readonly orderControl: string;
  /** ORC-5; '' when empty or absent. */
  readonly orderStatus: string;
  /** Whether a C-CDA document came with it. */
  readonly document: boolean;
  /** The state of the referral. */
  readonly state: State;
}

interface InboundRow {
  readonly event: Event;
  readonly message: MessageType;
  readonly sender: Party;
  readonly orderControl?: readonly string[];
  readonly orderStatus?: readonly string[];
  /** The row fits only a message with a document. */
  readonly document?: true;
  /** The row fits only in this state. */
  readonly during?: State;
  /** The row fits in any state but this. */
  readonly unless?: State;
}

const recipient = 'referralRecipient';
const initiator = 'referralInitiator';

// A column that a row leaves out may have any value. The first row that fits decides.
// prettier-ignore
const INBOUND: readonly InboundRow[] = [
  { message: 'OMG^O19', sender: initiator, orderControl: ['NW'],                                                                  event: 'send-referral-package' },
  { message: 'OSU^O51', sender: initiator, orderControl: ['CA'],                                                                  event: 'send-cancellation-request' },
  { message: 'OSU^O51', sender: recipient, orderControl: ['OK'],             orderStatus: ['IP', ''],                             event: 'send-acceptance' },
  { message: 'OSU^O51', sender: recipient, orderControl: ['CR'],                                                                  event: 'send-cancellation-confirmation' },
  { message: 'OSU^O51', sender: recipient, orderControl: ['OC', 'SC'],       orderStatus: ['CA'], during: 'in-progress/5.2',      event: 'send-cancellation-confirmation' },
  { message: 'OSU^O51', sender: recipient, orderControl: ['UA'],             orderStatus: ['CA', ''],                             event: 'send-decline' },
  { message: 'OSU^O51', sender: recipient, orderControl: ['OC'],             orderStatus: ['CA'], unless: 'in-progress/5.2',      event: 'send-decline' },
  { message: 'OSU^O51', sender: recipient, orderControl: ['SC'],             orderStatus: ['CM'],                                 event: 'send-referral-outcome' },
  { message: 'OSU^O51', sender: recipient, orderControl: ['SC'],             orderStatus: ['A'],                                  event: 'send-interim-note' },
  { message: 'OSU^O51', sender: recipient, orderControl: ['SC'],             orderStatus: ['IP', ''], document: true,             event: 'send-interim-note' },
  { message: 'SIU^S12', sender: recipient,                                                                                        event: 'send-schedule-visit-information' },
  { message: 'SIU^S13', sender: recipient,                                                                                        event: 'send-rescheduled-visit-information' },
  { message: 'SIU^S15', sender: recipient,                                                                                        event: 'send-appointment-cancellation-information' },
  { message: 'SIU^S26', sender: recipient,                                                                                        event: 'send-no-show-information' },
];

/**
 * The event of a received message. The key includes the sender's side and the state: OC with CA is a decline, but it
 * confirms a cancellation while one is requested. Undefined when the message reports no event: SC with IP and without a
 * document is only a sign of life (rules 7.4), SC with SC and DC belong to the transfer extension.
 */
export const eventOfMessage = (received: Received): Event | undefined =>
  INBOUND.find((row) => fits(row, received))?.event;

const fits = (row: InboundRow, received: Received): boolean =>
  row.message === received.message &&
  row.sender === received.sender &&
  (row.orderControl?.includes(received.orderControl) ?? true) &&
  (row.orderStatus?.includes(received.orderStatus) ?? true) &&
  (row.document === undefined || received.document) &&
  (row.during === undefined || row.during === received.state) &&
  row.unless !== received.state;
