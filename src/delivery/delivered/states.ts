/** The states of a delivery, with their words for a screen (routing section 3). */
import type { DeliveryState } from '../../ports/delivered.ts';

/** The states with a rank, from the lowest. */
export const RANKED = ['queued', 'sent', 'transported', 'received', 'opened', 'acknowledged'] as const;
export type RankedState = (typeof RANKED)[number];

/** The ends. Of two that hold at once, the first counts. */
export const ENDS = ['withheld', 'failed', 'superseded'] as const;
export type EndState = (typeof ENDS)[number];

export const DELIVERY_STATES: Readonly<Record<DeliveryState, string>> = {
  queued: 'not sent yet',
  sent: 'sent: it left this server, or was handed to a relay',
  transported: 'transported: the other side’s transport has it',
  received: 'received: the other side’s machine or office has all of it',
  opened: 'opened: a person on the other side looked at it',
  acknowledged: 'acknowledged: the other side answered about this referral',
  failed: 'failed: nobody has it',
  withheld: 'withheld: it may not be told',
  superseded: 'superseded: another way, or a newer event, made it needless',
};

/** 0 for `queued` to 5; undefined for an end. */
export function deliveryRank(state: DeliveryState): number | undefined {
  const rank = (RANKED as readonly DeliveryState[]).indexOf(state);
  return rank === -1 ? undefined : rank;
}

/** Reports count a delivery as delivered from `received` on. */
export const isDelivered = (state: DeliveryState): boolean =>
  (deliveryRank(state) ?? 0) >= RANKED.indexOf('received');
