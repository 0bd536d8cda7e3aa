/** The open referrals that an organization has sent: what it waits for. */
import type { Ref, Resource } from '../../fhir/types.ts';
import type { Clause, Match } from '../../ports/query.ts';
import type { Snapshot } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { isOpen, isReferralTask, readState } from '../../referral/state.ts';
import type { Draft } from './draft.ts';
import { searchRefusal } from '../search/search-refusal.ts';
import { partyOf } from './rule-context.ts';

const PAGE = 200;
/** Statuses of an open referral. */
const OPEN = ['received', 'accepted', 'in-progress'] as const;

/** One of them; undefined where there is none. */
export async function openReferralBy(draft: Draft, organization: Ref): Promise<Ref | undefined> {
  for await (const { ref, custodian, task } of openReferrals(draft.snapshot, organization)) {
    if (custodian === organization && (await partyOf(draft, task['requester'])) === organization) return ref;
  }
  return undefined;
}

/** The open referrals that an organization sees, whoever has sent them. */
export async function* openReferrals(
  snapshot: Snapshot,
  organization: Ref,
): AsyncGenerator<Match & { readonly task: Resource }> {
  for await (const match of seenBy(snapshot, organization, 'Task', OPEN)) {
    const task = parseStored(match.text);
    const state = isReferralTask(task) ? readState(task) : undefined;
    if (state !== undefined && isOpen(state)) yield { ...match, task };
  }
}

/**
 * What an organization sees of a type in one of these statuses, page by page; with what a patient denies it.
 *
 * @throws OperationOutcomeError of a search that cannot be answered
 */
export async function* seenBy(
  snapshot: Snapshot,
  organization: Ref,
  type: string,
  statuses: readonly string[],
): AsyncGenerator<Match> {
  const of = statuses.map((code): Clause => ({ kind: 'token', param: 'status', code }));
  const sight = { everything: false, organization, denied: 'seen' } as const;
  const asked = { type, where: { kind: 'any', of }, sort: [], sight, count: PAGE, total: false } as const;
  for (let offset = 0; ; offset += PAGE) {
    const { matches, more } = await snapshot.search({ ...asked, offset }).catch(searchRefusal);
    yield* matches;
    if (!more) return;
  }
}
