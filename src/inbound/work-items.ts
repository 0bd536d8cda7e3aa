/** Work items about messages: Tasks of the organization that received them, each pointing to the kept message. */
import type { Identifier, Ref, Resource } from '../fhir/types.ts';
import { EVERYTHING, type Match, type Query } from '../ports/query.ts';
import type { Snapshot } from '../ports/store.ts';
import { parseStored } from '../ports/stored-resource.ts';
import { modifiedAt } from '../referral/state.ts';
import { localRef, valuesAt } from '../resources/element.ts';
import { plan, type Draft } from '../operations/write/draft.ts';
import { workItemCode, planWorkItem, type WorkItemKind } from '../operations/work-item.ts';
import { WORK_ITEM_SYSTEM } from '../resources/work-item-code.ts';
import { remarkText, type MessageVerdict } from './fate.ts';
import type { InboundMessage } from './inbound-message.ts';
import type { ArchivedMessage } from './archive.ts';
import { changeOwn } from '../operations/write/planned-resources.ts';

/** Kinds that wait for another message, or for a Consent, and are tried again without a person. */
export const WAITING: readonly WorkItemKind[] = ['message-parked', 'message-unmatched', 'consent-needed'];

/** Kinds that ask what is to become of one message. */
const ABOUT_ONE: readonly WorkItemKind[] = [
  ...WAITING,
  'message-unaddressed',
  'message-unfit',
  'message-quarantined',
  'agreement-quarantine',
  'mail-unsorted',
];

/** States of a work item that nobody has dealt with. */
const OPEN: readonly string[] = ['on-hold', 'requested', 'received', 'accepted', 'ready', 'in-progress'];

interface MessageItem {
  readonly kind: WorkItemKind;
  /** Whose person is asked. */
  readonly owner: Ref | '';
  readonly verdict: Pick<MessageVerdict, 'remarks' | 'referral' | 'says'>;
  readonly number: Identifier | undefined;
  /** Which event came, where the item is about a status without its note. */
  readonly event?: string;
  /** What else the item is about, by name. */
  readonly values?: Readonly<Record<string, string>>;
}

/** Plans the work item of a kept message. */
export function planItem(
  draft: Draft,
  message: InboundMessage,
  { document }: ArchivedMessage,
  item: MessageItem,
): Ref {
  const { kind, owner, verdict, number, event, values = {} } = item;
  const planned = planWorkItem(draft.context.newId(), {
    kind,
    says: describe(verdict),
    focus: document,
    authoredOn: new Date(message.receivedAt).toISOString(),
    owner,
    status: kind === 'message-parked' ? 'on-hold' : 'requested',
    basedOn: verdict.referral?.request,
    groupIdentifier: groupOf(number),
    requester: message.sender,
    input: [
      { type: { text: 'message' }, valueReference: { reference: document } },
      { type: { text: 'link' }, valueString: message.link.name },
      ...(event === undefined ? [] : [{ type: { text: 'event' }, valueString: event }]),
      ...Object.entries(values).flatMap(([text, valueString]) =>
        valueString === '' ? [] : [{ type: { text }, valueString }],
      ),
    ],
  });
  plan(draft, planned);
  return planned.ref;
}

/** What is said about a message, without a word of the patient. */
const describe = ({ remarks, says }: Pick<MessageVerdict, 'remarks' | 'says'>): string =>
  says?.slice(0, DESCRIPTION_MAX) ??
  (remarks
    .filter(({ severity }) => severity !== 'I')
    .map(remarkText)
    .join('; ')
    .slice(0, DESCRIPTION_MAX) ||
    'see the kept message');

const DESCRIPTION_MAX = 2000;

/** The referral's number, by which messages about it are found again. */
const groupOf = (number: Identifier | undefined): Identifier | undefined =>
  number?.value === undefined
    ? undefined
    : { ...(number.system !== undefined && { system: number.system }), value: number.value };

/** What an open work item becomes when its message waits no longer, but is not applied either. */
export const turnItem = (
  draft: Draft,
  item: Ref,
  kind: WorkItemKind,
  verdict: Pick<MessageVerdict, 'remarks' | 'referral' | 'says'>,
): Promise<void> =>
  changeOwn(draft, item, (tree) => ({
    ...modifiedAt(tree, draft.now),
    ...(verdict.referral !== undefined && { basedOn: [{ reference: verdict.referral.request }] }),
    status: kind === 'message-parked' ? 'on-hold' : 'requested',
    code: workItemCode(kind),
    description: describe(verdict),
  }));

/** An open work item about a message, read; undefined when it is none, or dealt with. */
export interface OpenItem {
  readonly ref: Ref;
  readonly task: Resource;
  readonly kind: WorkItemKind;
  readonly document: Ref;
  readonly link: string;
  /** Milliseconds since 1970 at which the message was received. */
  readonly receivedAt: number;
}

