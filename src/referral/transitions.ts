/**
 * BSeR "Harmonized State Transitions" (Workflow Management Resources): all 34 rows in the guide's order, with its ids
 * and its words, spelling corrected. Our own rows are in `extensions.ts`.
 */
import type { State } from './state.ts';

/** The two parties in 360X's words; an organization on both sides is both (rules 1.8). */
export type Party = 'referralInitiator' | 'referralRecipient';

/** The guide's trigger events. */
export type Event =
  | 'send-referral-package'
  | 'send-acceptance'
  | 'send-decline'
  | 'send-cancellation-request'
  | 'send-schedule-visit-information'
  | 'send-rescheduled-visit-information'
  | 'send-no-show-information'
  | 'send-appointment-cancellation-information'
  | 'send-interim-note'
  | 'send-cancellation-confirmation'
  | 'send-referral-outcome';

/**
 * A row of the guide. The business status is the column as printed: `5.1` is missing from the guide's own CodeSystem
 * (G1).
 */
type TransitionRow = readonly [
  tid: string,
  actor: Party,
  event: Event,
  from: State,
  to: State,
  businessStatus: string,
];

//  TID   actor                trigger event                                from                 to                   business status
// prettier-ignore
export const TRANSITIONS = [
  ['01', 'referralInitiator', 'send-referral-package',                     'draft',             'received',          '2.0'  ],
  ['02', 'referralRecipient', 'send-acceptance',                           'received',          'accepted',          '3.0'  ],
  ['03', 'referralRecipient', 'send-decline',                              'received',          'rejected',          '4.0'  ],
  ['04', 'referralInitiator', 'send-cancellation-request',                 'received',          'in-progress/5.2',   '5.2'  ],
  ['05', 'referralRecipient', 'send-decline',                              'accepted',          'rejected',          '4.0'  ],
  ['06', 'referralRecipient', 'send-schedule-visit-information',           'accepted',          'in-progress/5.1.1', '5.1.1'],
  ['07', 'referralInitiator', 'send-cancellation-request',                 'accepted',          'in-progress/5.2',   '5.2'  ],
  ['08', 'referralRecipient', 'send-interim-note',                         'accepted',          'in-progress/5.1.4', '5.1.4'],
  ['09', 'referralRecipient', 'send-referral-outcome',                     'accepted',          'completed',         '7.0'  ],
  ['10', 'referralRecipient', 'send-decline',                              'in-progress/5.1.1', 'rejected',          '4.0'  ],
  ['11', 'referralRecipient', 'send-rescheduled-visit-information',        'in-progress/5.1.1', 'in-progress/5.1.1', '5.1.1'],
  ['12', 'referralRecipient', 'send-no-show-information',                  'in-progress/5.1.1', 'in-progress/5.1.2', '5.1.2'],
  ['13', 'referralRecipient', 'send-appointment-cancellation-information', 'in-progress/5.1.1', 'in-progress/5.1.3', '5.1.3'],
  ['14', 'referralInitiator', 'send-cancellation-request',                 'in-progress/5.1.1', 'in-progress/5.2',   '5.2'  ],
  ['15', 'referralRecipient', 'send-interim-note',                         'in-progress/5.1.1', 'in-progress/5.1.4', '5.1.4'],
  ['16', 'referralRecipient', 'send-referral-outcome',                     'in-progress/5.1.1', 'completed',         '7.0'  ],
  ['17', 'referralRecipient', 'send-decline',                              'in-progress/5.1.2', 'rejected',          '4.0'  ],
  ['18', 'referralRecipient', 'send-rescheduled-visit-information',        'in-progress/5.1.2', 'in-progress/5.1.1', '5.1.1'],
  ['19', 'referralRecipient', 'send-appointment-cancellation-information', 'in-progress/5.1.2', 'in-progress/5.1.3', '5.1.3'],
  ['20', 'referralInitiator', 'send-cancellation-request',                 'in-progress/5.1.2', 'in-progress/5.2',   '5.2'  ],
  ['21', 'referralRecipient', 'send-schedule-visit-information',           'in-progress/5.1.3', 'in-progress/5.1.1', '5.1.1'],
  ['22', 'referralInitiator', 'send-cancellation-request',                 'in-progress/5.1.3', 'in-progress/5.2',   '5.2'  ],
  ['23', 'referralRecipient', 'send-cancellation-confirmation',            'in-progress/5.2',   'cancelled',         '6.0'  ],
  ['24', 'referralRecipient', 'send-referral-outcome',                     'in-progress/5.2',   'completed',         '7.0'  ],
  ['25', 'referralRecipient', 'send-decline',                              'in-progress/5.1.4', 'rejected',          '4.0'  ],
  ['26', 'referralRecipient', 'send-schedule-visit-information',           'in-progress/5.1.4', 'in-progress/5.1.1', '5.1.1'],
  ['27', 'referralRecipient', 'send-appointment-cancellation-information', 'in-progress/5.1.4', 'in-progress/5.1.3', '5.1.3'],
  ['28', 'referralInitiator', 'send-cancellation-request',                 'in-progress/5.1.4', 'in-progress/5.2',   '5.2'  ],
  ['29', 'referralRecipient', 'send-interim-note',                         'in-progress/5.1.4', 'in-progress/5.1.4', '5.1.4'],
  ['30', 'referralRecipient', 'send-referral-outcome',                     'in-progress/5.1.4', 'completed',         '7.0'  ],
  ['31', 'referralRecipient', 'send-schedule-visit-information',           'accepted',          'in-progress',       '5.1'  ],
  ['32', 'referralRecipient', 'send-interim-note',                         'accepted',          'in-progress',       '5.1'  ],
  ['33', 'referralRecipient', 'send-decline',                              'in-progress',       'rejected',          '4.0'  ],
  ['34', 'referralInitiator', 'send-cancellation-request',                 'in-progress',       'in-progress/5.2',   '5.2'  ],
] as const satisfies readonly TransitionRow[];
