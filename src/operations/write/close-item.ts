/** The end of a work item. */
import type { Ref } from '../../fhir/types.ts';
import { modifiedAt } from '../../referral/state.ts';
import type { Draft } from './draft.ts';
import { changeOwn } from './planned-resources.ts';

/** Ends a work item, whoever dealt with it, and says why. */
export const closeItem = (
  draft: Draft,
  item: Ref,
  says: string,
  status: 'completed' | 'cancelled' = 'completed',
): Promise<void> =>
  changeOwn(draft, item, (tree) => ({
    ...modifiedAt(tree, draft.now),
    status,
    statusReason: { text: says },
  }));
