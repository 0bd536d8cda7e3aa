/**
 * Decisions for the cases that the guide's table leaves open: rows and aliases of our own, each under the number of the
 * gap that it closes. The guide's 34 rows stay verbatim in `transitions.ts`, so that an analyst can tell the guide's
 * rows from ours.
 */
import type { State } from './state.ts';
import { TRANSITIONS, type Event, type Party } from './transitions.ts';

type Gap = `G${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14}`;

/** The actor of a move: a party, or an administrator for G12. */
export type Mover = Party | 'administrator';

/** The guide's events, and one that the guide lacks. */
export type Trigger = Event | 'mark-entered-in-error';

/** A row of either table, by name. */
export interface Transition {
  readonly tid: string;
  readonly event: Trigger;
  readonly from: State;
  readonly to: State;
  readonly actor: Mover;
  /** `BSeR` for the guide's own rows, else the gap it closes. */
  readonly source: 'BSeR' | Gap;
}

interface GapRow {
  /** The case that the guide leaves open or contradicts. */
  readonly finding: string;
  /** The decision of this server. */
  readonly decision: string;
  /** The severity of the note that the caller gets for a move by one of these rows; absent: no note. */
  readonly note?: 'information' | 'warning';
}

export const GAPS: Readonly<Record<Gap, GapRow>> = {
  G1: {
    finding:
      'Rows 31 and 32 duplicate 06 and 08 with the super-state 5.1 Active, a code its CodeSystem lacks; the table leads from there only to declined and to cancellation requested.',
    decision:
      'In-progress without a code, or with 5.1, is read as Active. From Active everything is allowed that is allowed from any 5.1.x. Written over a sub-state it changes nothing. It is emitted as text without a coding, never as 5.1.',
  },
  G2: {
    finding: 'The diagram lets a decline leave the whole Active box; the table has none from 5.1.3.',
    decision: 'The recipient may decline from 5.1.3.',
    note: 'information',
  },
  G3: {
    finding:
      'The diagram lets the outcome leave the whole In-Progress box; the table has none from 5.1.2 and 5.1.3.',
    decision: 'The recipient may send the outcome from 5.1.2 and 5.1.3.',
    note: 'information',
  },
  G4: {
    finding: 'An interim note from 5.1.2, 5.1.3 or 5.2 is undefined.',
    decision: 'The document is kept and sent, the state stays what it is.',
    note: 'warning',
  },
  G5: {
    finding:
      'A further visit while one is scheduled (5.1.1), and a rescheduled visit from 5.1.3 or 5.1.4, are undefined.',
    decision: 'A further visit leaves 5.1.1 as it is; a rescheduled visit leads to 5.1.1.',
    note: 'information',
  },
  G6: {
    finding: 'The table ends row 01 in received; the example Task has requested, with business status 7.0.',
    decision: 'Requested is taken for received and stored as received with 2.0.',
  },
  G7: {
    finding: "FHIR R4's Task diagram lacks in-progress to cancelled or rejected, and accepted to rejected.",
    decision: "R4's diagram is informative; the guide's table wins.",
  },
  G8: {
    finding: 'The profile makes businessStatus optional; STU1 required it.',
    decision: 'It is always emitted.',
  },
  G9: {
    finding: 'No state says that the recipient waits for more information; the binding is extensible.',
    decision: 'The local code awaiting-information may stand beside 2.0, and counts as 2.0.',
  },
  G10: {
    finding:
      'How a recipient declines once cancellation was requested is undefined; the two messages can cross.',
    decision: 'A decline from 5.2 ends in 4.0.',
    note: 'information',
  },
  G11: {
    finding: 'Who sees a draft is undefined.',
    decision: 'A draft Task is seen, edited and deleted by the initiator alone.',
  },
  G12: {
    finding: 'Nobody may mark a referral as entered in error.',
    decision: 'The initiator may until 3.0, afterwards an administrator, who gives a reason.',
  },
  G13: {
    finding: 'Deletes are undefined.',
    decision: 'A referral Task past draft, and a ServiceRequest with an open one, cannot be deleted (409).',
  },
  G14: {
    finding: 'Writes to ServiceRequest.status while a Task is open are undefined.',
    decision: "The initiator's revoked is a cancellation request; any other is refused (422).",
  },
};

