/** What an order has once it is sent: its numbers (rules 1.14), and the basis of telling its recipient (compliance D3). */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { RuleContext, Transform } from '../rules.ts';
import { basisFor } from './basis.ts';
import { numbersFor } from './numbers.ts';

/** The changes to an order that is sent, and to its patient. */
export async function completeOrder(
  order: Resource,
  initiator: Ref,
  context: RuleContext,
): ReturnType<typeof numbersFor> {
  const numbers = await numbersFor(order, initiator, context);
  const based = basisFor(order);
  const steps: readonly Transform[] = [numbers.order, based.order].filter((step) => step !== undefined);
  return {
    ...numbers,
    ...(steps.length > 0 && {
      order: (tree: Resource) => steps.reduce((changed, step) => step(changed), tree),
    }),
    notes: [...numbers.notes, ...based.notes],
  };
}
