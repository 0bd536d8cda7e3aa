/**
 * Whether the moves of a draft can be told to the other party: asked of its rail before the commit. What cannot be told as
 * its standard requires is not sent; whoever wrote is warned, and a person of theirs is asked (rules 1.15).
 */
import type { Ref, Resource } from '../fhir/types.ts';
import type { Told } from '../ports/rail.ts';
import type { Query } from '../ports/query.ts';
import type { OutboxEntry, Version } from '../ports/store.ts';
import { note } from '../referral/ruling.ts';
import type { Event } from '../referral/transitions.ts';
import { localRef, valuesAt } from '../resources/element.ts';
import { focusOf } from '../resources/referral-rules/consequences.ts';
import type { Move } from '../resources/rules.ts';
import { EVERYTHING, keyOfEntry, plan, readPreview, type Draft } from './draft.ts';
import { findPreview } from './preview.ts';
import { checkLateNotes } from './late-notes.ts';
import { planWorkItem, WORK_ITEM_SYSTEM, type WorkItemKind } from './work-item.ts';

/** Of what a draft writes: the commit is still to come, and later than all that are stored. */
const COMING = Number.MAX_SAFE_INTEGER;

/** Plans a work item, and says so, for each message that would lack what its receiver requires. */
export async function checkMovesTold(draft: Draft): Promise<void> {
  const { lacks, address } = draft.room;
  await checkLateNotes(draft, sourceOf(draft));
  if (lacks === undefined || draft.moves.length === 0) return;
  for (const entry of await address([], draft.moves, Date.parse(draft.now))) {
    const asked = { ...entry, id: '0', at: draft.now, seq: COMING };
    const unheard = await isUnheard(draft, entry);
    const missing = unheard ? [UNHEARD] : await lacks(entry.rail, asked, sourceOf(draft));
    if (missing.length > 0) await withhold(draft, entry, missing);
  }
}

const REQUEST = 'send-referral-package' satisfies Event;
const UNHEARD = 'it was never told of this referral';

/** Whether the request of this referral was withheld: who never heard of it can do nothing with what comes after. */
async function isUnheard(draft: Draft, { subject, event }: OutboxEntry): Promise<boolean> {
  if (event === REQUEST) return false;
  const query: Query = {
    type: 'Task',
    where: {
      kind: 'all',
      of: [
        { kind: 'reference', param: 'focus', to: [subject] },
        {
          kind: 'token',
          param: 'code',
          system: WORK_ITEM_SYSTEM,
          code: 'message-incomplete' satisfies WorkItemKind,
        },
      ],
    },
    sort: [],
    sight: EVERYTHING,
    count: ITEMS_MAX,
    offset: 0,
    total: false,
  };
  const { matches } = await draft.snapshot.search(query);
  draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
  return matches.some(({ text }) => valuesAt(JSON.parse(text), 'input.valueString').includes(REQUEST)); // stored texts were validated
}

/** Work items of one referral that are looked at, at most. */
const ITEMS_MAX = 100;

async function withhold(draft: Draft, entry: OutboxEntry, missing: readonly string[]): Promise<void> {
  const { receiver, subject, event } = entry;
  const task = await readPreview(draft, subject);
  const move = draft.moves.find((one) => one.task === subject && one.event === event);
  const told = localRef((await readPreview(draft, receiver))?.['managingOrganization']);
  draft.untold.add(keyOfEntry(entry));
  const says = `${event} is not sent to ${receiver}, which requires more: ${missing.join('; ')}`;
  plan(
    draft,
    planWorkItem(draft.room.newId(), {
      kind: 'message-incomplete',
      says,
      focus: subject,
      authoredOn: draft.now,
      owner: senderOf(move, told) ?? '',
      basedOn: task === undefined ? undefined : focusOf(task),
      input: [{ type: { text: 'event' }, valueString: event }],
    }),
  );
  draft.notes.push(note('warning', says, ['Task']));
}

/** The party that is not told. */
const senderOf = (move: Move | undefined, told: Ref | undefined): Ref | undefined =>
  move?.initiator === told ? move?.recipient : move?.initiator;

/** What a rail reads, as it will be. */
function sourceOf(draft: Draft): Told {
  const { snapshot } = draft;
  const versionOf = (ref: Ref, resource: Resource, custodian: Ref | ''): Version => ({
    ref,
    seq: COMING,
    at: draft.now,
    method: 'PUT',
    custodian,
    text: JSON.stringify(resource),
  });
  const read: Told['read'] = async (ref, sight) => {
    const planned = draft.planned.get(ref);
    if (planned === undefined) return snapshot.read(ref, sight);
    return planned.after === undefined ? undefined : versionOf(ref, planned.after.plain, planned.custodian);
  };
  return {
    read,
    record: (kind, key) => snapshot.record(kind, key),
    records: (kind, name, value, after) => snapshot.records(kind, name, value, after),
    async search(query) {
      const page = await snapshot.search(query);
      const refs = new Set(await findPreview(draft, query));
      const planned = [...draft.planned.values()].flatMap(({ ref, after, custodian }) =>
        refs.has(ref) && after !== undefined ? [versionOf(ref, after.plain, custodian)] : [],
      );
      const stored = page.matches.filter(({ ref }) => !draft.planned.has(ref));
      return { ...page, matches: [...planned.map((one) => ({ ...one, text: one.text ?? '' })), ...stored] };
    },
    async history(query) {
      const page = await snapshot.history(query);
      const ref: Ref = `${query.type ?? ''}/${query.id ?? ''}`;
      const planned = draft.planned.get(ref)?.after;
      return planned === undefined
        ? page
        : { ...page, versions: [versionOf(ref, planned.plain, ''), ...page.versions] };
    },
  };
}
