/** The open referrals that an organization has sent: what it waits for. */
import type { Ref, Resource } from '../fhir/types.ts';
import { isOpen, isReferralTask, readState } from '../referral/state.ts';
import type { Draft } from './draft.ts';
import { searchRefusal } from './search-refusal.ts';
import { partyOf } from './surroundings.ts';

const PAGE = 200;
/** Statuses of an open referral. */
const OPEN = ['received', 'accepted', 'in-progress'] as const;

/** One of them; undefined where there is none. */
export async function openReferralBy(draft: Draft, organization: Ref): Promise<Ref | undefined> {
  for (let offset = 0; ; offset += PAGE) {
    const { matches, more } = await draft.snapshot
      .search({
        type: 'Task',
        where: {
          kind: 'any',
          of: OPEN.map((code) => ({ kind: 'token', param: 'status', code })),
        },
        sort: [],
        sight: { everything: false, organization },
        count: PAGE,
        offset,
        total: false,
      })
      .catch(searchRefusal);
    for (const { ref, text, custodian } of matches) {
      const task = JSON.parse(text) as Resource; // a stored text
      const state = custodian === organization && isReferralTask(task) ? readState(task) : undefined;
      if (state === undefined || !isOpen(state)) continue;
      if ((await partyOf(draft, task['requester'])) === organization) return ref;
    }
    if (!more) return undefined;
  }
}