//  id      actor               event                                         from                 to
// prettier-ignore
const OWN_ROWS = [
  ['G1a',  'referralRecipient', 'send-schedule-visit-information',           'in-progress',       'in-progress/5.1.1'],
  ['G1b',  'referralRecipient', 'send-rescheduled-visit-information',        'in-progress',       'in-progress/5.1.1'],
  ['G1c',  'referralRecipient', 'send-no-show-information',                  'in-progress',       'in-progress/5.1.2'],
  ['G1d',  'referralRecipient', 'send-appointment-cancellation-information', 'in-progress',       'in-progress/5.1.3'],
  ['G1e',  'referralRecipient', 'send-interim-note',                         'in-progress',       'in-progress/5.1.4'],
  ['G1f',  'referralRecipient', 'send-referral-outcome',                     'in-progress',       'completed'        ],
  ['G2a',  'referralRecipient', 'send-decline',                              'in-progress/5.1.3', 'rejected'         ],
  ['G3a',  'referralRecipient', 'send-referral-outcome',                     'in-progress/5.1.2', 'completed'        ],
  ['G3b',  'referralRecipient', 'send-referral-outcome',                     'in-progress/5.1.3', 'completed'        ],
  ['G4a',  'referralRecipient', 'send-interim-note',                         'in-progress/5.1.2', 'in-progress/5.1.2'],
  ['G4b',  'referralRecipient', 'send-interim-note',                         'in-progress/5.1.3', 'in-progress/5.1.3'],
  ['G4c',  'referralRecipient', 'send-interim-note',                         'in-progress/5.2',   'in-progress/5.2'  ],
  ['G5a',  'referralRecipient', 'send-schedule-visit-information',           'in-progress/5.1.1', 'in-progress/5.1.1'],
  ['G5b',  'referralRecipient', 'send-rescheduled-visit-information',        'in-progress/5.1.3', 'in-progress/5.1.1'],
  ['G5c',  'referralRecipient', 'send-rescheduled-visit-information',        'in-progress/5.1.4', 'in-progress/5.1.1'],
  ['G10a', 'referralRecipient', 'send-decline',                              'in-progress/5.2',   'rejected'         ],
  ['G12a', 'referralInitiator', 'mark-entered-in-error',                     'draft',             'entered-in-error' ],
  ['G12b', 'referralInitiator', 'mark-entered-in-error',                     'received',          'entered-in-error' ],
  ['G12c', 'administrator',     'mark-entered-in-error',                     'accepted',          'entered-in-error' ],
  ['G12d', 'administrator',     'mark-entered-in-error',                     'in-progress',       'entered-in-error' ],
  ['G12e', 'administrator',     'mark-entered-in-error',                     'in-progress/5.1.1', 'entered-in-error' ],
  ['G12f', 'administrator',     'mark-entered-in-error',                     'in-progress/5.1.2', 'entered-in-error' ],
  ['G12g', 'administrator',     'mark-entered-in-error',                     'in-progress/5.1.3', 'entered-in-error' ],
  ['G12h', 'administrator',     'mark-entered-in-error',                     'in-progress/5.1.4', 'entered-in-error' ],
  ['G12i', 'administrator',     'mark-entered-in-error',                     'in-progress/5.2',   'entered-in-error' ],
  ['G12j', 'administrator',     'mark-entered-in-error',                     'rejected',          'entered-in-error' ],
  ['G12k', 'administrator',     'mark-entered-in-error',                     'cancelled',         'entered-in-error' ],
  ['G12l', 'administrator',     'mark-entered-in-error',                     'completed',         'entered-in-error' ],
] as const satisfies readonly (readonly [`${Gap}${string}`, Mover, Trigger, State, State])[];

/** A state that a client writes to name an event, and not the state itself. */
interface Alias {
  readonly reason: Gap | 'rules 1.5';
  readonly actor: Party;
  readonly written: State;
  readonly event: Event;
  /**
   * The element that the Task must have for the alias to apply; without it the server takes the written state
   * literally.
   */
  readonly needs?: 'output';
}

//  because               who                          writes                         means
// prettier-ignore
export const ALIASES: readonly Alias[] = [
  { reason: 'rules 1.5', actor: 'referralInitiator', written: 'cancelled',         event: 'send-cancellation-request' },
  { reason: 'G4',        actor: 'referralRecipient', written: 'in-progress/5.1.4', event: 'send-interim-note', needs: 'output' },
];

/** Every row that the server decides by, the guide's before ours. */
export const ROWS: readonly Transition[] = [
  ...TRANSITIONS.map(([tid, actor, event, from, to]) => ({
    tid,
    actor,
    event,
    from,
    to,
    source: 'BSeR' as const,
  })),
  ...OWN_ROWS.map(([tid, actor, event, from, to]) => ({ tid, actor, event, from, to, source: gapOf(tid) })),
];

/** `G12` of `G12c`. */
function gapOf(id: string): Gap {
  return id.replace(/[a-z]$/, '') as Gap; // OWN_ROWS admits no other beginning
}
