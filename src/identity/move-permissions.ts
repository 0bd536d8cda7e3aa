/** Which role may make which move of a referral (identity 4.2): rows of the transition table, by their trigger events. */
import { columnOf, type Cells } from './permissions.ts';
import type { Role } from './roles.ts';

/**
 * A cell: `yes`; `attach`: the move, with a document that somebody else has signed; `step-up`: after a fresh login alone; `ask`:
 * the person asks for it by a CommunicationRequest, and somebody of the organization makes the move; –: no.
 */
export type MoveCell = 'yes' | 'attach' | 'step-up' | 'ask' | '–';

interface MoveRow {
  readonly move: string;
  /** As in the transition table. */
  readonly events: readonly string[];
  readonly cells: Cells;
}

// prettier-ignore
export const MOVE_PERMISSIONS: readonly MoveRow[] = [
  //                                                                                                                                              coordinator clinician front-desk compliance executive biller org-admin sys-admin  patient
  { move: 'send the referral', events: ['send-referral-package'],                                                                         cells: ['yes',      'yes',    '–',       '–',       '–',      '–',   '–',      '–',       '–'] },
  { move: 'ask for its cancellation', events: ['send-cancellation-request'],                                                              cells: ['yes',      'yes',    '–',       '–',       '–',      '–',   '–',      '–',       'ask'] },
  { move: 'accept', events: ['send-acceptance'],                                                                                          cells: ['yes',      'yes',    '–',       '–',       '–',      '–',   '–',      '–',       '–'] },
  { move: 'decline', events: ['send-decline'],                                                                                            cells: ['yes',      'yes',    '–',       '–',       '–',      '–',   '–',      '–',       '–'] },
  { move: 'schedule a visit', events: ['send-schedule-visit-information'],                                                                cells: ['yes',      'yes',    'yes',     '–',       '–',      '–',   '–',      '–',       '–'] },
  { move: 'reschedule a visit', events: ['send-rescheduled-visit-information'],                                                           cells: ['yes',      'yes',    'yes',     '–',       '–',      '–',   '–',      '–',       'ask'] },
  { move: 'report a visit cancelled', events: ['send-appointment-cancellation-information'],                                              cells: ['yes',      'yes',    'yes',     '–',       '–',      '–',   '–',      '–',       '–'] },
  { move: 'report a no-show', events: ['send-no-show-information'],                                                                       cells: ['yes',      'yes',    'yes',     '–',       '–',      '–',   '–',      '–',       '–'] },
  { move: 'send an interim note', events: ['send-interim-note'],                                                                          cells: ['attach',   'yes',    '–',       '–',       '–',      '–',   '–',      '–',       '–'] },
  { move: 'send the outcome', events: ['send-referral-outcome'],                                                                          cells: ['attach',   'yes',    '–',       '–',       '–',      '–',   '–',      '–',       '–'] },
  { move: 'confirm a cancellation', events: ['send-cancellation-confirmation'],                                                           cells: ['yes',      'yes',    '–',       '–',       '–',      '–',   '–',      '–',       '–'] },
  { move: 'mark as entered in error (until accepted)', events: ['mark-entered-in-error'],                                                 cells: ['yes',      'yes',    '–',       '–',       '–',      '–',   '–',      'step-up', '–'] },
];

/** What a role may do of a trigger event; – for one that no row names. */
export function moveCellOf(role: Role, event: string): MoveCell {
  const row = MOVE_PERMISSIONS.find(({ events }) => events.includes(event));
  return (row?.cells[columnOf(role)] ?? '–') as MoveCell; // a test reads every cell
}
