/**
 * What is not sent, because its receiver's standard requires what nobody gave: a person of the sender is asked, and who was
 * never told of a referral is told nothing that comes after (rules 1.15).
 */
import type { Ref, Resource } from '../fhir/types.ts';
import type { Clause, Query } from '../ports/query.ts';
import type { OutboxEntry } from '../ports/store.ts';
import { note } from '../referral/ruling.ts';
import type { Event } from '../referral/transitions.ts';
import { localRef, localRefOf, valuesAt } from '../resources/element.ts';
import { EVERYTHING, plan, type Draft } from './draft.ts';
import { planWorkItem, WORK_ITEM_SYSTEM, type WorkItemKind } from './work-item.ts';

const KIND = 'message-incomplete' satisfies WorkItemKind;
export const REQUEST = 'send-referral-package' satisfies Event;

export const UNHEARD = 'it was never told of this referral';
/** Why the server itself closed an item: the receiver has heard of the referral since. */
export const SENT = 'what was missing came, and it was sent';

/** Work items that are looked at at once. */
const ITEMS_MAX = 100;

/** A work item of what was not sent, as it will be. */
export interface WithheldItem {
  readonly ref: Ref;
  /** Instant at which the message was withheld. */
  readonly authoredOn: string;
  readonly task: Ref;
  readonly order: Ref | undefined;
  readonly event: string;
  /** Whose person is asked; undefined: an administrator. */
  readonly owner: Ref | undefined;
  /** Undefined: of an earlier program, which did not say. */
  readonly receiver: Ref | undefined;
  /** Of a note after the outcome: its file. */
  readonly file: Ref | undefined;
  /** Where the referral stood then. */
  readonly state: string | undefined;
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
    const item = draft.planned.get(ref)?.after?.plain ?? (JSON.parse(text) as Resource); // stored texts were validated
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

/** Whether the request of this referral was withheld: who never heard of it can do nothing with what comes after. */
export async function isUnheard(draft: Draft, entry: OutboxEntry): Promise<boolean> {
  const { order: task, event, receiver } = entry;
  if (event === REQUEST) return false;
  const items = await findWithheld(draft, [{ kind: 'reference', param: 'focus', to: [task] }]);
  return items.some(
    (item) =>
      item.event === REQUEST &&
      item.status !== 'sent' &&
      (item.receiver === undefined || item.receiver === receiver),
  );
}

export interface Withheld {
  readonly entry: OutboxEntry;
  /** Whose person is asked. */
  readonly owner: Ref | '';
  readonly basedOn: Ref | undefined;
  /** Where the referral stands then. */
  readonly state: string | undefined;
  /** What is missing, in words, without one of the patient. */
  readonly says: string;
  /** Where the warning points. */
  readonly place: string;
}

/** Plans the work item, and warns whoever writes. */
export function withhold(draft: Draft, { entry, owner, basedOn, state, says, place }: Withheld): void {
  const { event, receiver, order, subject } = entry;
  const values = {
    event,
    receiver,
    ...(subject !== order && { file: subject }),
    ...(state !== undefined && { state }),
  };
  const item = planWorkItem(draft.room.newId(), {
    kind: KIND,
    says,
    focus: order,
    authoredOn: draft.now,
    owner,
    basedOn,
    input: Object.entries(values).map(([text, valueString]) => ({ type: { text }, valueString })),
  });
  plan(draft, item);
  draft.notes.push(note('warning', says, [place]));
  mayWait.set(draft.room.store, true);
}

/** Whether something may wait in a store, so that where nothing does, no write looks for it. */
const mayWait = new WeakMap<Draft['room']['store'], boolean>();

/** Asked of the store once; from the first that is withheld on, always. */
export async function mayBeWithheld({ room: { store }, snapshot }: Draft): Promise<boolean> {
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

/** Nobody has dealt with it. */
export const STILL_OPEN: Clause = {
  kind: 'any',
  of: ['requested', 'received', 'accepted', 'ready', 'in-progress', 'on-hold'].map((code) => ({
    kind: 'token',
    param: 'status',
    code,
  })),
};
