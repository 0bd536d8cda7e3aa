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
  { type: 'Consent', rights: ['u', 'd'], because: 'may withdraw what a patient has permitted' },
  { type: 'Contract', rights: ['c', 'u', 'd'], because: 'decides who is told as a business associate' },
];

/** Whether a write needs a fresh login. */
export const needsStepUp = (type: string, right: RoleRight): boolean =>
  STEP_UP_WRITES.some((row) => row.type === type && row.rights.includes(right));

/** Whether somebody logged in a short while ago; both in milliseconds since 1970. */
export const isFreshLogin = (authenticatedAt: number | undefined, now: number): boolean =>
  authenticatedAt !== undefined && now - authenticatedAt <= STEP_UP_MS;
