/** Every guard there is, one line each, in the order in which they are asked: the most protective first (compliance L3(b)). */
import type { Permit } from '../consent/permit.ts';
import { consentsThemselves } from './consents-themselves.ts';
import { counselingNotes } from './counseling-notes.ts';
import type { ContentGuard, GuardedTelling } from './guard.ts';
import { part2 } from './part2.ts';
import { psychotherapyNotes } from './psychotherapy-notes.ts';
import { sensitiveLabels } from './sensitive-labels.ts';
import { guardOfStates, STATE_ROWS } from './state-rows.ts';

export type { ContentGuard, GuardedTelling } from './guard.ts';

export const GUARDS: readonly ContentGuard[] = [
  consentsThemselves,
  counselingNotes,
  psychotherapyNotes,
  part2,
  sensitiveLabels,
  guardOfStates(STATE_ROWS),
];

/** The first guard that withholds content from a recipient at an instant; undefined where none does. */
export function guardAgainst(
  telling: GuardedTelling,
  permits: readonly Permit[],
  at: number,
  guards: readonly ContentGuard[] = GUARDS,
): ContentGuard | undefined {
  if (telling.from === telling.to) return undefined;
  return guards.find((guard) => guard.guards(telling) && !guard.isPermitted(telling, permits, at));
}
