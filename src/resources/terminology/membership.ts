/** Whether a code is of a value set, by its canonical: what bindings, `:in` and `$validate-code` ask. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Coded, Held, Selection } from './held.ts';
import { isSelected, type Asking } from './selection.ts';

export type Membership = 'member' | 'not-member' | 'unknown';

/** Steps that one question may take, counted as concepts looked at and characters matched. */
const WORK_MAX = 1_000_000;

/**
 * `unknown` when the value set, or a code system that it is made of, is not held: such a code is neither accepted nor
 * refused on our word.
 *
 * @throws OperationOutcomeError `expansion-too-costly`
 */
export function membershipOf(held: Held, valueSet: string | Selection, coded: Coded): Membership {
  const selection = typeof valueSet === 'string' ? held.valueSet(valueSet) : valueSet;
  if (selection === undefined) return 'unknown';
  const answer = isSelected(ask(held), selection, coded);
  if (answer === undefined) return 'unknown';
  return answer ? 'member' : 'not-member';
}

/** A question with a bound on the work it may take. */
export function ask(held: Held): Asking {
  let left = WORK_MAX;
  const spend = (work: number): void => {
    left -= work;
    if (left < 0)
      throw new OperationOutcomeError('expansion-too-costly', {
        diagnostics: `more than ${WORK_MAX} steps`,
      });
  };
  return { held, trail: [], spend, told: new Map(), ended: { count: 0 } };
}
