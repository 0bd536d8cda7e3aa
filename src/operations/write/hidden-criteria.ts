/** Refuses a Subscription by elements that its writer is not shown: it would say when they change (harmony Z27). */
import { parseCriteria } from '../../resources/subscription-rules.ts';
import { typeOf } from '../../resources/element.ts';
import { checkHiddenCondition } from '../search/hidden.ts';
import type { Draft } from './draft.ts';

/** @throws OperationOutcomeError `search-parameter-unknown` */
export function checkCriteria({ caller, context, planned, now }: Draft): void {
  if (caller.payload === undefined) return;
  const options = { base: context.settings.publicBase, now: Date.parse(now) };
  for (const { ref, after } of planned.values()) {
    const criteria = typeOf(ref) === 'Subscription' ? after?.plain['criteria'] : undefined;
    if (typeof criteria !== 'string') continue;
    const { type, where } = parseCriteria(criteria, options);
    checkHiddenCondition(caller, type, where);
  }
}
