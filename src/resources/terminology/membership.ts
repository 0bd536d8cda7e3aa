/** Whether a code belongs to a value set, by its canonical. Bindings, `:in` and `$validate-code` ask this. */
import { OperationOutcomeError } from '../../fhir/issue.ts';
import type { Coded, TerminologySource, Selection } from './terminology-source.ts';
import { isSelected, type Asking } from './selection.ts';

export type Membership = 'member' | 'not-member' | 'unknown';

/** The number of steps of one question: concepts looked at and characters matched. */
const WORK_MAX = 1_000_000;

/**
 * `unknown` when this server does not have the value set, or a code system that it uses: the server then neither
 * accepts nor refuses the code.
 *
 * @throws OperationOutcomeError `expansion-too-costly`
 */
export function membershipOf(
  held: TerminologySource,
  valueSet: string | Selection,
  coded: Coded,
): Membership {
  const selection = typeof valueSet === 'string' ? held.valueSet(valueSet) : valueSet;
  if (selection === undefined) return 'unknown';
  const answer = isSelected(ask(held), selection, coded);
  if (answer === undefined) return 'unknown';
  return answer ? 'member' : 'not-member';
}

/** A question with a bound on the work it may take. */
export function ask(held: TerminologySource): Asking {
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
