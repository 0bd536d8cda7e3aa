/**
 * A message that was refused, and that its sender corrected: once other content is accepted under its control id, nobody
 * needs to look at what was refused (rules 7.3).
 */
import type { Resource } from '../../fhir/types.ts';
import type { Query } from '../../ports/query.ts';
import { EVERYTHING, type Draft } from '../draft.ts';
import { REUSED } from './fates.ts';
import { keyOf, type Incoming } from './incoming.ts';
import { closeItem, findAbout, ITEMS_MAX } from './items.ts';
import { refile } from './keep.ts';
import { keptOf, readKept } from './kept.ts';
import { FATE_SYSTEM } from './marks.ts';

/** Closes the work items of what was refused under the control id of a message that is accepted now. */
export async function closeCorrected(draft: Draft, incoming: Incoming, sinceMs: number): Promise<void> {
  const { link, header, sender, receivedAt } = incoming;
  const controlId = header?.controlId.trim() ?? '';
  if (controlId === '' || sender === undefined) return;
  const documents = await findKept(draft, sender, controlId);
  if (documents.length === 0) return;
  const { scope, id } = keyOf(incoming);
  for (const item of await findAbout(draft.snapshot, documents)) {
    if (item.link !== link.name || item.receivedAt < receivedAt - sinceMs || isReuse(item.task)) continue;
    const refused = await readKept(draft.room, draft.snapshot, item, [link]);
    if (refused === undefined) continue;
    const key = keyOf(refused);
    if (key.scope !== scope || key.id !== id) continue;
    await refile(draft, await keptOf(draft.snapshot, item), { fate: 'corrected', custodian: '' });
    await closeItem(
      draft,
      item.ref,
      'its sender corrected it: other content was accepted under its control id',
    );
  }
}

/** Refused since its control id belongs to another message, which was accepted: the next one is no correction of it. */
const isReuse = ({ description }: Resource): boolean =>
  typeof description === 'string' && description.includes(REUSED);

/** Messages of a sender that are kept under a control id. */
async function findKept({ snapshot }: Draft, sender: `${string}/${string}`, controlId: string) {
  const query: Query = {
    type: 'DocumentReference',
    where: {
      kind: 'all',
      of: [
        { kind: 'token', param: 'identifier', code: controlId },
        { kind: 'reference', param: 'author', to: [sender] },
        { kind: 'token', param: 'category', system: FATE_SYSTEM },
      ],
    },
    sort: [],
    sight: EVERYTHING,
    count: ITEMS_MAX,
    offset: 0,
    total: false,
  };
  const { matches } = await snapshot.search(query);
  return matches.map(({ ref }) => ref);
}
