/**
 * Messages that the server withholds because they lack what the receiver's standard requires (rules 1.15). For each, a work
 * item asks a person of the sender. A party that was never told of a referral is told of none of its later events.
 */
import type { Ref, Resource } from '../../fhir/types.ts';
import { EVERYTHING, type Clause, type Query } from '../../ports/query.ts';
import type { OutboxEntry } from '../../ports/store.ts';
import { parseStored } from '../../ports/stored-resource.ts';
import { note } from '../../referral/ruling.ts';
import type { Event } from '../../referral/transitions.ts';
import { localRef, localRefOf, valuesAt } from '../../resources/element.ts';
import { plan, type Draft } from './draft.ts';
import { planWorkItem, type WorkItemKind } from '../work-item.ts';
import { WORK_ITEM_SYSTEM } from '../../resources/work-item-code.ts';

const KIND = 'message-incomplete' satisfies WorkItemKind;
/** The event that sends the request of a referral. */
export const REQUEST = 'send-referral-package' satisfies Event;

/** The reason why a later message of a referral is withheld whose request never went out. */
export const UNHEARD = 'it was never told of this referral';
/** The reason with which the server closes a work item once it has sent the message. */
export const SENT = 'what was missing came, and it was sent';

/** Work items that one search returns at most. */
const ITEMS_MAX = 100;

/** The work item of one withheld message, with the changes that the draft plans to it. */
export interface WithheldItem {
  readonly ref: Ref;
  /** Instant at which the message was withheld. */
  readonly authoredOn: string;
  /** The Task of the referral. */
  readonly task: Ref;
  /** The ServiceRequest of the referral. */
  readonly order: Ref | undefined;
  /** The event that the withheld message tells. */
  readonly event: string;
  /** The organization whose person is asked, or the person whom it gave the item to; undefined for an administrator. */
  readonly owner: Ref | undefined;
  /** The Endpoint that the message is for; undefined in an item that an earlier version of the server wrote. */
  readonly receiver: Ref | undefined;
  /** The DocumentReference of a note that came after the outcome; undefined for every other message. */
  readonly file: Ref | undefined;
  /** The state of the referral when the message was withheld. */
  readonly state: string | undefined;
  /** `sent`: the server has sent the message since. `closed`: a person has dealt with the item. */
  readonly status: 'open' | 'sent' | 'closed';
}

/**
 * The work items that satisfy all of the clauses, at most {@link ITEMS_MAX}; at the commit they must be the same.
 *
 * @param sort the order in which the store returns them; without one it returns the newest write first. The store answers a
 *   query by `focus` or `based-on` in place only while `sort` is empty
 */
export async function findWithheld(
  draft: Draft,
  of: readonly Clause[],
  sort: Query['sort'] = [],
): Promise<readonly WithheldItem[]> {
  const query: Query = {
    type: 'Task',
    where: {
      kind: 'all',
      of: [{ kind: 'token', param: 'code', system: WORK_ITEM_SYSTEM, code: KIND }, ...of],
    },
    sort,
    sight: EVERYTHING,
    count: ITEMS_MAX,
    offset: 0,
    total: false,
  };
  const { matches } = await draft.snapshot.search(query);
  draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
  return matches.flatMap(({ ref, text }) => {
    const item = draft.planned.get(ref)?.after?.plain ?? parseStored(text);
    return readItem(ref, item) ?? [];
  });
}

function readItem(ref: Ref, item: Resource): WithheldItem | undefined {
  const inputs = valuesAt(item, 'input');
  const valueOf = (name: string): string | undefined =>
    inputs
      .filter((input) => valuesAt(input, 'type.text')[0] === name)
      .flatMap((input) => valuesAt(input, 'valueString'))[0] as string | undefined; // withhold's
  const [task, event] = [localRef(item['focus']), valueOf('event')];
  if (task === undefined || event === undefined) return undefined;
  const [reason] = valuesAt(item, 'statusReason.text');
  const isOpen = item['status'] !== 'completed' && item['status'] !== 'cancelled';
  return {
    ref,
    authoredOn: String(item['authoredOn']),
    task,
    order: localRef(valuesAt(item, 'basedOn')[0]),
    event,
    owner: localRef(item['owner']),
    receiver: localRefOf(valueOf('receiver') ?? ''),
    file: localRefOf(valueOf('file') ?? ''),
    state: valueOf('state'),
    status: isOpen ? 'open' : reason === SENT ? 'sent' : 'closed',
  };
}

/** Whether the receiver of this entry was never told of the referral, because the server withheld the request to it. */
export async function isUnheard(draft: Draft, entry: OutboxEntry): Promise<boolean> {
  const { orderingKey: task, event, receiver } = entry;
  if (event === REQUEST) return false;
  const items = await findWithheld(draft, [{ kind: 'reference', param: 'focus', to: [task] }]);
  return items.some(
    (item) =>
      item.event === REQUEST &&
      item.status !== 'sent' &&
      (item.receiver === undefined || item.receiver === receiver),
  );
}

interface Withheld {
  /** The outbox entry that is not written. */
  readonly entry: OutboxEntry;
  /** The organization whose person is asked; '' for an administrator. */
  readonly owner: Ref | '';
  /** The ServiceRequest of the referral. */
  readonly basedOn: Ref | undefined;
  /** The state of the referral, as the draft leaves it. */
  readonly state: string | undefined;
  /** The text of the work item and of the warning: what is missing. It contains nothing about the patient. */
  readonly says: string;
  /** The FHIRPath expression of the warning. */
  readonly place: string;
}

/** Plans a work item for a message that is not sent, and adds a warning to the reply. */
export function withhold(draft: Draft, { entry, owner, basedOn, state, says, place }: Withheld): void {
  const { event, receiver, orderingKey, subject } = entry;
  const values = {
    event,
    receiver,
    ...(subject !== orderingKey && { file: subject }),
    ...(state !== undefined && { state }),
  };
  const item = planWorkItem(draft.context.newId(), {
    kind: KIND,
    says,
    focus: orderingKey,
    authoredOn: draft.now,
    owner,
    basedOn,
    input: Object.entries(values).map(([text, valueString]) => ({ type: { text }, valueString })),
  });
  plan(draft, item);
  draft.notes.push(note('warning', says, [place]));
  mayWait.set(draft.context.store, true);
}

/** Whether a store may hold open items of withheld messages. While it holds none, a write does not search for them. */
const mayWait = new WeakMap<Draft['context']['store'], boolean>();

/** Whether the store may hold an open item. The first call searches; after the first withheld message it is always true. */
export async function mayBeWithheld({ context: { store }, snapshot }: Draft): Promise<boolean> {
  const known = mayWait.get(store);
  if (known !== undefined) return known;
  const { matches } = await snapshot.search({
    type: 'Task',
    where: {
      kind: 'all',
      of: [{ kind: 'token', param: 'code', system: WORK_ITEM_SYSTEM, code: KIND }, STILL_OPEN],
    },
    sort: [],
    sight: EVERYTHING,
    count: 1,
    offset: 0,
    total: false,
  });
  if (!mayWait.has(store)) mayWait.set(store, matches.length > 0);
  return mayWait.get(store) ?? true;
}

/** Selects the Tasks that nobody has completed or cancelled. */
export const STILL_OPEN: Clause = {
  kind: 'any',
  of: ['requested', 'received', 'accepted', 'ready', 'in-progress', 'on-hold'].map((code) => ({
    kind: 'token',
    param: 'status',
    code,
  })),
};
