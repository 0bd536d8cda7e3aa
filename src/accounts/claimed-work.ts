/**
 * Work items that somebody had claimed go back to the team of the organization that keeps them, in the commit in which the
 * person leaves (identity ID-17). Referrals stay with whom they are addressed to: they are no work items.
 */
import type { Ref, Resource } from '../fhir/types.ts';
import type { OperationContext } from '../operations/context.ts';
import { isClosedItem, workItemKindOf } from '../operations/work-item.ts';
import { buildWrite } from '../operations/write/commit.ts';
import { planStored } from '../operations/write/draft.ts';
import { EVERYTHING } from '../ports/query.ts';
import type { Commit, Snapshot } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';

/** Claimed items that one commit returns. Whoever has more claimed keeps the rest, which anybody of the team may take. */
const RETURNED_MAX = 500;

/** What returning work adds to a commit. */
type ReturnedWork = Pick<Commit, 'writes' | 'outbox'>;

/**
 * @param people the Practitioners and PractitionerRoles that the leaving person is
 * @param organization whose work alone goes back; absent: everybody's
 */
export async function returnClaimed(
  snapshot: Pick<Snapshot, 'search'>,
  selectRecipients: OperationContext['selectRecipients'],
  {
    people,
    organization,
    now,
  }: { readonly people: readonly Ref[]; readonly organization?: Ref; readonly now: number },
): Promise<ReturnedWork> {
  if (people.length === 0) return { writes: [], outbox: [] };
  const { matches } = await snapshot.search({
    type: 'Task',
    where: { kind: 'reference', param: 'owner', to: people },
    sort: [],
    sight: EVERYTHING,
    count: RETURNED_MAX,
    offset: 0,
    total: false,
  });
  const planned = matches
    .filter(({ custodian, text }) => {
      const task = parseStored(text);
      const isTheirs = organization === undefined || custodian === organization;
      return isTheirs && workItemKindOf(task) !== undefined && !isClosedItem(task);
    })
    .map((match) => planStored(match, (tree) => unclaimed(tree, match.custodian, now)));
  return { writes: planned.map(buildWrite), outbox: await selectRecipients(planned, [], now) };
}

/** The item as its team has it. */
function unclaimed(tree: Resource, team: Ref | '', now: number): Resource {
  const { owner: _owner, ...rest } = tree as Resource & { owner?: unknown };
  return {
    ...rest,
    ...(team !== '' && { owner: { reference: team } }),
    lastModified: new Date(now).toISOString(),
  };
}
