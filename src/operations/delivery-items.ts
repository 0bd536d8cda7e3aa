/** The work items about deliveries that late evidence opens and closes (routing RL15, RL21). */
import type { DeliveryItems } from '../delivery/delivered/note-evidence.ts';
import { businessDaysAfter, INFEASIBLE_TOLD_WITHIN } from '../policies/business-days.ts';
import { EVERYTHING } from '../ports/query.ts';
import { resourceOf } from '../ports/stored-resource.ts';
import { modifiedAt } from '../referral/state.ts';
import type { OperationContext } from './context.ts';
import { isClosedItem, planWorkItem, type WorkItem } from './work-item.ts';
import { buildWrite } from './write/commit.ts';
import { planStored } from './write/draft.ts';

/** Items of the organization that keeps the resource that was told. */
export function createDeliveryItems({
  store,
  clock,
  newId,
}: Pick<OperationContext, 'store' | 'clock' | 'newId'>): DeliveryItems {
  const now = (): string => new Date(clock.now()).toISOString();
  return {
    async open({ entry, rail, receiver, subject }, kind, why) {
      const version = await store.snapshot().read(subject, EVERYTHING);
      const item: WorkItem = {
        kind: kind === 'failed' ? 'delivery-failed' : 'delivery-unconfirmed',
        says:
          kind === 'failed'
            ? `Delivery ${entry} by ${rail} to ${receiver} failed after it was sent: ${why}`
            : `Delivery ${entry} by ${rail} to ${receiver} is unconfirmed: ${why}. Ask the receiver by other means.`,
        focus: subject,
        authoredOn: now(),
        owner: version?.custodian ?? '',
        // Whoever asked for it is told in writing why it is infeasible (compliance I4).
        ...(kind === 'failed' && { due: businessDaysAfter(clock.now(), INFEASIBLE_TOLD_WITHIN) }),
      };
      return buildWrite(planWorkItem(newId(), item));
    },
    async close(item, says) {
      const version = await store.snapshot().read(item, EVERYTHING);
      const task = resourceOf(version);
      if (version === undefined || task === undefined || isClosedItem(task)) return undefined;
      return buildWrite(
        planStored(version, (tree) => ({
          ...modifiedAt(tree, now()),
          status: 'completed',
          statusReason: { text: says },
        })),
      );
    },
  };
}
