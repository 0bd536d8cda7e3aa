/**
 * What is not sent, because its receiver's standard requires what nobody gave: a person of the sender is asked, and who was
 * never told of a referral is told nothing that comes after (rules 1.15).
 */
import type { Ref } from '../fhir/types.ts';
import type { Query } from '../ports/query.ts';
import type { OutboxEntry } from '../ports/store.ts';
import { note } from '../referral/ruling.ts';
import type { Event } from '../referral/transitions.ts';
import { valuesAt } from '../resources/element.ts';
import { EVERYTHING, plan, type Draft } from './draft.ts';
import { planWorkItem, WORK_ITEM_SYSTEM, type WorkItemKind } from './work-item.ts';

const KIND = 'message-incomplete' satisfies WorkItemKind;
const REQUEST = 'send-referral-package' satisfies Event;

export const UNHEARD = 'it was never told of this referral';

/** Work items of one referral that are looked at, at most. */
const ITEMS_MAX = 100;

/** Whether the request of this referral was withheld: who never heard of it can do nothing with what comes after. */
export async function isUnheard(
  draft: Draft,
  { order: task, event }: Pick<OutboxEntry, 'order' | 'event'>,
): Promise<boolean> {
  if (event === REQUEST) return false;
  const query: Query = {
    type: 'Task',
    where: {
      kind: 'all',
      of: [
        { kind: 'reference', param: 'focus', to: [task] },
        { kind: 'token', param: 'code', system: WORK_ITEM_SYSTEM, code: KIND },
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

export interface Withheld {
  readonly entry: Pick<OutboxEntry, 'order' | 'event'>;
  /** Whose person is asked. */
  readonly owner: Ref | '';
  readonly basedOn: Ref | undefined;
  /** What is missing, in words, without one of the patient. */
  readonly says: string;
  /** Where the warning points. */
  readonly place: string;
}

/** Plans the work item, and warns whoever writes. */
export function withhold(draft: Draft, { entry, owner, basedOn, says, place }: Withheld): void {
  const item = planWorkItem(draft.room.newId(), {
    kind: KIND,
    says,
    focus: entry.order,
    authoredOn: draft.now,
    owner,
    basedOn,
    input: [{ type: { text: 'event' }, valueString: entry.event }],
  });
  plan(draft, item);
  draft.notes.push(note('warning', says, [place]));
}