export function readItem(ref: Ref, task: Resource): OpenItem | undefined {
  const kind = kindOf(task);
  const document = localRef(inputOf(task, 'message')?.['valueReference']);
  const link = valueOfInput(task, 'link');
  if (kind === undefined || document === undefined || link === undefined) return undefined;
  if (!OPEN.includes(String(task['status']))) return undefined;
  return { ref, task, kind, document, link, receivedAt: Date.parse(String(task['authoredOn'])) };
}

const kindOf = (task: Resource): WorkItemKind | undefined => {
  const codings = valuesAt(task, 'code.coding') as readonly { system?: string; code?: string }[]; // validated
  return codings.find(({ system }) => system === WORK_ITEM_SYSTEM)?.code as WorkItemKind | undefined; // ours
};

const inputOf = (task: Resource, name: string): Record<string, unknown> | undefined =>
  (valuesAt(task, 'input') as readonly Record<string, unknown>[]).find(
    ({ type }) => (type as { text?: string }).text === name,
  );

/** A text that a work item was given. */
export const valueOfInput = (task: Resource, name: string): string | undefined =>
  inputOf(task, name)?.['valueString'] as string | undefined; // planItem's

/** Work items that are looked at at once. */
export const ITEMS_MAX = 100;

/** The messages that wait for a referral: parked, or received before it was known. */
export async function findWaiting(snapshot: Snapshot, number: Identifier): Promise<readonly OpenItem[]> {
  const { value, system } = number;
  if (value === undefined) return [];
  return findItems(snapshot, {
    kinds: WAITING,
    where: {
      kind: 'token',
      param: 'group-identifier',
      code: value,
      ...(system !== undefined && { system }),
    },
  });
}

/** The open items about these kept messages. */
export const findAbout = (snapshot: Snapshot, documents: readonly Ref[]): Promise<readonly OpenItem[]> =>
  findItems(snapshot, {
    kinds: ABOUT_ONE,
    where: { kind: 'reference', param: 'focus', to: documents },
  });

/** The messages of an organization that wait for a Consent, in the order in which they came. */
export async function findUnconsented(snapshot: Snapshot, owner: Ref): Promise<readonly OpenItem[]> {
  const items = await findItems(snapshot, {
    kinds: ['consent-needed'],
    where: { kind: 'reference', param: 'owner', to: [owner] },
  });
  return items.toSorted((one, other) => one.receivedAt - other.receivedAt);
}

/** The messages that have been parked since before. */
export const findOverdue = (snapshot: Snapshot, before: number): Promise<readonly OpenItem[]> =>
  findItems(snapshot, {
    kinds: ['message-parked'],
    where: {
      kind: 'all',
      of: [
        { kind: 'token', param: 'status', code: 'on-hold' },
        { kind: 'range', param: 'authored-on', prefix: 'lt', low: before, high: before },
      ],
    },
  });

/** Every message that waits, as far as one looks. */
export const findAllWaiting = (snapshot: Snapshot): Promise<readonly OpenItem[]> =>
  findItems(snapshot, { kinds: WAITING });

interface Wanted {
  readonly kinds: readonly WorkItemKind[];
  readonly where?: Query['where'];
}

async function findItems(snapshot: Snapshot, wanted: Wanted): Promise<readonly OpenItem[]> {
  const { matches } = await snapshot.search(queryOf(wanted));
  return matches.flatMap((match) => asItem(match) ?? []);
}

/** Whether an item of this kind and number is open; that there is none must still be so at the commit. */
export async function findOpen(draft: Draft, kind: WorkItemKind, number: Identifier): Promise<boolean> {
  const { system = '', value = '' } = number;
  const where = { kind: 'token', param: 'group-identifier', system, code: value } as const;
  const query = queryOf({ kinds: [kind], where });
  const { matches } = await draft.snapshot.search(query);
  draft.expects.push({ query, refs: matches.map(({ ref }) => ref) });
  return matches.length > 0;
}

function queryOf({ kinds, where }: Wanted): Query {
  return {
    type: 'Task',
    where: {
      kind: 'all',
      of: [
        anyOf('code', kinds, WORK_ITEM_SYSTEM),
        anyOf('status', OPEN),
        ...(where === undefined ? [] : [where]),
      ],
    },
    sort: [],
    sight: EVERYTHING,
    count: ITEMS_MAX,
    offset: 0,
    total: false,
  };
}

/** One of several codes. */
const anyOf = (param: string, codes: readonly string[], system?: string): Query['where'] => ({
  kind: 'any',
  of: codes.map((code) => ({ kind: 'token', param, code, ...(system !== undefined && { system }) })),
});

const asItem = ({ ref, text }: Match): OpenItem | undefined => readItem(ref, parseStored(text));
