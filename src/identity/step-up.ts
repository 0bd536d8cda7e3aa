/** What needs a login that is fresh (identity 7.3), beside the operations and moves whose cells say `step-up`. */
import type { RoleRight } from './permissions.ts';

/** A login counts as fresh for this long, in milliseconds (harmony Z23). */
export const STEP_UP_MS = 5 * 60_000;

interface StepUpRow {
  readonly type: string;
  readonly rights: readonly RoleRight[];
  readonly because: string;
}

export const STEP_UP_WRITES: readonly StepUpRow[] = [
  { type: 'Endpoint', rights: ['c', 'u', 'd'], because: 'says where patients’ records are sent' },
  { type: 'Subscription', rights: ['c', 'u'], because: 'says where patients’ records are sent' },
  { type: 'Contract', rights: ['c', 'u', 'd'], because: 'decides who is told as a business associate' },
];
